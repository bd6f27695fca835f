import type { Answer, Exchange, SessionObserver } from './observer.ts';
import { NOTAG, type Tag } from './wire-types.ts';

/**
 * Writes one line per message, made from the message table:
 *
 *     Twalk tag 3 fid 1 newfid 2 wname ["etc" "passwd"]
 *     Rwalk tag 3 wqid [(1a2b 0 d) (3c4d 7 f)] (85 µs)
 *
 * @param write takes each line, without a newline.
 * @param clock the time in microseconds; replies show how long they took if it is given.
 */
export function traceLines(write: (line: string) => void, clock?: () => number): SessionObserver {
  const started = new Map<number, number>();
  return {
    request(exchange) {
      if (clock !== undefined) started.set(exchange.id, clock());
      write(requestLine(exchange));
    },
    reply(exchange, answer) {
      let took = '';
      const since = started.get(exchange.id);
      if (clock !== undefined && since !== undefined) {
        started.delete(exchange.id);
        took = ` (${Math.round(clock() - since)} µs)`;
      }
      write(replyLine(exchange, answer) + took);
    },
  };
}

/** A request as one line. */
export function requestLine(exchange: Exchange): string {
  const { codec, body, type, tag } = exchange;
  if (codec === undefined) return `T?${type} ${shownTag(tag)}: no message of this type`;
  if (body === undefined) return `${codec.name} ${shownTag(tag)}: malformed`;
  return line(codec.name, tag, codec.show(body));
}

/** The end of an exchange as one line. */
export function replyLine(exchange: Exchange, answer: Answer | undefined): string {
  if (answer === undefined) return `taken back: ${exchange.name ?? exchange.type} ${shownTag(exchange.tag)}`;
  return line(answer.name, exchange.tag, answer.codec.show(answer.body));
}

function line(name: string, tag: Tag, fields: string): string {
  return fields === '' ? `${name} ${shownTag(tag)}` : `${name} ${shownTag(tag)} ${fields}`;
}

function shownTag(tag: Tag): string {
  return tag === NOTAG ? 'NOTAG' : `tag ${tag}`;
}

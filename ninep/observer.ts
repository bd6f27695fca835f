import type { AnyBody, Codec } from './codec.ts';
import type { Segments } from './frame-handler.ts';
import type { MessageName } from './messages.ts';
import type { Tag } from './wire-types.ts';

/** One request and what became of it. */
export interface Exchange {
  /** Counts the requests of a session from 1; the same for the request and its reply. */
  readonly id: number;
  readonly tag: Tag;
  /** The type byte, for requests that are not in the message table. */
  readonly type: number;
  /** Length of the request in bytes as it says itself; true only of one that could be decoded. */
  readonly size: number;
  /** The request's name, or undefined if its type is unknown. */
  readonly name: MessageName | undefined;
  /** How it looks in the dialect spoken, or undefined if its type is unknown. */
  readonly codec: Codec | undefined;
  /** The request's fields, valid until its reply; undefined if it could not be decoded. */
  readonly body: AnyBody | undefined;
  /** The request as the transport gave it, valid until its reply; it may be memory the client still writes to. */
  readonly request: Segments;
  /** The reply area as the transport gave it; holds the reply when there is one. */
  readonly reply: Segments;
}

/** What a session sent back. */
export interface Answer {
  readonly name: MessageName;
  /** How it looks in the dialect spoken. */
  readonly codec: Codec;
  /** Valid during the call only. */
  readonly body: AnyBody;
  /** Length of the whole message in bytes. */
  readonly length: number;
  /** The Linux errno of a request that failed, whatever the dialect makes of it. */
  readonly errno?: number;
}

/**
 * Looks on as a session works. Hooks are called in the order of events, must not throw and must not change what they
 * are shown; those left out cost nothing.
 */
export interface SessionObserver {
  /** A request has been taken off the transport and decoded as far as it could be. */
  request?(exchange: Exchange): void;
  /** The exchange has ended; `answer` is undefined when the request was taken back and nothing is sent. */
  reply?(exchange: Exchange, answer: Answer | undefined): void;
}

/** Shows everything to each of those there are, in that order; undefined where there is none. */
export function observeAll(observers: readonly (SessionObserver | undefined)[]): SessionObserver | undefined {
  const [first, ...rest] = observers.filter((observer) => observer !== undefined);
  return first && rest.reduce(observeBoth, first);
}

function observeBoth(one: SessionObserver, other: SessionObserver): SessionObserver {
  return {
    request(exchange) {
      one.request?.(exchange);
      other.request?.(exchange);
    },
    reply(exchange, answer) {
      one.reply?.(exchange, answer);
      other.reply?.(exchange, answer);
    },
  };
}

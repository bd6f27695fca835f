import type { AnyBody } from './codec.ts';
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
  /** The request's fields, valid until its reply; undefined if it could not be decoded. */
  readonly body: AnyBody | undefined;
}

/** What a session sent back. */
export interface Answer {
  readonly name: MessageName;
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

/** Shows everything to both, in that order. */
export function observeBoth(one: SessionObserver, other: SessionObserver): SessionObserver {
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

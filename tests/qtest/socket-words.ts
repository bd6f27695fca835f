/** What a qtest client and the thread with its socket agree on. */

/** What the thread gets. */
export interface SocketData {
  /** Where it listens; the machine connects, as it does to libqos. */
  readonly path: string;
  /** Two words, `STATE` and `LENGTH`, and then the answer. */
  readonly shared: SharedArrayBuffer;
}

/** What the thread tells: it listens, the machine has connected. */
export type SocketNews = 'listening' | 'connected';

/** Words of the shared memory. */
export const STATE = 0;
export const LENGTH = 1;
export const HEADER_BYTES = 8;

/** Values of `STATE`: no answer yet, an answer, the socket is closed, the answer does not fit. */
export const WAITING = 0;
export const ANSWERED = 1;
export const CLOSED = 2;
export const TOO_LONG = 3;

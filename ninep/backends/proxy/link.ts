import type { Segments } from '../../frame-handler.ts';

/** Who takes what comes over a link. */
export interface LinkListener {
  /** Bytes as they come, split anywhere; the memory is the listener's from now on. */
  data(chunk: Uint8Array): void;
  /** The other side is gone, or cannot be reached any more. Called at most once, and never after `close`. */
  closed(reason: string): void;
}

/** A stream of bytes to the other process: a socket, made into the few things both sides need of one. */
export interface Link {
  /** Sends pieces in order. They are not copied, and must stay as they are until the other side has answered. */
  send(pieces: Segments): void;
  /** Bytes sent that have not left yet. */
  readonly backlog: number;
  /** Calls back once when the backlog is empty. */
  drained(callback: () => void): void;
  /** Begins to deliver; called once. */
  listen(listener: LinkListener): void;
  /** Holds deliveries back, as far as they are not under way, or lets them go on. */
  hold(held: boolean): void;
  /** Ends it at once, and the helper with it where it was started for this link alone. Idempotent. */
  close(): void;
}

/** A way to a helper. */
export interface Connector {
  /** How many times in a row a lost helper is sought again; 0: never. */
  readonly tries: number;
  /** Starts or reaches a helper; rejects with an Error whose message is one phrase. */
  connect(): Promise<Link>;
  /** Gives up whatever `connect` has under way. */
  close(): void | Promise<void>;
}

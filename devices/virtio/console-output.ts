import type { Chain, Virtqueue } from './virtqueue.ts';

/** Longest piece of output handed over at a time; a guest's buffer may have gigabytes. */
const MOST_BYTES = 65_536;
/**
 * Output handed over although the host asked for a pause. Linux waits for each piece of it with interrupts off, so a short
 * pause should not reach the guest.
 */
const GRACE_BYTES = 262_144;

/** Output on its way: a chain, the queue it goes back to, and how much of it was handed over. */
interface Sending {
  readonly queue: Virtqueue;
  readonly chain: Chain;
  piece: number;
  done: number;
}

/** What a console device prints, chain by chain and in pieces, with the host's pauses. */
export class ConsoleOutput {
  readonly #transmit: (bytes: Uint8Array) => boolean;
  #paused = false;
  #grace = GRACE_BYTES;
  #sending: Sending | undefined;

  /** @param transmit takes bytes, which are its own from then on; false asks for a pause, until `resume`. */
  constructor(transmit: (bytes: Uint8Array) => boolean) {
    this.#transmit = transmit;
  }

  /** The host has asked for a pause, and its grace is used up. */
  get isBlocked(): boolean {
    return this.#paused && this.#grace <= 0;
  }

  /** A chain was begun and not given back. */
  get isSending(): boolean {
    return this.#sending !== undefined;
  }

  /** The host can take output again; false where it always could. */
  resume(): boolean {
    const was = this.#paused;
    this.#paused = false;
    this.#grace = GRACE_BYTES;
    return was;
  }

  /** Begins to print what is in a chain, which goes back to `queue`. */
  begin(queue: Virtqueue, chain: Chain): void {
    this.#sending = { queue, chain, piece: 0, done: 0 };
  }

  /** Hands the next piece over, or gives the chain back where there is none. */
  step(): void {
    const sending = this.#sending;
    const segment = sending?.chain.readable[sending.piece];
    if (sending === undefined || segment === undefined) {
      this.giveBack();
      return;
    }
    const bytes = segment.slice(sending.done, sending.done + MOST_BYTES);
    sending.done += bytes.length;
    if (sending.done >= segment.length) {
      sending.piece += 1;
      sending.done = 0;
    }
    this.write(bytes);
  }

  /** Gives the chain back; what of it was not printed is lost. */
  giveBack(): void {
    this.#sending?.queue.push(this.#sending.chain, 0);
    this.#sending = undefined;
  }

  /** Forgets the chain, whose queue is no more. */
  forget(): void {
    this.#sending = undefined;
  }

  /** Hands bytes over, pause or not. */
  write(bytes: Uint8Array): void {
    if (this.#transmit(bytes)) this.#grace = GRACE_BYTES;
    else {
      this.#paused = true;
      this.#grace -= bytes.length;
    }
  }
}

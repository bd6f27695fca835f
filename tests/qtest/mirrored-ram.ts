import type { Gpa, GuestMemory } from '../../devices/ports.ts';
import type { Qtest } from './qtest.ts';

/**
 * A stretch of guest RAM as a copy on this side, so that a driver that works on memory in place can do so: what it changed is
 * sent with `push`, what the device changed fetched with `pull`. Bytes neither of them changed are not touched, so each keeps
 * its own part of a page they share.
 */
export class MirroredRam implements GuestMemory {
  readonly #qtest: Qtest;
  readonly #base: number;
  readonly #bytes: Uint8Array;
  /** What both sides last agreed on. */
  readonly #agreed: Uint8Array;

  /** [base, base + length) is RAM, and reads 0 so far. */
  constructor(qtest: Qtest, base: number, length: number) {
    this.#qtest = qtest;
    this.#base = base;
    this.#bytes = new Uint8Array(new ArrayBuffer(length));
    this.#agreed = new Uint8Array(length);
  }

  view(address: Gpa, length: number): Uint8Array | undefined {
    const offset = address - this.#base;
    if (offset < 0 || offset + length > this.#bytes.length) return undefined;
    return new Uint8Array(this.#bytes.buffer, offset, length);
  }

  /** Sends what was changed here; what lies in [last, last + 4) goes last, when all the rest is there. */
  push(last?: number): void {
    const runs: { readonly from: number; readonly to: number }[] = [];
    for (let from = this.#next(0); from < this.#bytes.length; ) {
      let to = from;
      while (to < this.#bytes.length && this.#bytes[to] !== this.#agreed[to]) to += 1;
      runs.push({ from, to });
      from = this.#next(to);
    }
    const isLast = ({ from }: { from: number }): boolean =>
      last !== undefined && from + this.#base >= last && from + this.#base < last + 4;
    for (const run of [...runs.filter((one) => !isLast(one)), ...runs.filter(isLast)]) this.#send(run);
  }

  /** Fetches what was changed there. Everything changed here has been pushed. */
  pull(): void {
    const there = this.#qtest.read(this.#base, this.#bytes.length);
    this.#bytes.set(there);
    this.#agreed.set(there);
  }

  #next(from: number): number {
    let at = from;
    while (at < this.#bytes.length && this.#bytes[at] === this.#agreed[at]) at += 1;
    return at;
  }

  #send({ from, to }: { readonly from: number; readonly to: number }): void {
    const changed = this.#bytes.subarray(from, to);
    this.#qtest.write(this.#base + from, changed);
    this.#agreed.set(changed, from);
  }
}

import { isDeepStrictEqual } from 'node:util';
import type { Chain, PopOutcome, Virtqueue } from '../../../devices/virtio/virtqueue.ts';
import { type Ledger, showChain } from './ledger.ts';
import { type Agreement, type Areas, type Expected, type Witness, witness } from './witness.ts';

/**
 * A queue that watches both the device and the queue below: each chain given out is the one that was made available, is
 * in RAM, is returned once, with no more bytes than there is room, and stands in the ring as it was returned.
 */
export class WatchedQueue implements Virtqueue {
  readonly index: number;
  readonly size: number;
  readonly below: Virtqueue;
  readonly #ledger: Ledger;
  readonly #areas: Areas;
  readonly #ring: Witness;
  readonly #chains = new Map<number, Chain>();
  readonly #writable: Uint8Array;
  #gone = false;
  #faulted = false;
  /** Chains returned since the device last asked for an interrupt. */
  unannounced = 0;
  /** How often the device has looked for a chain. */
  looks = 0;
  /** Places in the ring that the device has given back: entries of a packed one, chains of a split one. */
  givenBack = 0;

  constructor(below: Virtqueue, areas: Areas, agreement: Agreement, ledger: Ledger) {
    this.below = below;
    this.index = below.index;
    this.size = below.size;
    this.#areas = areas;
    this.#ledger = ledger;
    this.#ring = witness(areas, agreement, ledger.ram);
    this.#writable = agreement.format === 'split' ? areas.device : areas.desc;
    for (const area of this.#own()) ledger.ram.permit(area);
  }

  get inFlight(): number {
    return this.below.inFlight;
  }

  holds(head: number): boolean {
    return this.#chains.has(head) || this.#ring.keeps(head);
  }

  /** What the device may write now: of a queue that was taken away, what it still works on. */
  *live(): Iterable<Uint8Array> {
    if (!this.#gone) yield* this.#own();
    for (const { writable } of this.#chains.values()) yield* writable;
  }

  pop(): PopOutcome {
    this.looks += 1;
    const expected = this.#faulted
      ? 'fault'
      : this.#ring.next((head) => this.#chains.has(head) || this.#ring.keeps(head));
    const outcome = this.below.pop();
    const kind = outcome === 'empty' ? outcome : outcome.kind;
    if (!this.#ledger.racing) this.#compare(expected, outcome);
    else if (kind === 'chain' && expected === 'empty') this.#ledger.verdict.fail('a chain was never made available');
    if (outcome === 'empty') return outcome;
    if (outcome.kind === 'fault') {
      this.#faulted = true;
      return outcome;
    }
    this.#ledger.popped += 1;
    if (this.#chains.has(outcome.head)) this.#ledger.verdict.fail(`${showChain(outcome)} was given out twice`);
    this.#check(outcome);
    for (const view of outcome.writable) this.#ledger.ram.permit(view);
    this.#ring.taken(outcome);
    this.#chains.set(outcome.head, outcome);
    return outcome;
  }

  hasNext(): boolean {
    return this.below.hasNext();
  }

  push(chain: Chain, writtenLength: number): void {
    if (this.#chains.get(chain.head) !== chain)
      this.#ledger.verdict.fail(`${showChain(chain)} is returned and was not given out, or is returned twice`);
    if (!(writtenLength >= 0 && writtenLength <= chain.writableLength))
      this.#ledger.verdict.fail(`${showChain(chain)} is returned with ${writtenLength} bytes written`);
    const before = this.#ring.mark();
    this.below.push(chain, writtenLength);
    this.#chains.delete(chain.head);
    this.#ledger.returned += 1;
    if (this.#gone) return;
    const isSame = this.#ring.mark() === before;
    const { places, wrong } = this.#ring.returned(chain, writtenLength);
    if (wrong === undefined) {
      this.givenBack += places;
      if (places > 0) this.unannounced += 1;
    } else if (isSame && this.#ledger.mayStop) this.#gone = true;
    else this.#ledger.verdict.fail(`${showChain(chain)} was returned, and the ring says ${wrong}`);
  }

  takeInterrupt(): boolean {
    return this.below.takeInterrupt();
  }

  suppressKicks(): void {
    this.below.suppressKicks();
  }

  allowKicks(): boolean {
    return this.below.allowKicks();
  }

  detach(): void {
    this.below.detach();
    this.end();
  }

  /** The queue was cut off: what is still returned to it no longer comes into the ring. */
  end(): void {
    this.#gone = true;
  }

  drained(): Promise<void> {
    return this.below.drained();
  }

  #own(): readonly Uint8Array[] {
    return [this.#writable, this.#areas.device];
  }

  /** @throws Broken when what was given out is not what stands in the ring. */
  #compare(expected: Expected, outcome: PopOutcome): void {
    const { verdict, ram, mayStop } = this.#ledger;
    const kind = outcome === 'empty' ? 'empty' : outcome.kind;
    // A queue that was taken away is empty whatever stands in it.
    if (kind === 'empty' && (this.#gone || mayStop)) return;
    const wanted = typeof expected === 'object' ? 'chain' : expected;
    if (kind !== wanted) verdict.fail(`queue ${this.index} gives out ${kind} where there is ${wanted}`);
    if (outcome === 'empty' || outcome.kind === 'fault' || typeof expected !== 'object') return;
    if (outcome.head !== expected.head)
      verdict.fail(`${showChain(outcome)} was given out instead of head ${expected.head}`);
    for (const part of ['readable', 'writable'] as const) {
      const given = joined(outcome[part].map((view) => [ram.addressOf(view), view.length]));
      if (!isDeepStrictEqual(given, joined(expected[part])))
        verdict.fail(`${showChain(outcome)} has other ${part} pieces than its descriptors say`);
    }
  }

  #check({ readable, writable, readableLength, writableLength }: Chain): void {
    let [read, write] = [0, 0];
    for (const view of readable) {
      this.#ledger.ram.addressOf(view);
      read += view.length;
    }
    for (const view of writable) {
      this.#ledger.ram.addressOf(view);
      write += view.length;
    }
    if (read !== readableLength || write !== writableLength)
      this.#ledger.verdict.fail(
        `a chain has ${read} and ${write} bytes and says ${readableLength} and ${writableLength}`,
      );
  }
}

/** Pieces of guest memory with those made one that lie side by side: a device may see them as one. */
function joined(pieces: readonly (readonly [address: number, length: number])[]): (readonly [number, number])[] {
  const all: [address: number, length: number][] = [];
  for (const [address, length] of pieces) {
    const last = all.at(-1);
    if (last !== undefined && last[0] + last[1] === address) last[1] += length;
    else all.push([address, length]);
  }
  return all;
}

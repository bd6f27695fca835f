import { PACKED_DESCRIPTOR, RingPosition, usedBits } from '../../../devices/virtio/packed-layout.ts';
import { AVAIL, DESCRIPTOR_LENGTH, type RingFormat, USED } from '../../../devices/virtio/queue-layout.ts';
import type { Chain, PopOutcome, Virtqueue } from '../../../devices/virtio/virtqueue.ts';
import { type Ledger, showChain } from './ledger.ts';

/** The three areas of a queue as bytes. */
export interface Areas {
  readonly desc: Uint8Array;
  readonly driver: Uint8Array;
  readonly device: Uint8Array;
}

/**
 * A queue that watches both the device and the queue below: each chain was made available before it is given out, is in
 * RAM, is returned once, with no more bytes than there is room, and stands in the ring as it was returned.
 */
export class WatchedQueue implements Virtqueue {
  readonly index: number;
  readonly size: number;
  readonly below: Virtqueue;
  readonly #ledger: Ledger;
  readonly #areas: Areas;
  readonly #ring: SplitWitness | PackedWitness;
  readonly #chains = new Map<number, Chain>();
  readonly #writable: Uint8Array;
  #gone = false;
  /** Chains returned since the device last asked for an interrupt. */
  unannounced = 0;
  /** Places in the ring that the device has given back: entries of a packed one, chains of a split one. */
  givenBack = 0;

  constructor(below: Virtqueue, format: RingFormat, areas: Areas, ledger: Ledger) {
    this.below = below;
    this.index = below.index;
    this.size = below.size;
    this.#areas = areas;
    this.#ledger = ledger;
    this.#ring = format === 'split' ? new SplitWitness(areas, below.size) : new PackedWitness(areas, below.size);
    this.#writable = format === 'split' ? areas.device : areas.desc;
    for (const area of this.#own()) ledger.ram.permit(area);
  }

  get inFlight(): number {
    return this.below.inFlight;
  }

  holds(head: number): boolean {
    return this.#chains.has(head);
  }

  /** What the device may write now: of a queue that was taken away alone, what it still works on. */
  *live(): Iterable<Uint8Array> {
    if (!this.#isDetached) yield* this.#own();
    for (const { writable } of this.#chains.values()) yield* writable;
  }

  pop(): PopOutcome {
    const expected = this.#ring.next();
    const outcome = this.below.pop();
    if (outcome === 'empty' || outcome.kind === 'fault') return outcome;
    this.#ledger.popped += 1;
    if (expected === undefined) this.#ledger.verdict.fail(`${showChain(outcome)} was never made available`);
    if (expected !== 'any' && expected !== outcome.head)
      this.#ledger.verdict.fail(`${showChain(outcome)} was given out instead of head ${expected}`);
    if (this.#chains.has(outcome.head)) this.#ledger.verdict.fail(`${showChain(outcome)} was given out twice`);
    this.#check(outcome);
    for (const view of outcome.writable) this.#ledger.ram.permit(view);
    this.#ring.popped(outcome);
    this.#chains.set(outcome.head, outcome);
    return outcome;
  }

  push(chain: Chain, writtenLength: number): void {
    const detached = this.#isDetached;
    if (!detached && this.#chains.get(chain.head) !== chain)
      this.#ledger.verdict.fail(`${showChain(chain)} is returned and was not given out, or is returned twice`);
    if (!(writtenLength >= 0 && writtenLength <= chain.writableLength))
      this.#ledger.verdict.fail(`${showChain(chain)} is returned with ${writtenLength} bytes written`);
    this.below.push(chain, writtenLength);
    if (detached) return;
    this.#chains.delete(chain.head);
    this.#ledger.returned += 1;
    this.unannounced += 1;
    this.givenBack += slotsOf(chain);
    const wrong = this.#ring.returned(chain, writtenLength);
    if (wrong !== undefined) this.#ledger.verdict.fail(`${showChain(chain)} was returned, and the ring says ${wrong}`);
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
    this.#gone = true;
    this.#chains.clear();
  }

  /** Cut off by the device, or by others: then it holds chains the queue below no longer knows of. */
  get #isDetached(): boolean {
    return this.#gone || this.below.inFlight !== this.#chains.size;
  }

  #own(): readonly Uint8Array[] {
    return [this.#writable, this.#areas.device];
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

function words({ buffer, byteOffset, length }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, length);
}

/** What the rings of a split queue have to say. @spec virtio 1.2 §2.7 Split Virtqueues */
class SplitWitness {
  readonly #avail: DataView;
  readonly #used: DataView;
  readonly #size: number;
  #taken = 0;
  #given = 0;

  constructor({ driver, device }: Areas, size: number) {
    this.#avail = words(driver);
    this.#used = words(device);
    this.#size = size;
  }

  /** The head that is next, or undefined where nothing is available. */
  next(): number | undefined {
    if (this.#avail.getUint16(AVAIL.idx, true) === this.#taken) return undefined;
    return this.#avail.getUint16(AVAIL.ring + 2 * (this.#taken % this.#size), true);
  }

  popped(_chain: Chain): void {
    this.#taken = (this.#taken + 1) & 0xffff;
  }

  /** What is wrong with the used ring after a chain was returned. */
  returned({ head }: Chain, length: number): string | undefined {
    const at = USED.ring + 8 * (this.#given % this.#size);
    this.#given = (this.#given + 1) & 0xffff;
    const [idx, id, len] = [
      this.#used.getUint16(USED.idx, true),
      this.#used.getUint32(at, true),
      this.#used.getUint32(at + 4, true),
    ];
    if (idx === this.#given && id === head && len === length) return undefined;
    return `id ${id}, length ${len}, index ${idx} where it should be ${head}, ${length}, ${this.#given}`;
  }
}

/** What the ring of a packed queue has to say. @spec virtio 1.2 §2.8 Packed Virtqueues */
class PackedWitness {
  readonly #ring: DataView;
  readonly #used: RingPosition;
  readonly #taken: RingPosition;

  constructor({ desc }: Areas, size: number) {
    this.#ring = words(desc);
    this.#used = new RingPosition(size);
    this.#taken = new RingPosition(size);
  }

  /** Something is available, under whatever buffer id its last descriptor says. */
  next(): 'any' | undefined {
    const flags = this.#ring.getUint16(this.#taken.slot * DESCRIPTOR_LENGTH + PACKED_DESCRIPTOR.flags, true);
    const [avail, used] = [(flags & 0x80) !== 0, (flags & 0x8000) !== 0];
    return avail === this.#taken.wrap && used !== this.#taken.wrap ? 'any' : undefined;
  }

  popped(chain: Chain): void {
    this.#taken.advance(slotsOf(chain));
  }

  /** What is wrong with the descriptor that was written over. */
  returned(chain: Chain, length: number): string | undefined {
    const at = this.#used.slot * DESCRIPTOR_LENGTH;
    const id = this.#ring.getUint16(at + PACKED_DESCRIPTOR.id, true);
    const len = this.#ring.getUint32(at + PACKED_DESCRIPTOR.len, true);
    const flags = this.#ring.getUint16(at + PACKED_DESCRIPTOR.flags, true) & 0x8080;
    const expected = usedBits(this.#used.wrap);
    this.#used.advance(slotsOf(chain));
    if (id === chain.head && len === length && flags === expected) return undefined;
    return `id ${id}, length ${len}, flags ${flags} where it should be ${chain.head}, ${length}, ${expected}`;
  }
}

/** Entries of the ring that a chain of a packed queue occupies. */
function slotsOf(chain: Chain): number {
  return 'slots' in chain && typeof chain.slots === 'number' ? chain.slots : 1;
}

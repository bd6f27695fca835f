import { RingPosition, usedBits } from '../../../devices/virtio/packed-layout.ts';
import type { RingFormat } from '../../../devices/virtio/queue-layout.ts';
import type { Chain } from '../../../devices/virtio/virtqueue.ts';
import type { HostileRam } from './ram.ts';

/**
 * What a ring has to say, read anew from memory by other means than the device's: the rules of the specification written
 * down once more, as plainly as can be, to be compared with.
 */
export interface Witness {
  /** What is next: nothing, a chain, or something no driver may write. */
  next(isHeld: (head: number) => boolean): Expected;
  /** A chain was taken. */
  taken(chain: Chain): void;
  /** Whether a chain that was returned is kept back until those before it are. */
  keeps(head: number): boolean;
  /** A chain was returned: how many places of the ring the driver has back, and what is wrong in it now, if anything. */
  returned(chain: Chain, length: number): Returned;
  /** The words in which the next used buffer will stand. */
  mark(): string;
}

export interface Returned {
  readonly places: number;
  readonly wrong: string | undefined;
}

export interface ExpectedChain {
  readonly head: number;
  readonly readable: readonly Piece[];
  readonly writable: readonly Piece[];
}

export type Expected = 'empty' | 'fault' | ExpectedChain;

/** A buffer: address and length. */
type Piece = readonly [address: number, length: number];

/** The three areas of a queue as bytes. */
export interface Areas {
  readonly desc: Uint8Array;
  readonly driver: Uint8Array;
  readonly device: Uint8Array;
}

/** What was agreed on. */
export interface Agreement {
  readonly format: RingFormat;
  readonly size: number;
  readonly indirect: boolean;
  readonly inOrder: boolean;
}

/** Chains that one used buffer stands for: the last of them, and how many places of the ring they had. */
interface Batch {
  readonly head: number;
  readonly length: number;
  readonly places: number;
}

/**
 * What is used when a chain is returned: itself, or with VIRTIO_F_IN_ORDER all that have no older one before them any
 * more. A chain that was not written completely is the last of its batch.
 *
 * @spec virtio 1.2 §2.7.9 In-order use of descriptors
 */
class Order {
  readonly #inOrder: boolean;
  readonly #waiting: { readonly chain: Chain; length: number | undefined }[] = [];

  constructor(inOrder: boolean) {
    this.#inOrder = inOrder;
  }

  taken(chain: Chain): void {
    if (this.#inOrder) this.#waiting.push({ chain, length: undefined });
  }

  keeps(head: number): boolean {
    return this.#waiting.some(({ chain }) => chain.head === head);
  }

  returned(chain: Chain, length: number): Batch[] {
    if (!this.#inOrder) return [{ head: chain.head, length, places: slotsOf(chain) }];
    const found = this.#waiting.find((entry) => entry.chain === chain);
    if (found !== undefined) found.length = length;
    const batches: Batch[] = [];
    let places = 0;
    for (;;) {
      const [oldest, next] = this.#waiting;
      if (oldest?.length === undefined) return batches;
      this.#waiting.shift();
      places += slotsOf(oldest.chain);
      if (oldest.length === oldest.chain.writableLength && next?.length !== undefined) continue;
      batches.push({ head: oldest.chain.head, length: oldest.length, places });
      places = 0;
    }
  }
}

const sum = (batches: readonly Batch[]) => batches.reduce((all, { places }) => all + places, 0);

export function witness(areas: Areas, agreement: Agreement, ram: HostileRam): Witness {
  return agreement.format === 'split'
    ? new SplitWitness(areas, agreement, ram)
    : new PackedWitness(areas, agreement, ram);
}

const [NEXT, WRITE, INDIRECT] = [1, 2, 4];
const ENTRY = 16;

function words({ buffer, byteOffset, length }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, length);
}

function addressAt(table: DataView, at: number): number {
  return table.getUint32(at, true) + table.getUint32(at + 4, true) * 2 ** 32;
}

/** Buffers in the order of their descriptors; false as soon as one of them may not be. */
class Pieces {
  readonly readable: Piece[] = [];
  readonly writable: Piece[] = [];
  readonly #ram: HostileRam;
  #left: number;
  #seenWritable = false;

  constructor(ram: HostileRam, most: number) {
    this.#ram = ram;
    this.#left = most;
  }

  /** @spec virtio 1.2 §2.7.4.2 Driver Requirements: Message Framing */
  add(address: number, length: number, isWritable: boolean): boolean {
    this.#left -= 1;
    if (this.#left < 0 || (this.#seenWritable && !isWritable)) return false;
    this.#seenWritable = isWritable;
    if (length === 0) return true;
    if (this.#ram.read(address, length) === undefined) return false;
    (isWritable ? this.writable : this.readable).push([address, length]);
    return true;
  }

  /** The table an indirect descriptor names, as far as `most` entries; undefined where there may be none. */
  table(address: number, length: number, most: number): DataView | undefined {
    if (length === 0 || length % ENTRY !== 0) return undefined;
    const bytes = this.#ram.read(address, Math.min(length, most * ENTRY));
    return bytes && words(bytes);
  }
}

/** @spec virtio 1.2 §2.7 Split Virtqueues */
class SplitWitness implements Witness {
  readonly #desc: DataView;
  readonly #avail: DataView;
  readonly #used: DataView;
  readonly #agreement: Agreement;
  readonly #ram: HostileRam;
  readonly #order: Order;
  #taken = 0;
  #given = 0;

  constructor({ desc, driver, device }: Areas, agreement: Agreement, ram: HostileRam) {
    this.#order = new Order(agreement.inOrder);
    this.#desc = words(desc);
    this.#avail = words(driver);
    this.#used = words(device);
    this.#agreement = agreement;
    this.#ram = ram;
  }

  next(isHeld: (head: number) => boolean): Expected {
    const { size } = this.#agreement;
    const ahead = (this.#avail.getUint16(2, true) - this.#taken) & 0xffff;
    if (ahead === 0) return 'empty';
    const head = this.#avail.getUint16(4 + 2 * (this.#taken % size), true);
    return ahead > size || head >= size || isHeld(head) ? 'fault' : this.#walk(head);
  }

  taken(chain: Chain): void {
    this.#taken = (this.#taken + 1) & 0xffff;
    this.#order.taken(chain);
  }

  keeps(head: number): boolean {
    return this.#order.keeps(head);
  }

  mark(): string {
    return String(this.#used.getUint16(2, true));
  }

  returned(chain: Chain, length: number): Returned {
    const batches = this.#order.returned(chain, length);
    const wrong: string[] = [];
    for (const batch of batches) {
      const at = 4 + 8 * (this.#given % this.#agreement.size);
      const [id, len] = [this.#used.getUint32(at, true), this.#used.getUint32(at + 4, true)];
      if (id !== batch.head || len !== batch.length) wrong.push(`id ${id}, length ${len} for ${show(batch)}`);
      this.#given = (this.#given + batch.places) & 0xffff;
    }
    const idx = this.#used.getUint16(2, true);
    if (batches.length > 0 && idx !== this.#given) wrong.push(`index ${idx} for ${this.#given}`);
    return { places: sum(batches), wrong: wrong[0] };
  }

  /** @spec virtio 1.2 §2.7.5 The Virtqueue Descriptor Table, §2.7.5.3 Indirect Descriptors */
  #walk(head: number): Expected {
    const { size, indirect } = this.#agreement;
    const pieces = new Pieces(this.#ram, size);
    let table: DataView = this.#desc;
    for (let at = head; ; ) {
      if ((at + 1) * ENTRY > table.byteLength) return 'fault';
      const flags = table.getUint16(at * ENTRY + 12, true);
      const [address, length] = [addressAt(table, at * ENTRY), table.getUint32(at * ENTRY + 8, true)];
      if ((flags & INDIRECT) !== 0) {
        const isAllowed = indirect && table === this.#desc && (flags & NEXT) === 0;
        const inner = isAllowed ? pieces.table(address, length, 2 ** 16) : undefined;
        if (inner === undefined) return 'fault';
        table = inner;
        at = 0;
      } else if (!pieces.add(address, length, (flags & WRITE) !== 0)) return 'fault';
      else if ((flags & NEXT) === 0) return { head, ...pieces };
      else at = table.getUint16(at * ENTRY + 14, true);
    }
  }
}

/** @spec virtio 1.2 §2.8 Packed Virtqueues */
class PackedWitness implements Witness {
  readonly #ring: DataView;
  readonly #agreement: Agreement;
  readonly #ram: HostileRam;
  readonly #used: RingPosition;
  readonly #next: RingPosition;
  readonly #order: Order;
  #out = 0;

  constructor({ desc }: Areas, agreement: Agreement, ram: HostileRam) {
    this.#order = new Order(agreement.inOrder);
    this.#ring = words(desc);
    this.#agreement = agreement;
    this.#ram = ram;
    this.#used = new RingPosition(agreement.size);
    this.#next = new RingPosition(agreement.size);
  }

  next(isHeld: (head: number) => boolean): Expected {
    const flags = this.#ring.getUint16(this.#next.slot * ENTRY + 14, true);
    const [avail, used] = [(flags & 0x80) !== 0, (flags & 0x8000) !== 0];
    if (avail !== this.#next.wrap || used === this.#next.wrap) return 'empty';
    const found = this.#walk();
    return typeof found === 'object' && isHeld(found.head) ? 'fault' : found;
  }

  taken(chain: Chain): void {
    this.#next.advance(slotsOf(chain));
    this.#out += slotsOf(chain);
    this.#order.taken(chain);
  }

  keeps(head: number): boolean {
    return this.#order.keeps(head);
  }

  mark(): string {
    const at = this.#used.slot * ENTRY;
    return `${this.#ring.getUint32(at + 8, true)} ${this.#ring.getUint32(at + 12, true)}`;
  }

  returned(chain: Chain, length: number): Returned {
    const batches = this.#order.returned(chain, length);
    const wrong: string[] = [];
    for (const batch of batches) {
      const at = this.#used.slot * ENTRY;
      const [id, len] = [this.#ring.getUint16(at + 12, true), this.#ring.getUint32(at + 8, true)];
      const flags = this.#ring.getUint16(at + 14, true) & 0x8080;
      const isUsed = flags === usedBits(this.#used.wrap);
      if (id !== batch.head || len !== batch.length || !isUsed)
        wrong.push(`id ${id}, length ${len}, flags ${flags} for ${show(batch)}`);
      this.#used.advance(batch.places);
      this.#out -= batch.places;
    }
    return { places: sum(batches), wrong: wrong[0] };
  }

  /** @spec virtio 1.2 §2.8.6 Next Flag: Descriptor Chaining, §2.8.7 Indirect Flag: Scatter-Gather Support */
  #walk(): Expected {
    const { size, indirect } = this.#agreement;
    const pieces = new Pieces(this.#ram, size);
    for (let slots = 1; slots <= size - this.#out; slots += 1) {
      const at = ((this.#next.slot + slots - 1) % size) * ENTRY;
      const [address, length] = [addressAt(this.#ring, at), this.#ring.getUint32(at + 8, true)];
      const flags = this.#ring.getUint16(at + 14, true);
      const isLast = (flags & NEXT) === 0;
      if ((flags & INDIRECT) === 0) {
        if (!pieces.add(address, length, (flags & WRITE) !== 0)) return 'fault';
      } else {
        const inner = indirect && isLast && slots === 1 ? pieces.table(address, length, size + 1) : undefined;
        if (inner === undefined) return 'fault';
        for (let entry = 0; entry < inner.byteLength; entry += ENTRY) {
          const isWritable = (inner.getUint16(entry + 14, true) & WRITE) !== 0;
          if (!pieces.add(addressAt(inner, entry), inner.getUint32(entry + 8, true), isWritable)) return 'fault';
        }
      }
      if (isLast) return { head: this.#ring.getUint16(at + 12, true), ...pieces };
    }
    return 'fault';
  }
}

function show({ head, length, places }: Batch): string {
  return `head ${head}, length ${length}, in ${places} places`;
}

/** Entries of the ring that a chain of a packed queue occupies; one of a split queue counts as one. */
function slotsOf(chain: Chain): number {
  return 'slots' in chain && typeof chain.slots === 'number' ? chain.slots : 1;
}

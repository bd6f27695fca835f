/**
 * The driver's side of a split ring with EVENT_IDX as a busy guest would drive it: chains laid out once, one for each lane, and
 * published again and again; it polls for what was used and allocates nothing.
 */
import {
  AVAIL,
  areaLength,
  availEventOffset,
  passedEvent,
  USED,
  usedEventOffset,
} from '../../devices/virtio/queue-layout.ts';

/** Entries of the ring. */
export const RING_SIZE = 128;
/** Descriptors of each lane: head and data of the request, head and data of the reply. */
const PER_LANE = 4;
/** Lanes there are. */
export const LANES = RING_SIZE / PER_LANE;
const [NEXT, WRITE, INDIRECT] = [1, 2, 4];
/** Bytes of a descriptor. */
const ENTRY = 16;
/** Bytes of a table for as long a chain as there can be. */
const TABLE_BYTES = RING_SIZE * ENTRY;

/** A piece of guest memory: address and length in bytes. */
export type Piece = readonly [address: number, length: number];

/** Where the areas of the ring are that begins at `base`. */
export function areasAt(base: number): { desc: number; driver: number; device: number; end: number } {
  const driver = base + areaLength('split', 'desc', RING_SIZE);
  const device = driver + 8 * Math.ceil(areaLength('split', 'driver', RING_SIZE) / 8);
  return { desc: base, driver, device, end: device + areaLength('split', 'device', RING_SIZE) };
}

/** A ring in shared memory. */
export class BareRing {
  /** Kicks sent. */
  kicks = 0;
  readonly #desc: DataView;
  readonly #avail: Uint16Array;
  readonly #used: Uint16Array;
  readonly #entries: Uint32Array;
  readonly #kick: () => void;
  #added = 0;
  #published = 0;
  #taken = 0;

  constructor(ram: SharedArrayBuffer, base: number, kick: () => void) {
    const { desc, driver, device } = areasAt(base);
    this.#desc = new DataView(ram, desc, areaLength('split', 'desc', RING_SIZE));
    this.#avail = new Uint16Array(ram, driver, areaLength('split', 'driver', RING_SIZE) / 2);
    this.#used = new Uint16Array(ram, device, areaLength('split', 'device', RING_SIZE) / 2);
    this.#entries = new Uint32Array(ram, device + USED.ring, 2 * RING_SIZE);
    this.#kick = kick;
    // An event just behind what was taken is passed last of all: no interrupts.
    this.#avail[usedEventOffset(RING_SIZE) / 2] = 0xffff;
  }

  /** Lays out the chain of a lane. Pieces of length 0 are left out. */
  layOut(lane: number, readable: readonly Piece[], writable: readonly Piece[]): void {
    layOut(this.#desc, lane * PER_LANE, readable, writable);
  }

  /** The same in a table at `at`. */
  layOutApart(lane: number, at: number, readable: readonly Piece[], writable: readonly Piece[]): void {
    const entries = layOut(new DataView(this.#desc.buffer, at, TABLE_BYTES), 0, readable, writable);
    put(this.#desc, lane * PER_LANE, [at, entries * ENTRY], INDIRECT);
  }

  /** Makes the chain of a lane available; `publish` shows it. */
  add(lane: number): void {
    this.#avail[AVAIL.ring / 2 + (this.#added & (RING_SIZE - 1))] = lane * PER_LANE;
    this.#added = (this.#added + 1) & 0xffff;
  }

  /** Shows what was added and kicks if the device wants that. */
  publish(): void {
    const before = this.#published;
    this.#published = this.#added;
    Atomics.store(this.#avail, AVAIL.idx / 2, this.#added);
    if (!passedEvent(Atomics.load(this.#used, availEventOffset(RING_SIZE) / 2), this.#added, before)) return;
    this.kicks += 1;
    this.#kick();
  }

  /** The lane of the next chain that was used, or -1. */
  take(): number {
    if (Atomics.load(this.#used, USED.idx / 2) === this.#taken) return -1;
    const head = this.#entries[2 * (this.#taken & (RING_SIZE - 1))] ?? 0;
    this.#taken = (this.#taken + 1) & 0xffff;
    // Stays behind, all the way round.
    this.#avail[usedEventOffset(RING_SIZE) / 2] = (this.#taken - 1) & 0xffff;
    return head / PER_LANE;
  }
}

/** Writes a chain into a table from entry `first` on. @returns how many entries it takes */
function layOut(table: DataView, first: number, readable: readonly Piece[], writable: readonly Piece[]): number {
  const all = [...readable.map((piece) => [piece, 0] as const), ...writable.map((piece) => [piece, WRITE] as const)];
  const parts = all.filter(([[, length]]) => length > 0);
  for (const [i, [piece, flag]] of parts.entries())
    put(table, first + i, piece, flag | (i < parts.length - 1 ? NEXT : 0));
  return parts.length;
}

/** Writes one entry, which is followed by the next. */
function put(table: DataView, entry: number, [address, length]: Piece, flags: number): void {
  const at = entry * ENTRY;
  table.setUint32(at, address, true);
  table.setUint32(at + 4, Math.floor(address / 2 ** 32), true);
  table.setUint32(at + 8, length, true);
  table.setUint16(at + 12, flags, true);
  table.setUint16(at + 14, entry + 1, true);
}

/** Views of guest memory, used again: drivers name the same few buffers and tables again and again. */
import { asGpa, type GuestMemory } from '../ports.ts';

/** Places for views: more than the buffers that a full queue of 128 entries names. */
const PLACE_BITS = 10;

/** A view and what it was asked for by. */
interface Known {
  address: number;
  length: number;
  view: Uint8Array;
  /** A list of it alone, once it was asked for. */
  alone: readonly Uint8Array[] | undefined;
  /** The same bytes as a table of descriptors, once they were asked for as one. */
  table: DataView | undefined;
}

/**
 * Makes views of guest memory and remembers them by address and length. RAM stays where it is for as long as a queue lives,
 * so a view once made stays right; one that growing memory has detached is made anew.
 */
export class BufferViews {
  readonly #memory: GuestMemory;
  readonly #known: (Known | undefined)[] = new Array(1 << PLACE_BITS).fill(undefined);

  constructor(memory: GuestMemory) {
    this.#memory = memory;
  }

  /** The bytes [address, address + length), 1 to 2^30 of them; undefined when any of them is not RAM. */
  view(address: number, length: number): Uint8Array | undefined {
    return this.#find(address, length)?.view;
  }

  /** A list of that view alone, which others may hold too. */
  alone(address: number, length: number): readonly Uint8Array[] | undefined {
    const known = this.#find(address, length);
    if (known === undefined) return undefined;
    known.alone ??= [known.view];
    return known.alone;
  }

  /** The same bytes as a table of descriptors. */
  table(address: number, length: number): DataView | undefined {
    const known = this.#find(address, length);
    if (known === undefined) return undefined;
    known.table ??= new DataView(known.view.buffer, known.view.byteOffset, known.view.length);
    return known.table;
  }

  #find(address: number, length: number): Known | undefined {
    const place = placeOf(address, length);
    const known = this.#known[place];
    if (known !== undefined && known.address === address && known.length === length && known.view.length !== 0) {
      return known;
    }
    const gpa = asGpa(address);
    const view = gpa === undefined ? undefined : this.#memory.view(gpa, length);
    if (view === undefined) return undefined;
    if (known === undefined) {
      const made: Known = { address, length, view, alone: undefined, table: undefined };
      this.#known[place] = made;
      return made;
    }
    known.address = address;
    known.length = length;
    known.view = view;
    known.alone = undefined;
    known.table = undefined;
    return known;
  }
}

/** Spreads buffers of a slab, whose addresses differ in a few bits, over all places; and parts of one that begin together. */
function placeOf(address: number, length: number): number {
  return Math.imul((address >>> 3) ^ (length << 16), 0x9e37_79b1) >>> (32 - PLACE_BITS);
}

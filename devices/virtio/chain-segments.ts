/** The buffers of one descriptor chain as views of guest memory, each checked as it is added. */
import type { DescriptorListener } from '../events.ts';
import { asGpa, type GuestMemory } from '../ports.ts';
import type { RingFaultReason } from './ring-fault.ts';

const MAX_CHAIN_BYTES = 2 ** 32;
/** A longer buffer is taken in pieces. */
const MAX_VIEW_BYTES = 2 ** 30;

/** A part without segments. */
const NONE: Uint8Array[] = [];

/** What a chain is checked against. */
export interface ChainRules {
  /** Index of the queue, for messages. */
  readonly queue: number;
  /** Entries of the queue's own table, which is also the longest chain allowed. */
  readonly size: number;
  readonly memory: GuestMemory;
  /** VIRTIO_F_INDIRECT_DESC was negotiated. */
  readonly indirect: boolean;
  /** Is told of every descriptor, where somebody watches. */
  readonly seen?: DescriptorListener | undefined;
}

/** Readable and writable parts of a chain under way. Made for one chain; what it holds then belongs to that. */
export class ChainSegments {
  readable: Uint8Array[] = NONE;
  writable: Uint8Array[] = NONE;
  readableLength = 0;
  writableLength = 0;
  /** Descriptors added, those of length 0 included. */
  count = 0;
  readonly #rules: ChainRules;
  #seenWritable = false;

  constructor(rules: ChainRules) {
    this.#rules = rules;
  }

  /**
   * Adds the buffer of one descriptor; says which rule it breaks, if any. Descriptors of length 0 are legal, since a device
   * makes no assumptions about their arrangement, and leave no segment.
   *
   * @spec virtio 1.2 §2.7.4.1 Device Requirements: Message Framing
   */
  add(address: number, length: number, isWritable: boolean): RingFaultReason | undefined {
    if (this.count === this.#rules.size) return 'chain-too-long';
    this.count += 1;
    if (this.#seenWritable && !isWritable) return 'readable-after-writable';
    this.#seenWritable = isWritable;
    if (length === 0) return undefined;
    if (!this.#addViews(address, length, isWritable)) return 'buffer-outside-ram';
    if (isWritable) this.writableLength += length;
    else this.readableLength += length;
    return this.readableLength + this.writableLength > MAX_CHAIN_BYTES ? 'chain-too-large' : undefined;
  }

  /** Adds the views of a buffer; false when any of it is not RAM. */
  #addViews(address: number, length: number, isWritable: boolean): boolean {
    for (let done = 0; done < length; done += MAX_VIEW_BYTES) {
      const view = viewOf(this.#rules.memory, address + done, Math.min(length - done, MAX_VIEW_BYTES));
      if (view === undefined) return false;
      const into = isWritable ? this.writable : this.readable;
      // Most parts are of one segment, and a list grown from nothing has room for seventeen.
      if (into.length > 0) into.push(view);
      else if (isWritable) this.writable = [view];
      else this.readable = [view];
    }
    return true;
  }
}

/** The bytes a descriptor names, or undefined when any of them is not RAM. */
export function viewOf(memory: GuestMemory, address: number, length: number): Uint8Array | undefined {
  const gpa = asGpa(address);
  return gpa === undefined ? undefined : memory.view(gpa, length);
}

/** A stretch of guest memory in words, for messages. */
export function range(address: number, length: number): string {
  return `${length} bytes at 0x${address.toString(16)}`;
}

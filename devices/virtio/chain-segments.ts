/** The buffers of one descriptor chain as views of guest memory, each checked as it is added. */
import type { DescriptorListener } from '../events.ts';
import type { BufferViews } from './buffer-views.ts';
import type { RingFaultReason } from './ring-fault.ts';

const MAX_CHAIN_BYTES = 2 ** 32;
/** A longer buffer is taken in pieces. */
const MAX_VIEW_BYTES = 2 ** 30;

/** A part without segments. */
const NONE: readonly Uint8Array[] = [];

/** What a chain is checked against. */
export interface ChainRules {
  /** Index of the queue, for messages. */
  readonly queue: number;
  /** Entries of the queue's own table, which is also the longest chain allowed. */
  readonly size: number;
  readonly buffers: BufferViews;
  /** VIRTIO_F_INDIRECT_DESC was negotiated. */
  readonly indirect: boolean;
  /** Is told of every descriptor, where somebody watches. */
  readonly seen?: DescriptorListener | undefined;
}

/** Readable and writable parts of a chain under way, for one chain after the other; the lists then belong to that. */
export class ChainSegments {
  readonly rules: ChainRules;
  readable = NONE;
  writable = NONE;
  readableLength = 0;
  writableLength = 0;
  /** Descriptors added, those of length 0 included. */
  count = 0;
  #seenWritable = false;
  /** The list of the part that has more than one segment, last. */
  #grown: Uint8Array[] | undefined;

  constructor(rules: ChainRules) {
    this.rules = rules;
  }

  /** Begins the next chain. */
  begin(): void {
    this.readable = NONE;
    this.writable = NONE;
    this.readableLength = 0;
    this.writableLength = 0;
    this.count = 0;
    this.#seenWritable = false;
    this.#grown = undefined;
  }

  /**
   * Adds the buffer of one descriptor; says which rule it breaks, if any. Descriptors of length 0 are legal, since a device
   * makes no assumptions about their arrangement, and leave no segment.
   *
   * @spec virtio 1.2 §2.7.4.1 Device Requirements: Message Framing
   */
  add(address: number, length: number, isWritable: boolean): RingFaultReason | undefined {
    if (this.count === this.rules.size) return 'chain-too-long';
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
      const before = isWritable ? this.writable : this.readable;
      const after = this.#with(before, address + done, Math.min(length - done, MAX_VIEW_BYTES));
      if (after === undefined) return false;
      if (isWritable) this.writable = after;
      else this.readable = after;
    }
    return true;
  }

  /** The part with one more segment; undefined when it is not RAM. */
  #with(part: readonly Uint8Array[], address: number, length: number): readonly Uint8Array[] | undefined {
    const [first] = part;
    if (first === undefined) return this.rules.buffers.alone(address, length);
    const view = this.rules.buffers.view(address, length);
    if (view === undefined) return undefined;
    // Most parts are of one segment, whose list may be another chain's too; the list of more is this one's.
    if (this.#grown === part) this.#grown.push(view);
    else this.#grown = [first, view];
    return this.#grown;
  }
}

/** A stretch of guest memory in words, for messages. */
export function range(address: number, length: number): string {
  return `${length} bytes at 0x${address.toString(16)}`;
}

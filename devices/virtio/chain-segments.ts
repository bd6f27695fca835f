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

/**
 * Readable and writable parts of a chain under way, for one chain after the other; the lists then belong to that. Buffers that
 * lie side by side become one segment: many drivers name each page by itself.
 */
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
  /** Where the last segment of the part under way is, with buffers that are yet to be joined to it; a length of 0: there is none. */
  #address = 0;
  #length = 0;
  #joins = false;
  /** What was joined and is not all RAM. */
  #outside: string | undefined;

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
    this.#length = 0;
    this.#joins = false;
    this.#outside = undefined;
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
    if (isWritable && !this.#seenWritable) this.#endPart();
    this.#seenWritable = isWritable;
    if (length === 0) return undefined;
    for (let done = 0; done < length; done += MAX_VIEW_BYTES) {
      if (!this.#addView(address + done, Math.min(length - done, MAX_VIEW_BYTES))) return 'buffer-outside-ram';
    }
    if (isWritable) this.writableLength += length;
    else this.readableLength += length;
    return this.readableLength + this.writableLength > MAX_CHAIN_BYTES ? 'chain-too-large' : undefined;
  }

  /** Ends the chain: only now are its parts complete. @returns what of it is not RAM, for messages, if `add` has not told. */
  end(): string | undefined {
    this.#endPart();
    return this.#outside;
  }

  #endPart(): void {
    this.#join();
    this.#length = 0;
  }

  /** Adds a buffer to the part under way; false when it is known that any of it is not RAM. */
  #addView(address: number, length: number): boolean {
    const { buffers } = this.rules;
    const isFirst = this.#length === 0;
    if (!isFirst && address === this.#address + this.#length && this.#length + length <= MAX_VIEW_BYTES) {
      this.#length += length;
      this.#joins = true;
      return true;
    }
    this.#join();
    const alone = isFirst ? buffers.alone(address, length) : undefined;
    const view = isFirst ? alone?.[0] : buffers.view(address, length);
    if (view === undefined) return false;
    if (alone === undefined) this.#append(view);
    else this.#put(alone);
    this.#address = address;
    this.#length = length;
    return true;
  }

  /** Makes one segment of the last one and the buffers that follow it. */
  #join(): void {
    if (!this.#joins) return;
    this.#joins = false;
    const alone = this.rules.buffers.alone(this.#address, this.#length);
    const [whole] = alone ?? [];
    if (alone === undefined || whole === undefined) {
      this.#outside ??= range(this.#address, this.#length);
      return;
    }
    const grown = this.#grown;
    if (grown !== undefined && grown === this.#part) grown[grown.length - 1] = whole;
    else this.#put(alone);
  }

  #append(view: Uint8Array): void {
    const part = this.#part;
    const [first] = part;
    // Most parts are of one segment, whose list may be another chain's too; the list of more is this one's.
    if (this.#grown === part) this.#grown.push(view);
    else if (first !== undefined) {
      this.#grown = [first, view];
      this.#put(this.#grown);
    }
  }

  get #part(): readonly Uint8Array[] {
    return this.#seenWritable ? this.writable : this.readable;
  }

  #put(part: readonly Uint8Array[]): void {
    if (this.#seenWritable) this.writable = part;
    else this.readable = part;
  }
}

/** A stretch of guest memory in words, for messages. */
export function range(address: number, length: number): string {
  return `${length} bytes at 0x${address.toString(16)}`;
}

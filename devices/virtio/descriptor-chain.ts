/**
 * Reads a descriptor chain out of guest memory, once, and checks every rule on the way. What comes out is safe to use
 * whatever the guest does to the descriptors afterwards.
 */
import { asGpa, type GuestMemory } from '../ports.ts';
import { DESCRIPTOR_FLAG, DESCRIPTOR_LENGTH } from './queue-layout.ts';
import { type RingFault, type RingFaultReason, ringFault } from './ring-fault.ts';
import type { Chain } from './virtqueue.ts';

/** What a chain is checked against. */
export interface ChainRules {
  /** Index of the queue, for messages. */
  readonly queue: number;
  /** Entries of the queue's own table, which is also the longest chain allowed. */
  readonly size: number;
  readonly memory: GuestMemory;
  /** VIRTIO_F_INDIRECT_DESC was negotiated. */
  readonly indirect: boolean;
}

const MAX_CHAIN_BYTES = 2 ** 32;
/** A longer buffer is taken in pieces. */
const MAX_VIEW_BYTES = 2 ** 30;
/** `next` is a u16: what lies behind these in an indirect table is never read. */
const MAX_INDIRECT_BYTES = 2 ** 16 * DESCRIPTOR_LENGTH;

/**
 * Reads the chain that starts at descriptor `head` of `table`. Each descriptor is loaded once. Indirect tables may
 * follow ordinary descriptors and may have more entries than the queue; the chain as a whole may not. Descriptors of length
 * 0 are legal, since a device makes no assumptions about their arrangement, and leave no segment.
 *
 * @spec virtio 1.2 §2.7.5 The Virtqueue Descriptor Table
 * @spec virtio 1.2 §2.7.5.3 Indirect Descriptors
 * @spec virtio 1.2 §2.7.4.1 Device Requirements: Message Framing
 */
export function readChain(rules: ChainRules, table: DataView, head: number): Chain | RingFault {
  const { memory, size } = rules;
  const fault = (reason: RingFaultReason, detail: string): RingFault =>
    ringFault(reason, rules.queue, `head ${head}: ${detail}`);

  const readable: Uint8Array[] = [];
  const writable: Uint8Array[] = [];
  let readableLength = 0;
  let writableLength = 0;
  let seenWritable = false;

  let entries = size;
  let inIndirect = false;
  let current = head;
  let count = 0;
  for (;;) {
    if (current >= entries) return fault('next-range', `descriptor ${current} of ${entries}`);
    const at = current * DESCRIPTOR_LENGTH;
    const low = table.getUint32(at, true);
    const high = table.getUint32(at + 4, true);
    const length = table.getUint32(at + 8, true);
    const flagsAndNext = table.getUint32(at + 12, true);
    const address = high * 2 ** 32 + low;

    if ((flagsAndNext & DESCRIPTOR_FLAG.indirect) !== 0) {
      if (!rules.indirect) return fault('indirect-not-negotiated', `descriptor ${current}`);
      if (inIndirect) return fault('indirect-nested', `descriptor ${current} of the indirect table`);
      if ((flagsAndNext & DESCRIPTOR_FLAG.next) !== 0) return fault('indirect-with-next', `descriptor ${current}`);
      if (length === 0 || length % DESCRIPTOR_LENGTH !== 0) return fault('indirect-length', `${length} bytes`);
      const view = viewOf(memory, address, Math.min(length, MAX_INDIRECT_BYTES));
      if (view === undefined) return fault('indirect-outside-ram', range(address, length));
      table = new DataView(view.buffer, view.byteOffset, view.length);
      entries = view.length / DESCRIPTOR_LENGTH;
      inIndirect = true;
      current = 0;
      continue;
    }

    if (count === size) return fault('chain-too-long', `more than ${size} descriptors`);
    count += 1;
    const isWritable = (flagsAndNext & DESCRIPTOR_FLAG.write) !== 0;
    if (seenWritable && !isWritable) return fault('readable-after-writable', `descriptor ${current}`);
    seenWritable = isWritable;
    if (length !== 0) {
      if (!addViews(memory, address, length, isWritable ? writable : readable)) {
        return fault('buffer-outside-ram', range(address, length));
      }
      if (isWritable) writableLength += length;
      else readableLength += length;
      const total = readableLength + writableLength;
      if (total > MAX_CHAIN_BYTES) return fault('chain-too-large', `${total} bytes`);
    }

    if ((flagsAndNext & DESCRIPTOR_FLAG.next) === 0) {
      return { kind: 'chain', head, readable, writable, readableLength, writableLength };
    }
    current = flagsAndNext >>> 16;
  }
}

/** Adds the views of a buffer to `into`; false when any of it is not RAM. */
function addViews(memory: GuestMemory, address: number, length: number, into: Uint8Array[]): boolean {
  for (let done = 0; done < length; done += MAX_VIEW_BYTES) {
    const view = viewOf(memory, address + done, Math.min(length - done, MAX_VIEW_BYTES));
    if (view === undefined) return false;
    into.push(view);
  }
  return true;
}

function viewOf(memory: GuestMemory, address: number, length: number): Uint8Array | undefined {
  const gpa = asGpa(address);
  return gpa === undefined ? undefined : memory.view(gpa, length);
}

function range(address: number, length: number): string {
  return `${length} bytes at 0x${address.toString(16)}`;
}

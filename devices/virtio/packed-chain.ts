/**
 * Reads a descriptor chain of a packed virtqueue out of guest memory, once, and checks every rule on the way. What comes
 * out is safe to use whatever the guest does to the descriptors afterwards.
 */
import { type ChainRules, type ChainSegments, range } from './chain-segments.ts';
import { PACKED_DESCRIPTOR, PACKED_FLAG } from './packed-layout.ts';
import { DESCRIPTOR_LENGTH } from './queue-layout.ts';
import { type RingFault, type RingFaultReason, ringFault } from './ring-fault.ts';
import type { Chain } from './virtqueue.ts';

/** A chain and the entries of the ring that it occupies. */
export interface PackedChain extends Chain {
  /** Descriptors in the ring, whatever an indirect table adds: 1 to the size of the queue. */
  readonly slots: number;
}

/**
 * Reads the chain whose first descriptor is in `slot` of the ring; its head is its buffer id. Each descriptor is loaded
 * once. At most `free` entries of the ring may belong to it: the others hold chains the device has not returned.
 *
 * @spec virtio 1.2 §2.8.2 Polling of available and used descriptors
 * @spec virtio 1.2 §2.8.6 Next Flag: Descriptor Chaining
 * @spec virtio 1.2 §2.8.7 Indirect Flag: Scatter-Gather Support
 */
export function readPackedChain(
  segments: ChainSegments,
  ring: DataView,
  slot: number,
  free: number,
): PackedChain | RingFault {
  const { rules } = segments;
  segments.begin();
  let current = slot;
  for (let slots = 1; ; slots += 1) {
    if (slots > free)
      return fault(rules, slot, 'ring-overrun', `more than the ${free} descriptors that are the driver's`);
    const at = current * DESCRIPTOR_LENGTH;
    const address = addressAt(ring, at);
    const length = ring.getUint32(at + PACKED_DESCRIPTOR.len, true);
    const idAndFlags = ring.getUint32(at + PACKED_DESCRIPTOR.id, true);
    const flags = idAndFlags >>> 16;
    rules.seen?.({ table: 'ring', index: current, address, length, flags, nextOrId: idAndFlags & 0xffff });
    const hasNext = (flags & PACKED_FLAG.next) !== 0;

    let broken: RingFault | undefined;
    if ((flags & PACKED_FLAG.indirect) === 0) {
      const reason = segments.add(address, length, (flags & PACKED_FLAG.write) !== 0);
      broken = reason && fault(rules, slot, reason, `descriptor ${current}: ${range(address, length)}`);
    } else if (!rules.indirect) broken = fault(rules, slot, 'indirect-not-negotiated', `descriptor ${current}`);
    else if (hasNext || slots > 1) broken = fault(rules, slot, 'indirect-with-next', `descriptor ${current}`);
    else broken = addTable(segments, slot, address, length);
    if (broken !== undefined) return broken;

    if (!hasNext) {
      const outside = segments.end();
      if (outside !== undefined) return fault(rules, slot, 'buffer-outside-ram', outside);
      const { readable, writable, readableLength, writableLength } = segments;
      return { kind: 'chain', head: idAndFlags & 0xffff, readable, writable, readableLength, writableLength, slots };
    }
    current = current + 1 === rules.size ? 0 : current + 1;
  }
}

/** Adds the buffers of an indirect table, all of them, in order; of their flags only WRITE means anything. */
function addTable(segments: ChainSegments, slot: number, address: number, length: number): RingFault | undefined {
  const { rules } = segments;
  if (length === 0 || length % DESCRIPTOR_LENGTH !== 0) return fault(rules, slot, 'indirect-length', `${length} bytes`);
  // The chain may not be longer than the queue: one descriptor more is enough to see that it is.
  const table = rules.buffers.table(address, Math.min(length, (rules.size + 1) * DESCRIPTOR_LENGTH));
  if (table === undefined) return fault(rules, slot, 'indirect-outside-ram', range(address, length));
  for (let at = 0; at < table.byteLength; at += DESCRIPTOR_LENGTH) {
    const target = addressAt(table, at);
    const bytes = table.getUint32(at + PACKED_DESCRIPTOR.len, true);
    const flags = table.getUint16(at + PACKED_DESCRIPTOR.flags, true);
    const isWritable = (flags & PACKED_FLAG.write) !== 0;
    const index = at / DESCRIPTOR_LENGTH;
    rules.seen?.({ table: 'indirect', index, address: target, length: bytes, flags, nextOrId: 0 });
    const reason = segments.add(target, bytes, isWritable);
    if (reason !== undefined) {
      return fault(rules, slot, reason, `descriptor ${index} of the indirect table: ${range(target, bytes)}`);
    }
  }
  return undefined;
}

function addressAt(table: DataView, at: number): number {
  return table.getUint32(at + 4, true) * 2 ** 32 + table.getUint32(at, true);
}

function fault({ queue }: ChainRules, slot: number, reason: RingFaultReason, detail: string): RingFault {
  return ringFault(reason, queue, `slot ${slot}: ${detail}`);
}

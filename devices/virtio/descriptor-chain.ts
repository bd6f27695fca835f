/**
 * Reads a descriptor chain of a split virtqueue out of guest memory, once, and checks every rule on the way. What comes
 * out is safe to use whatever the guest does to the descriptors afterwards.
 */
import { type ChainRules, type ChainSegments, range } from './chain-segments.ts';
import { DESCRIPTOR_FLAG, DESCRIPTOR_LENGTH } from './queue-layout.ts';
import { type RingFault, type RingFaultReason, ringFault } from './ring-fault.ts';
import type { Chain } from './virtqueue.ts';

/** `next` is a u16: what lies behind these in an indirect table is never read. */
const MAX_INDIRECT_BYTES = 2 ** 16 * DESCRIPTOR_LENGTH;

/**
 * Reads the chain that starts at descriptor `head` of `table`. Each descriptor is loaded once. Indirect tables may
 * follow ordinary descriptors and may have more entries than the queue; the chain as a whole may not.
 *
 * @spec virtio 1.2 §2.7.5 The Virtqueue Descriptor Table
 * @spec virtio 1.2 §2.7.5.3 Indirect Descriptors
 */
export function readChain(segments: ChainSegments, table: DataView, head: number): Chain | RingFault {
  const { rules } = segments;
  segments.begin();
  let entries = rules.size;
  let inIndirect = false;
  let current = head;
  for (;;) {
    if (current >= entries) return fault(rules, head, 'next-range', `descriptor ${current} of ${entries}`);
    const at = current * DESCRIPTOR_LENGTH;
    const low = table.getUint32(at, true);
    const high = table.getUint32(at + 4, true);
    const length = table.getUint32(at + 8, true);
    const flagsAndNext = table.getUint32(at + 12, true);
    const address = high * 2 ** 32 + low;
    rules.seen?.({
      table: inIndirect ? 'indirect' : 'ring',
      index: current,
      address,
      length,
      flags: flagsAndNext & 0xffff,
      nextOrId: flagsAndNext >>> 16,
    });

    if ((flagsAndNext & DESCRIPTOR_FLAG.indirect) !== 0) {
      if (!rules.indirect) return fault(rules, head, 'indirect-not-negotiated', `descriptor ${current}`);
      if (inIndirect) return fault(rules, head, 'indirect-nested', `descriptor ${current} of the indirect table`);
      if ((flagsAndNext & DESCRIPTOR_FLAG.next) !== 0)
        return fault(rules, head, 'indirect-with-next', `descriptor ${current}`);
      if (length === 0 || length % DESCRIPTOR_LENGTH !== 0)
        return fault(rules, head, 'indirect-length', `${length} bytes`);
      const indirect = rules.buffers.table(address, Math.min(length, MAX_INDIRECT_BYTES));
      if (indirect === undefined) return fault(rules, head, 'indirect-outside-ram', range(address, length));
      table = indirect;
      entries = indirect.byteLength / DESCRIPTOR_LENGTH;
      inIndirect = true;
      current = 0;
      continue;
    }

    const broken = segments.add(address, length, (flagsAndNext & DESCRIPTOR_FLAG.write) !== 0);
    if (broken !== undefined) return fault(rules, head, broken, `descriptor ${current}: ${range(address, length)}`);

    if ((flagsAndNext & DESCRIPTOR_FLAG.next) === 0) {
      const outside = segments.end();
      if (outside !== undefined) return fault(rules, head, 'buffer-outside-ram', outside);
      const { readable, writable, readableLength, writableLength } = segments;
      return { kind: 'chain', head, readable, writable, readableLength, writableLength };
    }
    current = flagsAndNext >>> 16;
  }
}

function fault({ queue }: ChainRules, head: number, reason: RingFaultReason, detail: string): RingFault {
  return ringFault(reason, queue, `head ${head}: ${detail}`);
}

/**
 * Reads a descriptor chain of a split virtqueue out of guest memory, once, and checks every rule on the way. What comes
 * out is safe to use whatever the guest does to the descriptors afterwards.
 */
import { type ChainRules, ChainSegments, range, viewOf } from './chain-segments.ts';
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
export function readChain(rules: ChainRules, table: DataView, head: number): Chain | RingFault {
  const fault = (reason: RingFaultReason, detail: string): RingFault =>
    ringFault(reason, rules.queue, `head ${head}: ${detail}`);

  const segments = new ChainSegments(rules);
  let entries = rules.size;
  let inIndirect = false;
  let current = head;
  for (;;) {
    if (current >= entries) return fault('next-range', `descriptor ${current} of ${entries}`);
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
      if (!rules.indirect) return fault('indirect-not-negotiated', `descriptor ${current}`);
      if (inIndirect) return fault('indirect-nested', `descriptor ${current} of the indirect table`);
      if ((flagsAndNext & DESCRIPTOR_FLAG.next) !== 0) return fault('indirect-with-next', `descriptor ${current}`);
      if (length === 0 || length % DESCRIPTOR_LENGTH !== 0) return fault('indirect-length', `${length} bytes`);
      const view = viewOf(rules.memory, address, Math.min(length, MAX_INDIRECT_BYTES));
      if (view === undefined) return fault('indirect-outside-ram', range(address, length));
      table = new DataView(view.buffer, view.byteOffset, view.length);
      entries = view.length / DESCRIPTOR_LENGTH;
      inIndirect = true;
      current = 0;
      continue;
    }

    const broken = segments.add(address, length, (flagsAndNext & DESCRIPTOR_FLAG.write) !== 0);
    if (broken !== undefined) return fault(broken, `descriptor ${current}: ${range(address, length)}`);

    if ((flagsAndNext & DESCRIPTOR_FLAG.next) === 0) {
      const { readable, writable, readableLength, writableLength } = segments;
      return { kind: 'chain', head, readable, writable, readableLength, writableLength };
    }
    current = flagsAndNext >>> 16;
  }
}

import { GuestMemory as KvmMemory } from 'node-kvm';
import type { Gpa, GuestMemory } from '../../../devices/ports.ts';
import type { RamRange } from '../../accelerator.ts';

/** One range of guest RAM and where it lies in the memory behind it. */
export interface RamSlot extends RamRange {
  /** Offset into the memory of all, in bytes. */
  readonly offset: number;
}

/**
 * Guest RAM that is no ArrayBuffer of its own: one piece of memory, cut into the ranges of the memory map, seen in place. It is
 * anonymous, in huge pages where the host has them, or where it is shared a file that other processes can map.
 */
export class GuestRam implements GuestMemory {
  readonly backing: KvmMemory;
  readonly slots: readonly RamSlot[];

  constructor(ranges: readonly RamRange[], shared = false) {
    let offset = 0;
    this.slots = ranges.map((range) => {
      const slot = { ...range, offset };
      offset += range.length;
      return slot;
    });
    this.backing = new KvmMemory(offset, { backing: shared ? 'memfd' : 'anonymous' });
  }

  view(address: Gpa, length: number): Uint8Array | undefined {
    for (const slot of this.slots) {
      const start = address - slot.base;
      if (start >= 0 && start < slot.length) {
        return start + length <= slot.length ? this.backing.view(slot.offset + start, length) : undefined;
      }
    }
    return undefined;
  }

  close(): void {
    this.backing.close();
  }
}

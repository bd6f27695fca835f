/** Where the virtio devices without a PCI bus lie, and how a guest is told: nothing on such a bus can be found by looking. */
import type { Gpa } from '../devices/ports.ts';
import { MMIO_LENGTH } from '../devices/virtio/mmio-transport.ts';
import type { VirtioConfig } from './config.ts';
import { REGIONS, VIRTIO_MMIO_IRQS } from './memory-map.ts';
import { UsageError } from './usage-error.ts';

/** The place of one device. */
export interface MmioPlace {
  /** Guest physical address of its registers. */
  readonly base: Gpa;
  /** Bytes. */
  readonly length: number;
  /** ISA interrupt, its own. */
  readonly irq: number;
}

/**
 * Gives each of `devices` that is not on the PCI bus a place, the others undefined: an interrupt of its own, since lines of
 * the ISA bus are edges, which cannot be shared.
 *
 * @throws UsageError where there are more than interrupts
 */
export function mmioPlaces(devices: readonly { readonly virtio?: VirtioConfig }[]): (MmioPlace | undefined)[] {
  let taken = 0;
  return devices.map(({ virtio }) => {
    if (virtio?.bus !== 'mmio') return undefined;
    const irq = VIRTIO_MMIO_IRQS[taken];
    if (irq === undefined) {
      throw new UsageError(
        `a machine has room for ${VIRTIO_MMIO_IRQS.length} virtio-mmio devices: put the others on the PCI bus`,
      );
    }
    const base = (REGIONS.virtioMmio.base + taken * MMIO_LENGTH) as Gpa;
    taken += 1;
    return { base, length: MMIO_LENGTH, irq };
  });
}

/** The words that tell a Linux kernel of them. @spec Linux drivers/virtio/virtio_mmio.c, virtio_mmio.device= */
export function mmioWords(places: readonly (MmioPlace | undefined)[]): string[] {
  return places
    .filter((place) => place !== undefined)
    .map(({ base, length, irq }) => `virtio_mmio.device=${length}@0x${base.toString(16)}:${irq}`);
}

import { describe, expect, test } from '@jest/globals';
import type { VirtioConfig } from './config.ts';
import { mmioPlaces, mmioWords } from './mmio-places.ts';
import { UsageError } from './usage-error.ts';

const byMmio = { virtio: { bus: 'mmio' } } as const;
const onPci: readonly { readonly virtio?: VirtioConfig }[] = [{}, { virtio: { bus: 'pci' } }, { virtio: {} }];

describe('places of devices by MMIO', () => {
  test('are next to each other, each with an interrupt of its own; devices on the PCI bus have none', () => {
    const [pci, other, third] = onPci;
    expect(mmioPlaces([pci ?? {}, byMmio, other ?? {}, byMmio, third ?? {}])).toEqual([
      undefined,
      { base: 0xfeb0_0000, length: 0x200, irq: 5 },
      undefined,
      { base: 0xfeb0_0200, length: 0x200, irq: 6 },
      undefined,
    ]);
  });

  test('leave alone what the platform has: timer, keyboard, cascade, COM1, clock, mouse and FPU', () => {
    const irqs = mmioPlaces(Array.from({ length: 8 }, () => byMmio)).map((place) => place?.irq);
    expect(irqs).toEqual([5, 6, 7, 9, 10, 11, 14, 15]);
  });

  test('end with the interrupts, in one line', () => {
    expect(() => mmioPlaces(Array.from({ length: 9 }, () => byMmio))).toThrow(
      new UsageError('a machine has room for 8 virtio-mmio devices: put the others on the PCI bus'),
    );
  });
});

test('the kernel is told of each: length, address, interrupt', () => {
  expect(mmioWords(mmioPlaces([byMmio, {}, byMmio]))).toEqual([
    'virtio_mmio.device=512@0xfeb00000:5',
    'virtio_mmio.device=512@0xfeb00200:6',
  ]);
  expect(mmioWords(mmioPlaces(onPci))).toEqual([]);
});

import { describe, expect, test } from '@jest/globals';
import type { PciPlace, VirtioConfig } from './config.ts';
import { wantedSlots } from './pci-places.ts';
import { UsageError } from './usage-error.ts';

const at = (slot: number, number?: number): PciPlace => (number === undefined ? { slot } : { slot, function: number });

const devices = (...places: readonly (PciPlace | undefined)[]): { label: string; virtio?: VirtioConfig }[] =>
  places.map((addr, index) => ({ label: `'${index}'`, ...(addr && { virtio: { addr } }) }));

describe('places that cannot be had are refused in one line', () => {
  test.each<[string, ReturnType<typeof devices>, string]>([
    [
      'twice',
      devices(at(4), at(5), at(4, 0)),
      "device '2': addr=04.0: device '0' asks for that place too; choose another",
    ],
    ['host bridge', devices(at(0)), "device '0': addr=00.0: slot 0 is the host bridge's; choose another"],
    ['no slot', devices(at(32)), "device '0': addr=20.0: slots go to 1f, functions to 7"],
    ['no function', devices(at(4, 8)), "device '0': addr=04.8: slots go to 1f, functions to 7"],
    ['a fraction', devices(at(4.5)), "device '0': addr=4.8.0: slots go to 1f, functions to 7"],
    [
      'alone in its slot',
      devices(at(4), at(0x1e, 1)),
      "device '1': addr=1e.1: nothing is at 1e.0, without which it would not be found",
    ],
    [
      'not on the bus',
      [{ label: 'x', virtio: { addr: { slot: 4 }, bus: 'mmio' } }],
      'device x: addr=04.0: it is not on the PCI bus; leave addr out',
    ],
  ])('%s', (_what, all, message) => {
    expect(() => wantedSlots(all)).toThrow(new UsageError(message));
  });
});

test('the slots that are asked for, each once', () => {
  expect([...wantedSlots(devices(undefined, at(0x1f), at(4), at(4, 7)))]).toEqual([0x1f, 4]);
});

import { describe, expect, test } from '@jest/globals';
import { FwCfg } from './fw-cfg.ts';

const GIB = 2 ** 30;

/** The next bytes of an item. */
function item(device: FwCfg, key: number, length: number): number[] {
  device.write(0, 2, key);
  return Array.from({ length }, () => device.read(1, 1));
}

describe('what firmware asks of the machine', () => {
  const device = new FwCfg({ memory: 5 * GIB + 0x10_0000, cpus: 3 });
  test.each([
    ['signature', 0x00, [0x51, 0x45, 0x4d, 0x55]],
    ['id', 0x01, [1, 0, 0, 0]],
    ['RAM as a u64', 0x03, [0, 0, 0x10, 0x40, 1, 0, 0, 0]],
    ['CPUs', 0x05, [3, 0]],
    ['most CPUs', 0x0f, [3, 0]],
    ['no files', 0x19, [0, 0, 0, 0]],
    ['an unknown item', 0x4242, [0, 0, 0]],
    ['a byte too many', 0x05, [3, 0, 0, 0]],
  ])('%s', (_what, key, bytes) => {
    expect(item(device, key, bytes.length)).toEqual(bytes);
  });

  test('selecting starts over, and so does a reset, with the signature', () => {
    expect(item(device, 0x00, 2)).toEqual([0x51, 0x45]);
    expect(item(device, 0x00, 1)).toEqual([0x51]);
    device.reset();
    expect(device.read(1, 1)).toBe(0x51);
  });

  test('other widths and writes to the data port change nothing', () => {
    device.write(0, 2, 0x05);
    expect([device.read(0, 2), device.read(0, 4)]).toEqual([0, 0]);
    device.write(1, 1, 7);
    device.write(0, 1, 0x03);
    expect(device.read(1, 1)).toBe(3);
  });
});

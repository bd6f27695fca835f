import { expect, test } from '@jest/globals';
import type { Gpa } from '../../devices/ports.ts';
import { memoryMap } from '../memory-map.ts';
import { idleHost } from './idle-host.ts';

test('RAM is where the map says, however much it is, and keeps nothing', () => {
  const { memory } = idleHost(memoryMap(63 * 2 ** 30));
  const view = (address: number, length: number) => memory.view(address as Gpa, length);
  view(0x1000, 4)?.fill(1);
  expect(view(0x1000, 4)).toEqual(new Uint8Array(4));
  expect(view(0xf_ffff_fffc, 4)).toHaveLength(4);
  expect([view(0xbfff_fffe, 4), view(0xc000_0000, 1), view(0x10_0000_0000, 1)]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

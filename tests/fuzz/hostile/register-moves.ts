import type { AccessWidth } from '../../../devices/ports.ts';
import { STATUS } from '../../../devices/virtio/status.ts';
import type { Random } from '../../support/random.ts';
import { ZONES } from './chains.ts';
import type { Window } from './window.ts';
import type { World } from './world.ts';

/** Accesses to registers of every kind: whole ones, parts of them, and what lies across two. */

const WIDTHS: readonly AccessWidth[] = [1, 2, 4];
const NUMBERS: readonly number[] = [
  0,
  1,
  2,
  3,
  7,
  8,
  64,
  127,
  128,
  129,
  255,
  256,
  0x7fff,
  0x8000,
  0xffff,
  0x1_0000,
  0x7fff_ffff,
  0x8000_0000,
  0xffff_ffff,
  ZONES.rings.base,
  ZONES.rings.base / 4096,
  ZONES.requests.base,
  STATUS.ACKNOWLEDGE | STATUS.DRIVER,
  STATUS.ACKNOWLEDGE | STATUS.DRIVER | STATUS.FEATURES_OK,
  STATUS.ACKNOWLEDGE | STATUS.DRIVER | STATUS.FEATURES_OK | STATUS.DRIVER_OK,
];

export function anyValue(random: Random): number {
  return random.oneIn(4) ? random.next() : random.pick(NUMBERS);
}

/** An access that hits a register, or anything at all in the window. */
export function access(window: Window, random: Random): string {
  let [offset, width] = [random.below(window.length), random.pick(WIDTHS)];
  if (window.rows.length > 0 && !random.oneIn(8)) {
    const row = random.pick(window.rows);
    width = random.oneIn(6) || row.width > 4 ? width : (row.width as AccessWidth);
    offset = row.at + (random.oneIn(6) ? random.below(8) : row.width === 8 && random.oneIn(2) ? 4 : 0);
  }
  offset = Math.min(offset, window.length - width);
  if (offset < 0) return 'nothing: the window is narrower';
  if (random.oneIn(2)) return `${window.name}: ${width} bytes at ${offset} are ${window.read(offset, width)}`;
  const value = anyValue(random) % 2 ** (8 * width);
  window.write(offset, width, value);
  // What was written is looked at, from another side.
  if (random.oneIn(4)) window.read(Math.min(offset - (offset % 8) + random.below(8), window.length - 4), 4);
  return `${window.name}: ${width} bytes at ${offset} := ${value}`;
}

/** An access to one of the windows of a device. */
export function accessRegister({ rig }: World, random: Random): string {
  return rig.windows.length === 0 ? 'nothing: there are no registers' : access(random.pick(rig.windows), random);
}

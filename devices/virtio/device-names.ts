/** What virtio device ids and feature bits are called, for people: in the specification's words. */
import { BLK_FEATURES } from './blk-features.ts';
import { CONSOLE_FEATURES } from './console-features.ts';
import { type FeatureBits, LEGACY_FEATURES, RESERVED_FEATURES } from './feature-table.ts';
import { P9_FEATURES } from './p9-config-registers.ts';

/** Device types of the standard that there may be here. @spec virtio 1.2 §5 Device Types */
export const DEVICE_TYPES: Readonly<Record<number, string>> = {
  1: 'network card',
  2: 'block device',
  3: 'console',
  4: 'entropy source',
  5: 'memory ballooning (traditional)',
  8: 'SCSI host',
  9: '9P transport',
};

/** Feature bits by device id, of the kinds there may be here. */
const OWN_FEATURES: Readonly<Record<number, FeatureBits>> = { 2: BLK_FEATURES, 3: CONSOLE_FEATURES, 9: P9_FEATURES };

/** The names of the bits that are set in `features` of a device of type `deviceId`; a bit without one is `bit N`. */
export function featureNames(deviceId: number, features: bigint): string[] {
  const bits = Object.entries({ ...OWN_FEATURES[deviceId], ...LEGACY_FEATURES, ...RESERVED_FEATURES });
  const names: string[] = [];
  for (let bit = 0; features >> BigInt(bit) !== 0n; bit += 1) {
    if ((features >> BigInt(bit)) % 2n === 1n) names.push(bits.find(([, known]) => known === bit)?.[0] ?? `bit ${bit}`);
  }
  return names;
}

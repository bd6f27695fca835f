/** What virtio device ids and feature bits are called, for people: in the specification's words. */
import { BLK_FEATURES } from './blk-config-registers.ts';
import { CONSOLE_FEATURES } from './console-config-registers.ts';
import { type FeatureRow, type FeatureTable, LEGACY_FEATURES, RESERVED_FEATURES } from './feature-table.ts';
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
const OWN_FEATURES: Readonly<Record<number, FeatureTable>> = { 2: BLK_FEATURES, 3: CONSOLE_FEATURES, 9: P9_FEATURES };

/** A feature bit with its name. */
export interface NamedFeature extends FeatureRow {
  readonly name: string;
}

/** The feature bits that have a name in a device of type `deviceId`: first its own, then those of all devices. */
export function featuresOf(deviceId: number): NamedFeature[] {
  const tables: readonly FeatureTable[] = [OWN_FEATURES[deviceId] ?? {}, LEGACY_FEATURES, RESERVED_FEATURES];
  return tables.flatMap((table) => Object.entries(table).map(([name, row]) => ({ name, ...row })));
}

/** The bits that are set in `features` of a device of type `deviceId`; one without a row is `bit N`, and nothing is said of it. */
export function featuresIn(deviceId: number, features: bigint): NamedFeature[] {
  const known = featuresOf(deviceId);
  const found: NamedFeature[] = [];
  for (let bit = 0; features >> BigInt(bit) !== 0n; bit += 1) {
    if ((features >> BigInt(bit)) % 2n === 0n) continue;
    found.push(known.find((row) => row.bit === bit) ?? { bit, name: `bit ${bit}`, doc: '', spec: '' });
  }
  return found;
}

/** The names of the same. */
export function featureNames(deviceId: number, features: bigint): string[] {
  return featuresIn(deviceId, features).map(({ name }) => name);
}

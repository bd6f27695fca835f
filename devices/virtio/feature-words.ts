/** What feature bits mean, for who reads: names, sentences and citations out of their tables. */
import { BLK_FEATURES, BLK_WORDS } from './blk-features.ts';
import { CONSOLE_FEATURES, CONSOLE_WORDS } from './console-features.ts';
import {
  type FeatureBits,
  type FeatureWords,
  LEGACY_FEATURES,
  LEGACY_WORDS,
  RESERVED_FEATURES,
  RESERVED_WORDS,
} from './feature-table.ts';
import { P9_FEATURES, P9_WORDS } from './p9-config-registers.ts';

/** A feature bit with what is said of it. */
export interface NamedFeature {
  /** 0 to 63. */
  readonly bit: number;
  readonly name: string;
  readonly doc: string;
  readonly spec: string;
}

function named<Bits extends FeatureBits>(bits: Bits, { spec, docs }: FeatureWords<Bits>): NamedFeature[] {
  return Object.entries(bits).map(([name, bit]) => ({ bit, name, doc: docs[name] ?? '', spec }));
}

/** By device id, of the kinds there may be here. */
const OWN: Readonly<Record<number, readonly NamedFeature[]>> = {
  2: named(BLK_FEATURES, BLK_WORDS),
  3: named(CONSOLE_FEATURES, CONSOLE_WORDS),
  9: named(P9_FEATURES, P9_WORDS),
};

/** Of all devices. */
const SHARED = [...named(LEGACY_FEATURES, LEGACY_WORDS), ...named(RESERVED_FEATURES, RESERVED_WORDS)];

/** The feature bits that have a name in a device of type `deviceId`: first its own, then those of all devices. */
export function featuresOf(deviceId: number): NamedFeature[] {
  return [...(OWN[deviceId] ?? []), ...SHARED];
}

/** The bits that are set in `features` of a device of type `deviceId`; of one that is in no table nothing is said. */
export function featuresIn(deviceId: number, features: bigint): NamedFeature[] {
  const known = featuresOf(deviceId);
  const found: NamedFeature[] = [];
  for (let bit = 0; features >> BigInt(bit) !== 0n; bit += 1) {
    if ((features >> BigInt(bit)) % 2n === 0n) continue;
    found.push(known.find((row) => row.bit === bit) ?? { bit, name: `bit ${bit}`, doc: '', spec: '' });
  }
  return found;
}

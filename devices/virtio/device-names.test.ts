import { expect, test } from '@jest/globals';
import { featureNames } from './device-names.ts';
import { baseFeatures, legacyOffer } from './features.ts';

test('bits are named by the device and by the standard, and what has no name by its number', () => {
  expect(featureNames(9, 1n | (1n << 28n) | (1n << 34n))).toEqual(['MOUNT_TAG', 'INDIRECT_DESC', 'RING_PACKED']);
  expect(featureNames(4, 1n)).toEqual(['bit 0']);
  expect(featureNames(2, (1n << 9n) | (1n << 63n))).toEqual(['FLUSH', 'bit 63']);
  expect(featureNames(9, 0n)).toEqual([]);
});

test('every bit that transports add has a name', () => {
  const all = baseFeatures({ packed: true }) | legacyOffer(0n);
  expect(featureNames(9, all).filter((name) => name.startsWith('bit'))).toEqual([]);
});

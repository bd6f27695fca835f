import type { FreshDevice } from '../lab.ts';

/** Registers of the common configuration structure that you need, by offset. */
const COMMON = {
  deviceFeatureSelect: 0x00,
  deviceFeature: 0x04,
  driverFeatureSelect: 0x08,
  driverFeature: 0x0c,
  deviceStatus: 0x14,
};

const STATUS = { acknowledge: 1, driver: 2, driverOk: 4, featuresOk: 8 };

/** What your driver knows how to use, by bit. */
const MOUNT_TAG = 1n << 0n;
const EVENT_IDX = 1n << 29n;
const VERSION_1 = 1n << 32n;

/**
 * Resets the device and agrees with it on features: those of MOUNT_TAG, EVENT_IDX and VERSION_1 that it offers. Leaves it
 * with FEATURES_OK set; gives the features.
 *
 * So far it acknowledges the device and reads half of the offer.
 */
export default function negotiate({ common }: FreshDevice): bigint {
  common.write(COMMON.deviceStatus, 1, STATUS.acknowledge);
  const offered = BigInt(common.read(COMMON.deviceFeature, 4));
  return offered & (MOUNT_TAG | EVENT_IDX | VERSION_1);
}

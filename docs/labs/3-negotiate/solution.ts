import type { FreshDevice } from '../lab.ts';

/** Registers of the common configuration structure, by offset. */
const COMMON = {
  deviceFeatureSelect: 0x00,
  deviceFeature: 0x04,
  driverFeatureSelect: 0x08,
  driverFeature: 0x0c,
  deviceStatus: 0x14,
};

const STATUS = { acknowledge: 1, driver: 2, driverOk: 4, featuresOk: 8 };

/** What this driver knows how to use, by bit. */
const MOUNT_TAG = 1n << 0n;
const EVENT_IDX = 1n << 29n;
const VERSION_1 = 1n << 32n;

/** Resets the device and agrees with it on features; gives them. */
export default async function negotiate({ common, wait }: FreshDevice): Promise<bigint> {
  const addStatus = (bit: number) => common.write(COMMON.deviceStatus, 1, common.read(COMMON.deviceStatus, 1) | bit);

  common.write(COMMON.deviceStatus, 1, 0);
  while (common.read(COMMON.deviceStatus, 1) !== 0) await wait();

  addStatus(STATUS.acknowledge);
  addStatus(STATUS.driver);

  common.write(COMMON.deviceFeatureSelect, 4, 0);
  const low = BigInt(common.read(COMMON.deviceFeature, 4));
  common.write(COMMON.deviceFeatureSelect, 4, 1);
  const high = BigInt(common.read(COMMON.deviceFeature, 4));
  const features = ((high << 32n) | low) & (MOUNT_TAG | EVENT_IDX | VERSION_1);

  common.write(COMMON.driverFeatureSelect, 4, 0);
  common.write(COMMON.driverFeature, 4, Number(features & 0xffff_ffffn));
  common.write(COMMON.driverFeatureSelect, 4, 1);
  common.write(COMMON.driverFeature, 4, Number(features >> 32n));

  addStatus(STATUS.featuresOk);
  if ((common.read(COMMON.deviceStatus, 1) & STATUS.featuresOk) === 0) throw new Error('the device refuses');
  return features;
}

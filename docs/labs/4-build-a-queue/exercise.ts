import type { AgreedDevice, QueuePlace } from '../lab.ts';

/** Registers of the common configuration structure that you need, by offset. Those of 8 bytes are written in halves. */
const COMMON = {
  deviceStatus: 0x14,
  queueSelect: 0x16,
  queueSize: 0x18,
  queueEnable: 0x1c,
  queueDesc: 0x20,
  queueDriver: 0x28,
  queueDevice: 0x30,
};

const DRIVER_OK = 4;

/**
 * Places a split virtqueue of 8 entries in the free part of guest RAM, tells the device, and sets it going.
 *
 * So far it asks how large the queue may be.
 */
export default function buildAQueue({ common, free }: AgreedDevice): QueuePlace {
  common.write(COMMON.queueSelect, 2, 0);
  const size = common.read(COMMON.queueSize, 2);

  common.write(COMMON.deviceStatus, 1, common.read(COMMON.deviceStatus, 1) | DRIVER_OK);
  return { size, desc: free.base, driver: 0, device: 0 };
}

import type { AgreedDevice, QueuePlace } from '../lab.ts';

/** Registers of the common configuration structure, by offset. Those of 8 bytes are written in halves. */
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
const SIZE = 8;

function roundUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}

/** Places a split virtqueue of 8 entries in the free part of guest RAM, tells the device, and sets it going. */
export default function buildAQueue({ common, ram, free }: AgreedDevice): QueuePlace {
  common.write(COMMON.queueSelect, 2, 0);
  const size = Math.min(SIZE, common.read(COMMON.queueSize, 2));

  const desc = roundUp(free.base, 16);
  const driver = roundUp(desc + 16 * size, 2);
  const device = roundUp(driver + 6 + 2 * size, 4);
  const end = device + 6 + 8 * size;
  for (let at = desc; at < end; at += 1) ram.setUint8(at, 0);

  const writeAddress = (register: number, address: number) => {
    common.write(register, 4, address % 2 ** 32);
    common.write(register + 4, 4, Math.floor(address / 2 ** 32));
  };
  common.write(COMMON.queueSize, 2, size);
  writeAddress(COMMON.queueDesc, desc);
  writeAddress(COMMON.queueDriver, driver);
  writeAddress(COMMON.queueDevice, device);
  common.write(COMMON.queueEnable, 2, 1);

  common.write(COMMON.deviceStatus, 1, common.read(COMMON.deviceStatus, 1) | DRIVER_OK);
  return { size, desc, driver, device };
}

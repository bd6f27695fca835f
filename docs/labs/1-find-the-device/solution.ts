import type { BareMachine, Found, Width } from '../lab.ts';

const CONFIG_ADDRESS = 0xcf8;
const CONFIG_DATA = 0xcfc;
const ENABLE = 0x8000_0000;
const NOBODY = 0xffff;

/** Registers of configuration space, by offset. */
const HEADER = { vendorId: 0x00, deviceId: 0x02, command: 0x04, headerType: 0x0e };

const VIRTIO_VENDOR = 0x1af4;
/** The 9P transport, virtio device 9, as a function of the standard and as a transitional one. */
const P9_DEVICES = [0x1049, 0x1009];
const MULTI_FUNCTION = 0x80;
const MEMORY_SPACE = 0x02;
const BUS_MASTER = 0x04;

/** Finds the virtio-9p function on bus 0, counts all functions, and lets the one found decode memory and be bus master. */
export default function findTheDevice({ ports }: BareMachine): Found {
  /** Chooses a register; it is then at CONFIG_DATA and the three ports after it, as in its dword. */
  const select = (slot: number, number: number, offset: number): number => {
    ports.write(CONFIG_ADDRESS, 4, ENABLE + slot * 0x800 + number * 0x100 + (offset & 0xfc));
    return CONFIG_DATA + (offset & 3);
  };
  const read = (slot: number, number: number, offset: number, width: Width): number =>
    ports.read(select(slot, number, offset), width);

  let functions = 0;
  let found = -1;
  for (let slot = 0; slot < 32; slot += 1) {
    if (read(slot, 0, HEADER.vendorId, 2) === NOBODY) continue;
    const most = (read(slot, 0, HEADER.headerType, 1) & MULTI_FUNCTION) === 0 ? 1 : 8;
    for (let number = 0; number < most; number += 1) {
      const vendor = read(slot, number, HEADER.vendorId, 2);
      if (vendor === NOBODY) continue;
      functions += 1;
      const is9p = vendor === VIRTIO_VENDOR && P9_DEVICES.includes(read(slot, number, HEADER.deviceId, 2));
      if (is9p && number === 0) found = slot;
    }
  }
  if (found >= 0) {
    const command = read(found, 0, HEADER.command, 2);
    ports.write(select(found, 0, HEADER.command), 2, command | MEMORY_SPACE | BUS_MASTER);
  }
  return { slot: found, functions };
}

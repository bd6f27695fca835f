import type { BareMachine, Found } from '../lab.ts';

const CONFIG_ADDRESS = 0xcf8;
const CONFIG_DATA = 0xcfc;
const ENABLE = 0x8000_0000;

/** Registers of configuration space that you need, by offset. */
const HEADER = { vendorId: 0x00, deviceId: 0x02, command: 0x04, headerType: 0x0e };

/**
 * Finds the virtio-9p function on bus 0, counts all functions, and lets the one found decode memory and be bus master.
 *
 * So far it knows how to read one register of one function.
 */
export default function findTheDevice({ ports }: BareMachine): Found {
  const readVendor = (slot: number): number => {
    ports.write(CONFIG_ADDRESS, 4, ENABLE + slot * 0x800 + HEADER.vendorId);
    return ports.read(CONFIG_DATA, 2);
  };

  const slot = 0;
  return { slot, functions: readVendor(slot) === 0xffff ? 0 : 1 };
}

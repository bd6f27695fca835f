/**
 * Finding functions on PCI bus 0 the way a kernel does: through the two ports of configuration mechanism #1.
 *
 * @spec PCI Local Bus 3.0 §3.2.2.3.2 Software Generation of Configuration Transactions
 */
import type { AccessWidth } from '../../ports.ts';
import type { AccessPort } from './pci-driver.ts';

const CONFIG_ADDRESS = 0xcf8;
const CONFIG_DATA = 0xcfc;
const ENABLE = 0x8000_0000;
const NOBODY = 0xffff;
const MULTI_FUNCTION = 0x80;

/** A function that answered. */
export interface FoundFunction {
  readonly slot: number;
  readonly number: number;
  readonly vendorId: number;
  readonly deviceId: number;
  /** 24 bits. */
  readonly classCode: number;
  readonly config: AccessPort;
}

/** The configuration space of one function, 256 bytes, through the ports of the machine. */
export function configSpace(ports: AccessPort, slot: number, number = 0): AccessPort {
  const select = (offset: number): void => {
    ports.write(CONFIG_ADDRESS, 4, ENABLE + slot * 2 ** 11 + number * 2 ** 8 + (offset & 0xfc));
  };
  return {
    read(offset: number, width: AccessWidth) {
      select(offset);
      return ports.read(CONFIG_DATA + (offset & 3), width);
    },
    write(offset: number, width: AccessWidth, value: number) {
      select(offset);
      ports.write(CONFIG_DATA + (offset & 3), width, value);
    },
  };
}

/** Every function on bus 0, in order. @spec PCI Local Bus 3.0 §6.1 Configuration Space Organization */
export function scanBus(ports: AccessPort): FoundFunction[] {
  const found: FoundFunction[] = [];
  for (let slot = 0; slot < 32; slot += 1) {
    const multi = (configSpace(ports, slot).read(0x0e, 1) & MULTI_FUNCTION) !== 0;
    for (let number = 0; number < (multi ? 8 : 1); number += 1) {
      const config = configSpace(ports, slot, number);
      const vendorId = config.read(0x00, 2);
      if (vendorId === NOBODY) continue;
      const classCode = config.read(0x08, 4) >>> 8;
      found.push({ slot, number, vendorId, deviceId: config.read(0x02, 2), classCode, config });
    }
  }
  return found;
}

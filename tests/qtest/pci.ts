/**
 * PCI as libqos drives it, which plays firmware and driver at once: configuration space through port 0xcfc alone, decoding
 * enabled before BARs are sized, and only the low half of a 64-bit BAR written.
 */
import type { AccessWidth } from '../../devices/ports.ts';
import type { AccessPort } from '../../devices/virtio/fake-driver/pci-driver.ts';

const CONFIG_ADDRESS = 0xcf8;
const CONFIG_DATA = 0xcfc;
const ENABLE = 0x8000_0000;
const COMMAND = 0x04;
const COMMAND_ALL = 0x0007;
const FIRST_BAR = 0x10;
const BARS = 6;

/** Where libqos puts BARs on a PC. */
const IO_BASE = 0xc000;
const MEMORY_BASE = 0xe000_0000;

/** One BAR as it was found. */
export interface FoundBar {
  readonly index: number;
  readonly kind: 'io' | 'memory-32' | 'memory-64';
  readonly prefetchable: boolean;
  readonly length: number;
  readonly address: number;
}

/** Configuration space of a function on bus 0. */
export function qosConfig(ports: AccessPort, slot: number, number = 0): AccessPort {
  const select = (offset: number): void => {
    ports.write(CONFIG_ADDRESS, 4, ENABLE + slot * 2 ** 11 + number * 2 ** 8 + offset);
  };
  return {
    read(offset: number, width: AccessWidth) {
      select(offset);
      return ports.read(CONFIG_DATA, width);
    },
    write(offset: number, width: AccessWidth, value: number) {
      select(offset);
      ports.write(CONFIG_DATA, width, value);
    },
  };
}

/** Enables a function, sizes its BARs and gives each an address. */
export function mapBars(config: AccessPort): FoundBar[] {
  let [io, memory] = [IO_BASE, MEMORY_BASE];
  config.write(COMMAND, 2, COMMAND_ALL);
  const found: FoundBar[] = [];
  for (let index = 0; index < BARS; index += 1) {
    const register = FIRST_BAR + 4 * index;
    config.write(register, 4, 0xffff_ffff);
    const bits = config.read(register, 4);
    const isIo = (bits & 1) === 1;
    const mask = (bits & (isIo ? ~0x3 : ~0xf)) >>> 0;
    if (mask === 0) continue;
    const length = 2 ** (31 - Math.clz32(mask & -mask));
    const place = (next: number): number => Math.ceil(next / length) * length;
    const address = place(isIo ? io : memory);
    if (isIo) io = address + length;
    else memory = address + length;
    config.write(register, 4, address);
    const kind = isIo ? 'io' : (bits & 0x6) === 0x4 ? 'memory-64' : 'memory-32';
    found.push({ index, kind, prefetchable: !isIo && (bits & 0x8) !== 0, length, address });
    if (kind === 'memory-64') index += 1;
  }
  return found;
}

/** All 256 bytes of configuration space. */
export function dumpConfig(config: AccessPort): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, offset) => config.read(offset, 1));
}

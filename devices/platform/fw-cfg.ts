/**
 * The device through which firmware, and clients that play it, ask what machine this is: a selector port and a data port
 * from which the chosen item is read byte by byte.
 *
 * @spec QEMU docs/specs/fw_cfg QEMU Firmware Configuration (fw_cfg) Device
 */
import type { AccessWidth, BusTarget } from '../ports.ts';

/** What the items tell of the machine. */
export interface FwCfgFacts {
  /** RAM in bytes. */
  readonly memory: number;
  readonly cpus: number;
}

interface FwCfgItem {
  /** What is written to the selector. */
  readonly key: number;
  readonly name: string;
  readonly doc: string;
  readonly bytes: (facts: FwCfgFacts) => readonly number[];
}

const littleEndian = (value: number, length: number) =>
  Array.from({ length }, (_, index) => Math.floor(value / 2 ** (8 * index)) % 256);

/** The items there are; any other reads as zeros. @spec QEMU docs/specs/fw_cfg Firmware Configuration Items */
export const FW_CFG_ITEMS: readonly FwCfgItem[] = [
  { key: 0x00, name: 'signature', doc: 'QEMU, in ASCII.', bytes: () => [...'QEMU'].map((c) => c.charCodeAt(0)) },
  { key: 0x01, name: 'id', doc: 'Bit 0: the selector and data ports; no DMA.', bytes: () => littleEndian(1, 4) },
  { key: 0x03, name: 'ram_size', doc: 'RAM in bytes.', bytes: ({ memory }) => littleEndian(memory, 8) },
  { key: 0x05, name: 'nb_cpus', doc: 'CPUs there are.', bytes: ({ cpus }) => littleEndian(cpus, 2) },
  { key: 0x0f, name: 'max_cpus', doc: 'CPUs there may be.', bytes: ({ cpus }) => littleEndian(cpus, 2) },
  { key: 0x19, name: 'file_dir', doc: 'Number of named files, big-endian: none.', bytes: () => [0, 0, 0, 0] },
];

/** Two ports: a word written to the first selects an item, each byte read gives the next one of it. */
export class FwCfg implements BusTarget {
  readonly name = 'fw-cfg';
  readonly #items: ReadonlyMap<number, readonly number[]>;
  #selected = 0;
  #at = 0;

  constructor(facts: FwCfgFacts) {
    this.#items = new Map(FW_CFG_ITEMS.map(({ key, bytes }) => [key, bytes(facts)]));
  }

  /** Bytes past the end of an item, and other widths, read 0. */
  read(_offset: number, width: AccessWidth): number {
    if (width !== 1) return 0;
    const byte = this.#items.get(this.#selected)?.[this.#at] ?? 0;
    this.#at++;
    return byte;
  }

  /** Items cannot be written, so bytes go nowhere. */
  write(offset: number, width: AccessWidth, value: number): void {
    if (offset === 0 && width === 2) this.#select(value);
  }

  /** Back to power-on. */
  reset(): void {
    this.#select(0);
  }

  #select(key: number): void {
    this.#selected = key;
    this.#at = 0;
  }
}

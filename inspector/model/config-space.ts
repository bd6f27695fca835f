/** Configuration space as a driver reads it: header, BARs and the chain of capabilities. */
import type { FunctionDescription, MachineDescription, TableDescription } from '../../trace/machine-description.ts';
import { byteOf, type RegisterFacts, tableNamed, valueAt, writeMask } from './register-values.ts';

/** Bytes of it. */
export const CONFIG_LENGTH = 0x100;

const CAPABILITIES_POINTER = 0x34;
const FIRST_BAR = 0x10;
/** A capability needs four bytes at least: a chain that is longer runs in a circle. */
const MOST_CAPABILITIES = 48;
const MSIX = 0x11;
const VENDOR_SPECIFIC = 0x09;
const VIRTIO_VENDOR = 0x1af4;

/** cfg_type of a virtio capability: which structure it is about, and the table of the capability itself. @spec virtio 1.2 §4.1.4 */
const STRUCTURES: Readonly<Record<number, { readonly name: string; readonly table: string }>> = {
  1: { name: 'common configuration', table: 'virtio_pci_cap' },
  2: { name: 'notifications', table: 'virtio_pci_notify_cap' },
  3: { name: 'ISR status', table: 'virtio_pci_cap' },
  4: { name: 'device-specific configuration', table: 'virtio_pci_cap' },
  5: { name: 'PCI configuration access', table: 'virtio_pci_cfg_cap' },
};

/** A capability. */
export interface Capability {
  readonly offset: number;
  readonly id: number;
  /** Offset of the next one, 0 for the last. */
  readonly next: number;
  readonly name: string;
  /** Name of its table, where it has one. */
  readonly table: string | undefined;
  /** Of a virtio capability. */
  readonly structure: StructurePlace | undefined;
}

/** Where a virtio structure lies. */
export interface StructurePlace {
  readonly type: number;
  readonly bar: number;
  readonly offset: number;
  readonly length: number;
}

/** The chain, in its order. A pointer that leads back, or outside, ends it. */
export function capabilitiesOf(config: readonly number[]): Capability[] {
  const chain: Capability[] = [];
  const byte = (at: number) => config[at] ?? 0;
  for (let at = byte(CAPABILITIES_POINTER) & 0xfc; at >= 0x40; at = byte(at + 1) & 0xfc) {
    if (chain.length === MOST_CAPABILITIES || chain.some(({ offset }) => offset === at)) break;
    chain.push(capabilityAt(config, at));
  }
  return chain;
}

function capabilityAt(config: readonly number[], offset: number): Capability {
  const [id = 0, next = 0] = [config[offset], config[offset + 1]];
  if (id === MSIX) return { offset, id, next, name: 'MSI-X', table: 'msix_capability', structure: undefined };
  const virtio = valueAt(config, 0, 2) === BigInt(VIRTIO_VENDOR) && id === VENDOR_SPECIFIC;
  const type = config[offset + 3] ?? 0;
  const known = virtio ? STRUCTURES[type] : undefined;
  if (known === undefined)
    return { offset, id, next, name: `capability 0x${id.toString(16)}`, table: undefined, structure: undefined };
  const place = {
    type,
    bar: config[offset + 4] ?? 0,
    offset: number(config, offset + 8),
    length: number(config, offset + 12),
  };
  return { offset, id, next, name: known.name, table: known.table, structure: place };
}

function number(config: readonly number[], at: number): number {
  return Number(valueAt(config, at, 4) ?? 0n);
}

/** A table at its place in configuration space. */
export interface PlacedTable {
  readonly offset: number;
  readonly table: TableDescription;
}

/** The tables configuration space consists of: the header, and each capability that has one. */
export function configTables(description: MachineDescription | undefined, config: readonly number[]): PlacedTable[] {
  const header = tableNamed(description, 'config_header');
  const capabilities = capabilitiesOf(config).flatMap(({ offset, table: name }) => {
    const table = name === undefined ? undefined : tableNamed(description, name);
    return table === undefined ? [] : [{ offset, table }];
  });
  return header === undefined ? capabilities : [{ offset: 0, table: header }, ...capabilities];
}

/** A register of configuration space. */
export interface PlacedRegister {
  readonly table: string;
  readonly offset: number;
  readonly register: RegisterFacts;
}

/** The register that holds a byte. */
export function configRegisterAt(tables: readonly PlacedTable[], at: number): PlacedRegister | undefined {
  for (const { offset, table } of tables.toReversed()) {
    const register = table.registers.find((one) => offset + one.at <= at && at < offset + one.at + one.width);
    if (register !== undefined) return { table: table.name, offset: offset + register.at, register };
  }
  return undefined;
}

/** For each byte the bits that take writes, and whether ones written clear them. BARs take the bits above their length. */
export function configMasks(
  description: MachineDescription,
  config: readonly number[],
  bars: FunctionDescription['bars'],
): { readonly masks: number[]; readonly clears: boolean[] } {
  const masks = new Array<number>(CONFIG_LENGTH).fill(0);
  const clears = new Array<boolean>(CONFIG_LENGTH).fill(false);
  for (const { offset, table } of configTables(description, config)) {
    for (const register of table.registers) {
      const bar = table.name === 'config_header' ? /^base_address_(\d)$/.exec(register.name) : null;
      const mask = bar === null ? writeMask(register) : barMask(bars, Number(bar[1]));
      for (let index = 0; index < register.width; index += 1) {
        masks[offset + register.at + index] = byteOf(mask, index);
        clears[offset + register.at + index] = register.access === 'w1c';
      }
    }
  }
  return { masks, clears };
}

/** @spec PCI Local Bus 3.0 §6.2.5.1 Address Maps */
function barMask(bars: FunctionDescription['bars'], register: number): bigint {
  const low = bars.find(({ index }) => index === register);
  if (low !== undefined) return BigInt(2 ** 32 - low.length) & 0xffff_ffffn;
  const high = bars.find(({ index, kind }) => index === register - 1 && kind === 'memory-64');
  return high === undefined ? 0n : 0xffff_ffffn;
}

/** A BAR as it is set now. */
export interface PlacedBar {
  readonly index: number;
  readonly kind: string;
  readonly length: number;
  /** Address without the bits that say its type. */
  readonly address: bigint;
  readonly prefetchable: boolean;
  /** Whether the command register lets it answer, and it has an address. */
  readonly decoded: boolean;
}

/** The BARs of a function. */
export function barsOf({
  bars,
  config,
}: {
  readonly bars: FunctionDescription['bars'];
  readonly config: readonly number[];
}): PlacedBar[] {
  const command = config[0x04] ?? 0;
  return bars.map(({ index, kind, length }) => {
    const at = FIRST_BAR + 4 * index;
    const whole = valueAt(config, at, kind === 'memory-64' ? 8 : 4) ?? 0n;
    const address = whole & ~(kind === 'io' ? 0x3n : 0xfn);
    const decoded = address !== 0n && (command & (kind === 'io' ? 0x1 : 0x2)) !== 0;
    return { index, kind, length, address, prefetchable: kind !== 'io' && (whole & 0x8n) !== 0n, decoded };
  });
}

/** Virtio device id of a function; undefined where it is none. @spec virtio 1.2 §4.1.2 PCI Device Discovery */
export function virtioDeviceId(config: readonly number[]): number | undefined {
  const [vendor, device, subsystem] = [0x00, 0x02, 0x2e].map((at) => Number(valueAt(config, at, 2) ?? 0n));
  if (vendor !== VIRTIO_VENDOR || device === undefined) return undefined;
  if (device >= 0x1040 && device <= 0x107f) return device - 0x1040;
  return device >= 0x1000 && device < 0x1040 ? subsystem : undefined;
}

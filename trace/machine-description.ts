/** What a machine consists of before the guest runs, as plain data: what a recording begins with. */
import type { RegisterBlock, RegisterDescription } from '../bytes/registers.ts';
import type { BarAssignment } from '../devices/pci/assign-bars.ts';
import { configHeader } from '../devices/pci/config-header.ts';
import { msixCapability, msixEntry, msixPending } from '../devices/pci/msix-registers.ts';
import type { PluggedFunction } from '../devices/pci/pci-bus.ts';
import { commonConfig } from '../devices/virtio/common-config-registers.ts';
import { legacyHeader, legacyVectors } from '../devices/virtio/legacy-registers.ts';
import { p9Config } from '../devices/virtio/p9-config-registers.ts';
import { configAccessCapability, notifyCapability, structureCapability } from '../devices/virtio/pci-capabilities.ts';
import { isrStatus } from '../devices/virtio/pci-isr.ts';
import { toBase64 } from './base64.ts';
import { plain } from './session-watch.ts';

/** Tables that are described. */
export interface KnownTables {
  readonly tables: readonly Pick<RegisterBlock<never>, 'name' | 'length' | 'describe'>[];
  /** Names of those of the device-specific configuration by virtio device id. @spec virtio 1.2 §5 Device Types */
  readonly configTables: Readonly<Record<number, string>>;
}

/** Every table of registers a 9P transport on the PCI bus may have. */
const P9_ON_PCI: KnownTables['tables'] = [
  configHeader,
  msixCapability,
  msixEntry,
  msixPending,
  structureCapability,
  notifyCapability,
  configAccessCapability,
  commonConfig,
  isrStatus,
  legacyHeader,
  legacyVectors,
  p9Config,
];

const CONFIG_LENGTH = 0x100;
const CAPABILITIES_POINTER = 0x34;
/** A capability needs four bytes at least: a chain longer than this runs in a circle. */
const MOST_CAPABILITIES = 48;

/** A capability of a function. */
export interface CapabilityDescription {
  readonly offset: number;
  readonly id: number;
  /** The third byte of it: of a vendor's capability its length. */
  readonly length: number;
}

/** A function on the bus. */
export interface FunctionDescription {
  readonly slot: number;
  readonly function: number;
  readonly name: string;
  /** All 256 bytes of configuration space, base64. */
  readonly config: string;
  readonly bars: readonly {
    readonly index: number;
    readonly kind: string;
    readonly length: number;
    readonly address: number;
  }[];
  /** In the order of their chain. */
  readonly capabilities: readonly CapabilityDescription[];
}

/** A table of registers; values of 8 bytes are decimal strings. */
export interface TableDescription {
  readonly name: string;
  readonly length: number;
  readonly registers: readonly (Omit<RegisterDescription, 'reset' | 'mask'> & {
    readonly reset: number | string;
    readonly mask?: number | string;
  })[];
}

/** A range of a bus. */
export interface RangeDescription {
  readonly name: string;
  readonly base: number;
  readonly length: number;
}

/** The `description` of a `machine` event. */
export interface MachineDescription {
  readonly ram: readonly { readonly base: number; readonly length: number }[];
  readonly functions: readonly FunctionDescription[];
  readonly ports: readonly RangeDescription[];
  readonly mmio: readonly RangeDescription[];
  readonly tables: readonly TableDescription[];
  /** Name of the table of the device-specific configuration by virtio device id; absent in recordings of before. */
  readonly configTables?: Readonly<Record<number, string>>;
}

/** What is described of a machine. */
export interface DescribedMachine {
  readonly pci: { functions(): readonly PluggedFunction[] };
  readonly bars: readonly BarAssignment[];
  readonly ports: { readonly ranges: readonly RangeDescription[] };
  readonly mmio: { readonly ranges: readonly RangeDescription[] };
}

/**
 * Describes a machine as it is. Reading configuration space has no effect.
 *
 * @param others what there may be but 9P transports on the PCI bus; undefined where there is nothing else
 */
export function describeMachine(
  machine: DescribedMachine,
  ram: MachineDescription['ram'],
  others: KnownTables | undefined,
): MachineDescription {
  return {
    ram: ram.map(({ base, length }) => ({ base, length })),
    functions: machine.pci.functions().map((plugged) => describeFunction(plugged, machine.bars)),
    ports: machine.ports.ranges,
    mmio: machine.mmio.ranges,
    tables: [...P9_ON_PCI, ...(others?.tables ?? [])].map(describeTable),
    configTables: { ...others?.configTables, 9: p9Config.name },
  };
}

function describeFunction({ slot, number, pci }: PluggedFunction, assigned: readonly BarAssignment[]) {
  const config = Uint8Array.from({ length: CONFIG_LENGTH }, (_, offset) => pci.readConfig(offset, 1));
  const bars = assigned
    .filter((one) => one.slot === slot && one.number === number)
    .map(({ bar: { index, kind, length }, address }) => ({ index, kind, length, address }));
  return { slot, function: number, name: pci.name, config: toBase64(config), bars, capabilities: chainOf(config) };
}

function chainOf(config: Uint8Array): CapabilityDescription[] {
  const found: CapabilityDescription[] = [];
  let offset = config[CAPABILITIES_POINTER] ?? 0;
  while (offset !== 0 && found.length < MOST_CAPABILITIES) {
    found.push({ offset, id: config[offset] ?? 0, length: config[offset + 2] ?? 0 });
    offset = config[offset + 1] ?? 0;
  }
  return found;
}

function describeTable({ name, length, describe }: KnownTables['tables'][number]): TableDescription {
  return { name, length, registers: plain(describe()) as TableDescription['registers'] };
}

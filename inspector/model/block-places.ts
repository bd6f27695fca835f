/** Which block of registers lies where: from the capabilities of a function, as a driver finds them. */
import type { TableDescription } from '../../trace/machine-description.ts';
import { capabilitiesOf, virtioDeviceId } from './config-space.ts';
import { functionOf } from './functions.ts';
import type { MachineModel } from './machine-model.ts';
import { tableNamed, valueAt } from './register-values.ts';

/** A place in a block. */
export interface BlockPlace {
  /** As events name it. */
  readonly block: string;
  readonly offset: number;
  /** Name of its table; undefined where it has none, or that is found otherwise. */
  readonly table: string | undefined;
}

type Known = Pick<MachineModel, 'description' | 'devices' | 'functions'>;

const NOTIFY = 2;
const DEVICE = 4;

/** What events call the device-specific configuration. */
const CONFIG = 'device_cfg';
/** What they call the registers by MMIO, and where those say what the device is. */
export const MMIO = 'registers';
const DEVICE_ID = 0x008;

/**
 * The block an access to a BAR reaches, of those whose registers tell nothing themselves: notifications and the
 * device-specific configuration.
 */
export function blockInBar(model: Known, device: string, bar: number, offset: number): BlockPlace | undefined {
  const found = functionOf(model, device);
  if (found === undefined) return undefined;
  for (const { structure } of capabilitiesOf(found.config)) {
    if (structure === undefined || structure.bar !== bar) continue;
    if (offset < structure.offset || offset >= structure.offset + structure.length) continue;
    const place = offset - structure.offset;
    if (structure.type === NOTIFY) return { block: 'notify', offset: place, table: undefined };
    if (structure.type === DEVICE) return { block: CONFIG, offset: place, table: configTable(model, found.config) };
  }
  return undefined;
}

/** Name of the table of the device-specific configuration of a function. */
function configTable({ description }: Known, config: readonly number[]): string | undefined {
  const id = virtioDeviceId(config);
  return id === undefined ? undefined : description?.configTables?.[id];
}

/**
 * The same of a device by MMIO, whose `DeviceID` is a register like others; of other blocks that tell of themselves nothing is
 * said.
 *
 * @param seen the bytes that were seen of its registers
 */
export function tableByMmio(
  { description }: Pick<MachineModel, 'description'>,
  block: string,
  seen: readonly number[],
): string | undefined {
  const id = block === CONFIG ? valueAt(seen, DEVICE_ID, 4) : undefined;
  return id === undefined ? undefined : description?.configTables?.[Number(id)];
}

/** Names of blocks whose table has another one. */
const TABLES: Readonly<Record<string, string>> = { msix_table: 'msix_entry', msix_pba: 'msix_pending' };

const MMIO_VERSION = 0x004;

/** The table of a block. Registers by MMIO say their layout by `Version`, which a driver reads among the first. */
export function tableOfBlock(
  { description }: Pick<MachineModel, 'description'>,
  {
    block,
    table,
    bytes,
  }: { readonly block: string; readonly table: string | undefined; readonly bytes: readonly number[] },
  access?: { readonly offset: number; readonly value: number },
): TableDescription | undefined {
  if (table !== undefined) return tableNamed(description, table);
  if (block !== MMIO) return tableNamed(description, TABLES[block] ?? block);
  const version = access?.offset === MMIO_VERSION ? access.value : bytes[MMIO_VERSION];
  if (version === 1) return tableNamed(description, 'virtio_mmio_legacy');
  return version === 2 ? tableNamed(description, 'virtio_mmio') : undefined;
}

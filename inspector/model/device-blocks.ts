/** The blocks of registers a device has: those its capabilities lead to, and any other that was touched. */
import type { TableDescription } from '../../trace/machine-description.ts';
import { tableOfBlock } from './block-places.ts';
import { capabilitiesOf, type PlacedBar, virtioDeviceId } from './config-space.ts';
import { functionOf } from './functions.ts';
import { msixOf } from './interrupts.ts';
import type { MachineModel } from './machine-model.ts';
import { entryOf } from './per-device.ts';
import type { BlockModel } from './register-blocks.ts';
import { tableNamed, valueAt } from './register-values.ts';

/** A block, touched or not. */
export interface KnownBlock {
  /** As events name it. */
  readonly block: string;
  /** Where it lies: `BAR 4 + 0x1000`; empty where that is not known. */
  readonly where: string;
  readonly length: number | undefined;
  readonly table: TableDescription | undefined;
  /** What went over the bus; undefined where nothing did. */
  readonly seen: BlockModel | undefined;
}

/** What the structure of a cfg_type is called in events. @spec virtio 1.2 §4.1.4 Virtio Structure PCI Capabilities */
const STRUCTURE_BLOCKS: Readonly<Record<number, string>> = { 1: 'common_cfg', 2: 'notify', 3: 'isr', 4: 'device_cfg' };

/** PCI device ids of virtio devices without a legacy interface begin here. @spec virtio 1.2 §4.1.2 PCI Device Discovery */
const MODERN_IDS = 0x1040;

/** The blocks of a device, in the order of its capabilities. */
export function blocksOf(model: MachineModel, device: string): KnownBlock[] {
  const seen = entryOf(model.registers, device)?.blocks ?? [];
  const config = functionOf(model, device)?.config ?? [];
  const placed = capabilitiesOf(config)
    .flatMap(({ structure }) => {
      const block = structure && STRUCTURE_BLOCKS[structure.type];
      return block === undefined || structure === undefined ? [] : [{ block, ...structure }];
    })
    .sort((a, b) => a.bar - b.bar || a.offset - b.offset)
    .map(({ block, bar, offset, length }) => ({ block, where: `BAR ${bar} + 0x${offset.toString(16)}`, length }));
  const others = seen
    .filter(({ block }) => !placed.some((one) => one.block === block))
    .map(({ block }) => ({ block, where: '', length: undefined }));
  return [...placed, ...others].map((one) => {
    const found = seen.find(({ block }) => block === one.block);
    const bytes = found?.bytes ?? [];
    const table = one.block === 'device_cfg' ? configTable(model, config) : undefined;
    return {
      ...one,
      seen: found,
      table: table ?? tableOfBlock(model, { block: one.block, table: found?.table, bytes }),
    };
  });
}

function configTable({ description }: MachineModel, config: readonly number[]): TableDescription | undefined {
  const id = virtioDeviceId(config);
  const name = id === undefined ? undefined : description?.configTables?.[id];
  return name === undefined ? undefined : tableNamed(description, name);
}

/** A register of any of the device's blocks by name, and the value last seen of it. */
export function seenValue(
  blocks: readonly KnownBlock[],
  names: readonly string[],
  select?: number,
): bigint | undefined {
  for (const { table, seen } of blocks) {
    const register = table?.registers.find(({ name }) => names.includes(name));
    if (register === undefined || seen === undefined) continue;
    const bytes =
      register.selectedBy === undefined ? seen.bytes : seen.selected.find((one) => one.select === select)?.bytes;
    const value = bytes && valueAt(bytes, register.at, register.width);
    if (value !== undefined) return value;
  }
  return undefined;
}

/** Virtio device id of a device on any bus; undefined where it is not known. */
export function deviceIdOf(model: MachineModel, device: string): number | undefined {
  const config = functionOf(model, device)?.config;
  if (config !== undefined) return virtioDeviceId(config);
  const id = seenValue(blocksOf(model, device), ['DeviceID']);
  return id === undefined ? undefined : Number(id);
}

/** Feature bits the device offers, as far as the driver has looked at them or they were told. */
export function offeredFeatures(model: MachineModel, device: string): bigint {
  const told = entryOf(model.lives, device)?.features.offered ?? '';
  if (told !== '') return BigInt(told);
  const blocks = blocksOf(model, device);
  const page = (select: number) => seenValue(blocks, ['device_feature', 'DeviceFeatures'], select) ?? 0n;
  const legacy = seenValue(blocks, ['device_features']) ?? 0n;
  return page(0) | (page(1) << 32n) | legacy;
}

/** What a vector is for, as the driver chose. */
export function vectorUses(model: MachineModel, device: string): { readonly vector: number; readonly use: string }[] {
  const blocks = blocksOf(model, device);
  const uses: { vector: number; use: string }[] = [];
  const config = seenValue(blocks, ['config_msix_vector']);
  if (config !== undefined) uses.push({ vector: Number(config), use: 'configuration' });
  const queues = new Set(blocks.flatMap(({ seen }) => seen?.selected.map(({ select }) => select) ?? []));
  for (const queue of [...queues].sort((a, b) => a - b)) {
    const vector = seenValue(blocks, ['queue_msix_vector'], queue);
    if (vector !== undefined) uses.push({ vector: Number(vector), use: `queue ${queue}` });
  }
  const most = msixOf(functionOf(model, device)?.config ?? [])?.vectors ?? 0;
  return uses.filter(({ vector }) => vector < most);
}

/** What lies in a BAR of a function, as its capabilities say; of a transitional device the first I/O BAR is the legacy interface. */
export function heldIn(config: readonly number[], { index, kind }: Pick<PlacedBar, 'index' | 'kind'>): string[] {
  const structures = capabilitiesOf(config).filter(({ structure }) => structure?.bar === index && structure.type !== 5);
  const msix = msixOf(config);
  const transitional = virtioDeviceId(config) !== undefined && Number(valueAt(config, 0x02, 2) ?? 0n) < MODERN_IDS;
  return [
    ...structures.map(({ name }) => name),
    ...(msix?.table.bar === index ? ['MSI-X table'] : []),
    ...(msix?.pending.bar === index ? ['MSI-X pending bits'] : []),
    ...(transitional && index === 0 && kind === 'io' ? ['legacy interface'] : []),
  ];
}

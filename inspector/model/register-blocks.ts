/** Blocks of registers of each device: the values that went over the bus, and the last accesses. */
import type { EventId } from '../../devices/events.ts';
import type { TraceEvent } from '../../trace/event.ts';
import type { TableDescription } from '../../trace/machine-description.ts';
import { type BlockPlace, blockInBar, MMIO, tableByMmio, tableOfBlock } from './block-places.ts';
import type { MachineModel } from './machine-model.ts';
import { addLast, emptyLast, emptyPerDevice, entryFor, type LastOf, type PerDevice } from './per-device.ts';
import { byteOf, type RegisterFacts, registersAt, UNSEEN, valueAt, writeMask, writtenByte } from './register-values.ts';

/** Blocks kept of a device. */
const MOST_BLOCKS = 16;
/** Bytes kept of a block. */
const MOST_BYTES = 1024;
/** Values of a selector for which the registers it selects are kept. */
const MOST_SELECTED = 64;
/** Accesses kept of a block. */
const MOST_ACCESSES = 48;

/** One access. */
export interface BlockAccess {
  readonly event: EventId;
  readonly time: number;
  readonly write: boolean;
  readonly offset: number;
  readonly width: number;
  readonly value: number;
  /** The registers by name, with their bits, where that was told. */
  readonly text: string;
  refused?: true;
}

/** What several registers in one place hold: by the value of their selector. */
export interface SelectedBytes {
  readonly select: number;
  /** Of the whole block; those that are not selected are never seen. */
  bytes: number[];
}

/** One block. */
export interface BlockModel {
  /** As events name it. */
  readonly block: string;
  /** Name of its table, where it has one. */
  table: string | undefined;
  /** Bytes that were seen to be read or written; -1 for others. */
  bytes: number[];
  selected: SelectedBytes[];
  reads: number;
  writes: number;
  refused: number;
  accesses: LastOf<BlockAccess>;
}

/** The blocks of one device, in the order in which they were first touched. */
export interface DeviceBlocks {
  blocks: BlockModel[];
  /** Accesses to blocks that are left out. */
  notKept: number;
}

/** All of them. */
export type RegisterBlocksModel = PerDevice<DeviceBlocks>;

/** None. */
export const emptyRegisterBlocks = (): RegisterBlocksModel => emptyPerDevice<DeviceBlocks>();

/** Registers whose value the device sets: a write says what the driver wants, and a `status` event what came of it. */
const SET_BY_DEVICE = ['device_status', 'Status'];

/** Takes one event. */
export function foldRegisterBlocks(all: RegisterBlocksModel, event: TraceEvent, model: MachineModel): void {
  switch (event.kind) {
    case 'register-read':
    case 'register-write': {
      const { block, offset, width, value, text } = event.fields;
      // Of the blocks of an array the place is not told here; their accesses come by the BAR.
      if (block.startsWith('msix_')) return;
      const write = event.kind === 'register-write';
      const registers = all.list
        .find(({ device }) => device === event.device)
        ?.blocks.find((one) => one.block === MMIO);
      take(
        all,
        model,
        event.device,
        { block, offset, table: tableByMmio(model, block, registers?.bytes ?? []) },
        { ...about(event, write), offset, width, value, text },
      );
      return;
    }
    case 'bar-read':
    case 'bar-write': {
      const { bar, offset, width, value } = event.fields;
      const place = blockInBar(model, event.device, bar, offset);
      if (place === undefined) return;
      const access = { ...about(event, event.kind === 'bar-write'), offset: place.offset, width, value, text: '' };
      take(all, model, event.device, place, access);
      return;
    }
    case 'write-refused': {
      const { block, offset } = event.fields;
      const refused = all.list.find(({ device }) => device === event.device)?.blocks.find((one) => one.block === block);
      if (refused === undefined) return;
      refused.refused += 1;
      const last = refused.accesses.list.at(-1);
      if (last?.offset === offset && last.write) last.refused = true;
      return;
    }
    case 'status':
      for (const block of all.list.find(({ device }) => device === event.device)?.blocks ?? [])
        moved(block, event, model);
      return;
    default:
  }
}

const about = ({ id, time }: TraceEvent, write: boolean) => ({ event: id, time, write });

function take(
  all: RegisterBlocksModel,
  model: MachineModel,
  device: string,
  { block: name, table }: BlockPlace,
  access: BlockAccess,
): void {
  const blocks = entryFor(all, device, () => ({ blocks: [], notKept: 0 }));
  if (blocks === undefined) return;
  let block = blocks.blocks.find((one) => one.block === name);
  if (block === undefined) {
    if (blocks.blocks.length >= MOST_BLOCKS) {
      blocks.notKept += 1;
      return;
    }
    block = { block: name, table, bytes: [], selected: [], reads: 0, writes: 0, refused: 0, accesses: emptyLast() };
    blocks.blocks.push(block);
  }
  if (access.write) block.writes += 1;
  else block.reads += 1;
  addLast(block.accesses, access, MOST_ACCESSES);
  const described = tableOfBlock(model, block, access);
  block.table ??= described?.name;
  if (described !== undefined) apply(block, described, access);
}

/** What an access says of the values of the registers it touches. */
function apply(block: BlockModel, table: TableDescription, { write, offset, width, value }: BlockAccess): void {
  for (const register of registersAt(table, offset, width)) {
    if (write && SET_BY_DEVICE.includes(register.name)) continue;
    const bytes = bytesFor(block, table, register);
    if (bytes === undefined) continue;
    const mask = writeMask(register);
    const from = Math.max(offset, register.at);
    const end = Math.min(offset + width, register.at + register.width, MOST_BYTES);
    for (let at = from; at < end; at += 1) {
      const byte = byteOf(value, at - offset);
      while (bytes.length <= at) bytes.push(UNSEEN);
      const old = bytes[at] ?? UNSEEN;
      bytes[at] = write ? writtenByte(register.access, old, byte, byteOf(mask, at - register.at)) : byte;
    }
  }
}

/** Where the bytes of a register are kept now; undefined where its selector is not known, or there are too many. */
function bytesFor(block: BlockModel, table: TableDescription, { selectedBy }: RegisterFacts): number[] | undefined {
  if (selectedBy === undefined) return block.bytes;
  const select = selectorValue(block, table, selectedBy);
  if (select === undefined) return undefined;
  const known = block.selected.find((one) => one.select === select && one.bytes !== undefined);
  if (known !== undefined) return known.bytes;
  if (block.selected.length >= MOST_SELECTED) return undefined;
  const made: SelectedBytes = { select, bytes: [] };
  block.selected.push(made);
  return made.bytes;
}

/** The value of a selector, which is 0 until it is written. */
function selectorValue(block: BlockModel, table: TableDescription, name: string): number | undefined {
  const register = table.registers.find((one) => one.name === name);
  if (register === undefined) return undefined;
  return Number(valueAt(block.bytes, register.at, register.width) ?? register.reset);
}

/** The value of a register as far as it was seen; `select` as its selector is now unless given. */
export function registerValue(
  block: BlockModel,
  table: TableDescription,
  register: RegisterFacts,
  select = register.selectedBy === undefined ? undefined : selectorValue(block, table, register.selectedBy),
): bigint | undefined {
  const bytes =
    register.selectedBy === undefined ? block.bytes : block.selected.find((one) => one.select === select)?.bytes;
  return bytes === undefined ? undefined : valueAt(bytes, register.at, register.width);
}

/** The status changed: that is its value now. A reset forgets everything the driver wrote. */
function moved(block: BlockModel, { fields: { to, value } }: TraceEvent<'status'>, model: MachineModel): void {
  const table = tableOfBlock(model, block);
  const status = table?.registers.find(({ name }) => SET_BY_DEVICE.includes(name));
  if (table === undefined || status === undefined) return;
  if (to === 'reset') forgetWritten(block, table);
  for (let index = 0; index < status.width; index += 1) {
    while (block.bytes.length <= status.at + index) block.bytes.push(UNSEEN);
    block.bytes[status.at + index] = byteOf(value, index);
  }
}

function forgetWritten(block: BlockModel, table: TableDescription): void {
  for (const { at, width, access } of table.registers) {
    if (access === 'ro') continue;
    for (const bytes of [block.bytes, ...block.selected.map((one) => one.bytes)]) {
      for (let index = at; index < Math.min(at + width, bytes.length); index += 1) bytes[index] = UNSEEN;
    }
  }
}

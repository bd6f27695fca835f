/** The functions on the PCI bus: their configuration space as it is now, and what the guest did with it. */
import type { EventId } from '../../devices/events.ts';
import { fromBase64 } from '../../trace/base64.ts';
import type { TraceEvent } from '../../trace/event.ts';
import type { FunctionDescription, MachineDescription } from '../../trace/machine-description.ts';
import { CONFIG_LENGTH, configMasks } from './config-space.ts';
import type { MachineModel } from './machine-model.ts';
import { byteOf, writtenByte } from './register-values.ts';

/** Functions a bus can have. */
const MOST_FUNCTIONS = 256;

/** One function. */
export interface FunctionModel {
  readonly slot: number;
  readonly function: number;
  readonly name: string;
  readonly bars: FunctionDescription['bars'];
  /** Configuration space, byte by byte. */
  config: number[];
  /** For each byte the bits that take writes, and whether ones written clear them. */
  readonly masks: number[];
  readonly clears: boolean[];
  /** For each byte the last event that wrote it, and the last that read it; 0 for none. */
  writtenBy: EventId[];
  readBy: EventId[];
  reads: number;
  writes: number;
  /** Writes that had no effect. */
  refused: number;
  /** When the guest first read its ids; undefined until then. */
  found: { readonly event: EventId; readonly time: number } | undefined;
  /** The last access. */
  last:
    | { readonly event: EventId; readonly offset: number; readonly width: number; readonly write: boolean }
    | undefined;
}

/** All functions, and the places where the guest looked in vain. */
export interface FunctionsModel {
  list: FunctionModel[];
  /** Reads of places without a function. */
  vain: number;
  /** Slots that were looked at, those without a function as well. */
  looked: boolean[];
}

/** A bus nothing is known of. */
export function emptyFunctions(): FunctionsModel {
  return { list: [], vain: 0, looked: [] };
}

/** Takes one event. */
export function foldFunctions(functions: FunctionsModel, event: TraceEvent, model: MachineModel): void {
  switch (event.kind) {
    case 'machine':
      functions.list = describe(event.fields.description as MachineDescription);
      break;
    case 'config-read':
    case 'config-write':
      access(functions, event);
      break;
    case 'write-refused':
      if (event.fields.block === 'config_space') {
        const refused = functionOf(model, event.device);
        if (refused !== undefined) refused.refused += 1;
      }
      break;
    case 'pin':
      drivePin(functionOf(model, event.device), event.fields.level);
      break;
    default:
  }
}

/** The function a device is. */
export function functionOf(
  { devices, functions }: Pick<MachineModel, 'devices' | 'functions'>,
  device: string,
): FunctionModel | undefined {
  const plugged = devices.list.find((one) => one.device === device);
  if (plugged?.bus !== 'pci') return undefined;
  return functions.list.find((one) => one.slot === plugged.address && one.function === plugged.function);
}

/** The device a function is; undefined for those that belong to the machine. */
export function deviceOfFunction(
  { devices }: Pick<MachineModel, 'devices'>,
  { slot, function: number }: Pick<FunctionModel, 'slot' | 'function'>,
): string | undefined {
  return devices.list.find((one) => one.bus === 'pci' && one.address === slot && one.function === number)?.device;
}

function describe(description: MachineDescription): FunctionModel[] {
  return description.functions.slice(0, MOST_FUNCTIONS).map((described) => {
    const bytes = fromBase64(described.config) ?? new Uint8Array(0);
    const config = Array.from({ length: CONFIG_LENGTH }, (_, at) => bytes[at] ?? 0);
    return {
      slot: described.slot,
      function: described.function,
      name: described.name,
      bars: described.bars,
      config,
      ...configMasks(description, config, described.bars),
      writtenBy: new Array<EventId>(CONFIG_LENGTH).fill(0),
      readBy: new Array<EventId>(CONFIG_LENGTH).fill(0),
      reads: 0,
      writes: 0,
      refused: 0,
      found: undefined,
      last: undefined,
    };
  });
}

function access(functions: FunctionsModel, event: TraceEvent<'config-read' | 'config-write'>): void {
  const { slot, function: number, offset, width, value } = event.fields;
  const write = event.kind === 'config-write';
  if (Number.isInteger(slot) && slot >= 0 && slot < 32) functions.looked[slot] = true;
  const found = functions.list.find((one) => one.slot === slot && one.function === number);
  if (found === undefined) {
    functions.vain += 1;
    return;
  }
  found.last = { event: event.id, offset, width, write };
  if (write) found.writes += 1;
  else found.reads += 1;
  if (!write && offset < 4) found.found ??= { event: event.id, time: event.time };
  for (let index = 0; index < Math.min(width, 4); index += 1) {
    const at = offset + index;
    const [old, byte] = [found.config[at], byteOf(value, index)];
    if (old === undefined) continue;
    const by = write ? found.writtenBy : found.readBy;
    by[at] = event.id;
    found.config[at] = write ? writtenByte(found.clears[at] ? 'w1c' : 'rw', old, byte, found.masks[at] ?? 0) : byte;
  }
}

/** @spec PCI Local Bus 3.0 §6.2.3 Device Status */
function drivePin(found: FunctionModel | undefined, level: number): void {
  const STATUS = 0x06;
  const INTERRUPT = 0x08;
  if (found === undefined) return;
  const status = found.config[STATUS] ?? 0;
  found.config[STATUS] = level === 1 ? status | INTERRUPT : status & ~INTERRUPT;
}

/** Interrupts of each device: the MSI-X table as it was written, messages, and the interrupt pin. */
import type { EventId } from '../../devices/events.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { capabilitiesOf } from './config-space.ts';
import { functionOf } from './functions.ts';
import type { MachineModel } from './machine-model.ts';
import { addLast, emptyLast, emptyPerDevice, entryFor, type LastOf, type PerDevice } from './per-device.ts';
import { byteOf, UNSEEN, valueAt } from './register-values.ts';

/** Vectors kept of a device, of up to 2048. */
export const MOST_VECTORS = 256;
/** Notifications kept. */
const MOST_NOTIFICATIONS = 48;
/** Bytes of an entry of the table. @spec PCI Local Bus 3.0 §6.8.2 MSI-X Capability and Table Structures */
const ENTRY_LENGTH = 16;

/** One vector. */
export interface VectorModel {
  readonly vector: number;
  /** Its entry in the table, as far as it was seen. */
  bytes: number[];
  sent: number;
  /** Held back, now. */
  pending: boolean;
  heldBack: number;
  last: { readonly event: EventId; readonly time: number } | undefined;
}

/** The device notified the driver. */
export interface NotificationModel {
  readonly event: EventId;
  readonly time: number;
  readonly what: string;
  readonly queue: number | undefined;
  /** Used elements it announces. */
  readonly used: number;
}

/** The interrupts of one device. */
export interface InterruptsOf {
  /** In order of vectors. */
  vectors: VectorModel[];
  /** Events of vectors that are left out. */
  notKept: number;
  notifications: LastOf<NotificationModel>;
  /** Level of the pin, and how often it was raised. */
  level: number;
  raised: number;
}

/** All of them. */
export type InterruptsModel = PerDevice<InterruptsOf>;

/** None. */
export const emptyInterrupts = (): InterruptsModel => emptyPerDevice<InterruptsOf>();

const unheard = (): InterruptsOf => ({ vectors: [], notKept: 0, notifications: emptyLast(), level: 0, raised: 0 });

type Fold<K extends TraceEvent['kind']> = (interrupts: InterruptsOf, event: TraceEvent<K>) => void;

const FOLDS: { readonly [K in TraceEvent['kind']]?: Fold<K> } = {
  notification({ notifications }, { id, time, fields: { what, queue, used = [] } }) {
    addLast(notifications, { event: id, time, what, queue, used: used.length }, MOST_NOTIFICATIONS);
  },
  message(interrupts, { id, time, fields: { vector: number, outcome } }) {
    const vector = vectorOf(interrupts, number);
    if (vector === undefined) return;
    vector.last = { event: id, time };
    vector.pending = outcome === 'pending';
    if (vector.pending) vector.heldBack += 1;
    else vector.sent += 1;
  },
  pin(interrupts, { fields: { level } }) {
    interrupts.level = level;
    if (level === 1) interrupts.raised += 1;
  },
};

/** Takes one event. */
export function foldInterrupts(all: InterruptsModel, event: TraceEvent, model: MachineModel): void {
  if (event.kind === 'bar-read' || event.kind === 'bar-write') {
    touchTable(all, event, model);
    return;
  }
  const fold = FOLDS[event.kind] as Fold<TraceEvent['kind']> | undefined;
  if (fold === undefined) return;
  const interrupts = entryFor(all, event.device, unheard);
  if (interrupts !== undefined) fold(interrupts, event);
}

/** What the MSI-X capability of a function says. */
export interface MsixFacts {
  readonly vectors: number;
  readonly enabled: boolean;
  /** All vectors are masked. */
  readonly masked: boolean;
  readonly table: { readonly bar: number; readonly offset: number };
  readonly pending: { readonly bar: number; readonly offset: number };
}

/** Reads it; undefined where a function has none. @spec PCI Local Bus 3.0 §6.8.2 MSI-X Capability and Table Structures */
export function msixOf(config: readonly number[]): MsixFacts | undefined {
  const capability = capabilitiesOf(config).find(({ table }) => table === 'msix_capability');
  if (capability === undefined) return undefined;
  const dword = (at: number) => Number(valueAt(config, capability.offset + at, 4) ?? 0n);
  const control = Math.floor(dword(0) / 2 ** 16);
  const place = (value: number) => ({ bar: value % 8, offset: value - (value % 8) });
  return {
    vectors: (control & 0x7ff) + 1,
    enabled: (control & 0x8000) !== 0,
    masked: (control & 0x4000) !== 0,
    table: place(dword(4)),
    pending: place(dword(8)),
  };
}

function touchTable(all: InterruptsModel, event: TraceEvent<'bar-read' | 'bar-write'>, model: MachineModel): void {
  const { bar, offset, width, value } = event.fields;
  const found = functionOf(model, event.device);
  const msix = found && msixOf(found.config);
  if (msix === undefined || msix.table.bar !== bar) return;
  const at = offset - msix.table.offset;
  if (at < 0 || at >= msix.vectors * ENTRY_LENGTH) return;
  const interrupts = entryFor(all, event.device, unheard);
  const vector = interrupts && vectorOf(interrupts, Math.floor(at / ENTRY_LENGTH));
  if (vector === undefined) return;
  for (let index = 0; index < Math.min(width, 4); index += 1) {
    const place = (at % ENTRY_LENGTH) + index;
    if (place < ENTRY_LENGTH) vector.bytes[place] = byteOf(value, index);
  }
}

function vectorOf(interrupts: InterruptsOf, vector: number): VectorModel | undefined {
  const known = interrupts.vectors.find((one) => one.vector === vector);
  if (known !== undefined) return known;
  if (interrupts.vectors.length >= MOST_VECTORS) {
    interrupts.notKept += 1;
    return undefined;
  }
  const bytes = new Array<number>(ENTRY_LENGTH).fill(UNSEEN);
  const made: VectorModel = { vector, bytes, sent: 0, pending: false, heldBack: 0, last: undefined };
  interrupts.vectors.push(made);
  interrupts.vectors.sort((a, b) => a.vector - b.vector);
  return made;
}

/** What one row of the table of event kinds is. */
import type { DescriptorSeen } from '../../devices/events.ts';

/** Groups of kinds, as `events=` takes them, and what is in them. */
export const EVENT_GROUPS = {
  pci: 'configuration space and BARs',
  registers: 'the registers of the devices',
  virtio: 'the life of a virtio device and its queues',
  interrupts: 'notifications to the guest',
  '9p': 'messages',
  host: 'system calls',
  machine: 'what the machine consists of',
  trace: 'the trace itself',
} as const;

/** Name of a group of kinds. */
export type EventGroup = keyof typeof EVENT_GROUPS;

/** How a field is shown, written in JSON and read back. */
export type FieldType =
  | 'number'
  | 'hex'
  | 'micros'
  | 'id'
  | 'u64'
  | 'text'
  | 'ids'
  | 'numbers'
  | 'bytes'
  | 'descriptors'
  | 'json';

/** The types a field of a TypeScript type may have. */
type TypesFor<V> = V extends bigint
  ? 'u64'
  : V extends number
    ? 'number' | 'hex' | 'micros' | 'id'
    : V extends string
      ? 'text'
      : V extends Uint8Array
        ? 'bytes'
        : V extends readonly number[]
          ? 'ids' | 'numbers'
          : V extends readonly DescriptorSeen[]
            ? 'descriptors'
            : 'json';

/** One field of a kind. */
export interface FieldRow<T extends FieldType = FieldType> {
  readonly type: T;
  readonly doc: string;
  /** Stands in the braces at the end of a line of text, by its name. */
  readonly note?: true;
}

/** One kind of event. */
export interface KindRow<F> {
  readonly group: EventGroup;
  /** One sentence. */
  readonly doc: string;
  /** Where what happens is specified. */
  readonly spec?: string;
  readonly fields: { readonly [N in keyof F]-?: FieldRow<TypesFor<Exclude<F[N], undefined>>> };
  /** What people read, without the notes. */
  readonly text: (fields: F) => string;
}

/** Rows for a set of kinds, none missing. */
export type KindTable<E> = { readonly [K in keyof E]: KindRow<E[K]> };

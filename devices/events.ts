/**
 * What happens in devices, event by event, for whoever watches: the kinds of events and their fields, and the port devices
 * tell them to. Devices get the port when they are made, or not at all; without it they do nothing for it.
 */

/** Number of an event, by which others refer to it: from 1, in the order of events. */
export type EventId = number;

/** An access to configuration space by the bus's own mechanism. */
export interface ConfigAccess {
  /** 0 to 31. */
  readonly slot: number;
  /** 0 to 7. */
  readonly function: number;
  readonly offset: number;
  readonly width: number;
  readonly value: number;
  /** Registers by name, with their bits. */
  readonly text: string;
}

/** An access to a range a function decodes. */
export interface BarAccess {
  readonly bar: number;
  readonly offset: number;
  readonly width: number;
  readonly value: number;
}

/** An access to a block of registers. */
export interface RegisterAccess {
  readonly block: string;
  readonly offset: number;
  readonly width: number;
  readonly value: number;
  /** Registers by name, with their bits. */
  readonly text: string;
}

/** One descriptor as the device read it. */
export interface DescriptorSeen {
  /** The ring itself, or the indirect table the chain goes on in. */
  readonly table: 'ring' | 'indirect';
  readonly index: number;
  /** Guest physical, rounded beyond 2^53. */
  readonly address: number;
  readonly length: number;
  readonly flags: number;
  /** The next descriptor of a split ring, the buffer id of a packed one. */
  readonly nextOrId: number;
}

/** Told of every descriptor as it is read, before it is judged. */
export type DescriptorListener = (descriptor: DescriptorSeen) => void;

/** The kinds of events of devices, each with its fields. */
export interface DeviceEvents {
  plugged: {
    readonly name: string;
    readonly bus: string;
    /** Slot of the PCI bus, or guest physical address. */
    readonly address: number;
    /** 0 to 7, on the PCI bus. */
    readonly function?: number | undefined;
  };
  'config-read': ConfigAccess;
  'config-write': ConfigAccess;
  'bar-read': BarAccess;
  'bar-write': BarAccess;
  'register-read': RegisterAccess;
  'register-write': RegisterAccess;
  'write-refused': Omit<RegisterAccess, 'text'>;
  status: { readonly from: string; readonly to: string; readonly value: number };
  features: { readonly offered: bigint; readonly accepted: bigint; readonly names: string };
  'features-agreed': { readonly accepted: bigint; readonly names: string };
  'features-refused': { readonly accepted: bigint; readonly why: string };
  queue: {
    readonly queue: number;
    readonly size: number;
    readonly format: string;
    readonly descriptorArea: bigint;
    readonly driverArea: bigint;
    readonly deviceArea: bigint;
  };
  'queue-end': { readonly queue: number; readonly inFlight: number };
  kick: { readonly queue: number };
  chain: {
    readonly queue: number;
    readonly head: number;
    readonly readableLength: number;
    readonly writableLength: number;
    readonly descriptors: readonly DescriptorSeen[];
    /** The last kick of the queue before. */
    readonly kick?: EventId | undefined;
    /** The first bytes the device reads. */
    readonly bytes?: Uint8Array | undefined;
  };
  'ring-fault': {
    readonly queue: number;
    readonly reason: string;
    readonly message: string;
    readonly descriptors: readonly DescriptorSeen[];
  };
  used: {
    readonly queue: number;
    readonly head: number;
    readonly length: number;
    readonly chain?: EventId | undefined;
    /** The first bytes the device wrote. */
    readonly bytes?: Uint8Array | undefined;
  };
  notification: {
    readonly what: string;
    readonly queue?: number | undefined;
    /** The used elements it announces. */
    readonly used?: readonly EventId[] | undefined;
  };
  message: {
    readonly vector: number;
    readonly address: bigint;
    readonly data: number;
    readonly outcome: string;
  };
  pin: { readonly level: number };
  'guest-fault': { readonly message: string };
}

/** Takes the events of one device. */
export interface EventPort {
  /** Most bytes of a buffer an event should carry: 0 to 2^30. */
  readonly snippet: number;
  /** Records an event that happens now; what makes its fields is called, at once, only where somebody wants it. @returns its number. */
  emit<K extends keyof DeviceEvents>(kind: K, fields: DeviceEvents[K] | (() => DeviceEvents[K])): EventId;
  /** Runs `work`; what is recorded meanwhile names `event` as its cause. */
  causing<T>(event: EventId, work: () => T): T;
  /** Lets others find the event that brought a thing: a chain's bytes, by their array. */
  brought(thing: object, event: EventId): void;
  /** The port of a part with a name of its own. */
  of(device: string): EventPort;
}

/** What one event of the stream is, and every kind there is. */
import type { DeviceEvents, EventId } from '../devices/events.ts';

/** The kinds of events of a 9P session, each with its fields. */
export interface SessionEvents {
  request: {
    /** As in the message table, or `T?` and the type byte. */
    readonly name: string;
    readonly tag: number;
    readonly type: number;
    /** Bytes of the message, as it says itself. */
    readonly size: number;
    /** Every fid the message names. */
    readonly fids: readonly number[];
    /** The message in the notation of its table. */
    readonly text: string;
    /** Its fields by name: u64 as decimal strings, names and strings as text, data by its length. */
    readonly fields?: unknown;
    /** The chain it came in. */
    readonly chain?: EventId | undefined;
    /** The message itself, from its first byte on. */
    readonly bytes?: Uint8Array | undefined;
  };
  reply: {
    readonly name: string;
    readonly tag: number;
    readonly type: number;
    readonly size: number;
    readonly text: string;
    readonly fields?: unknown;
    /** Name of the Linux error of a request that failed. */
    readonly error?: string | undefined;
    /** Microseconds since the request. */
    readonly took: number;
    readonly request: EventId;
    readonly chain?: EventId | undefined;
    /** The system calls made for it. */
    readonly calls?: readonly EventId[] | undefined;
    readonly bytes?: Uint8Array | undefined;
  };
  'taken-back': {
    /** Name of the request. */
    readonly name: string;
    readonly tag: number;
    readonly took: number;
    readonly request: EventId;
    readonly chain?: EventId | undefined;
  };
}

/** The kinds of events of the host's side. */
export interface HostEvents {
  'host-call': {
    /** Name of the system call. */
    readonly name: string;
    /** The call with its arguments. */
    readonly text: string;
    /** What it returned: 0 or more, or a negative errno. */
    readonly result: number;
    readonly error?: string | undefined;
    /** Microseconds. */
    readonly took: number;
    /** Where it ran: on the device thread, or in the thread pool. */
    readonly where: string;
    /** The 9P request it was made for. */
    readonly request?: EventId | undefined;
  };
}

/** The kinds of events about the whole. */
export interface StreamEvents {
  machine: { readonly description: unknown };
  dropped: { readonly count: number; readonly first: EventId };
}

/** Every kind of event with its fields. */
export type Events = DeviceEvents & SessionEvents & HostEvents & StreamEvents;

/** Name of a kind of event. */
export type EventKind = keyof Events;

interface EventOf<K extends EventKind> {
  /** From 1, without gaps but those that `dropped` accounts for. */
  readonly id: EventId;
  /** Microseconds since the stream began; never less than that of the event before. */
  readonly time: number;
  readonly kind: K;
  /** Mount tag or id of the device, or name of the client. Empty for what belongs to none. */
  readonly device: string;
  /** The event this one follows from directly, where that is known. */
  readonly cause?: EventId | undefined;
  readonly fields: Events[K];
  /** What happened in the words of the file, where it was read from a file of text, which does not have every field. */
  readonly shown?: string | undefined;
}

/** One event, of a kind or of any. */
export type TraceEvent<K extends EventKind = EventKind> = { [N in K]: EventOf<N> }[K];

/** Where and when a stream was recorded: the first thing in every file. */
export interface TraceHeader {
  /** Version of the program that recorded it. */
  readonly program: string;
  /** Milliseconds since the epoch at time 0 of the stream. */
  readonly started: number;
}

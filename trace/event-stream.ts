/** The one stream of events of a machine or a server: numbers, times and links, and whoever takes them. */
import type { DeviceEvents, EventId, EventPort } from '../devices/events.ts';
import type { EventKind, Events, TraceEvent } from './event.ts';

/** Takes events as they happen; it must not keep the machine waiting for long. */
export interface EventSink {
  /** Most bytes of each 9P message wanted; none unless given. */
  readonly messageBytes?: number;
  /** Most bytes of each buffer of a ring wanted; none unless given. */
  readonly bufferBytes?: number;
  /**
   * Whether the event that happens now is wanted: asked for each, before `take`. One that no sink wants has a number, and
   * nothing else of it is made.
   */
  wants?(kind: EventKind, id: EventId, time: number): boolean;
  /** The event is immutable and may be kept. */
  take(event: TraceEvent): void;
}

/** What can be chosen about a stream. */
export interface EventStreamOptions {
  /** Monotonic time in microseconds. */
  readonly clock?: () => number;
  /** Milliseconds since the epoch at time 0. */
  readonly started?: number;
  /** Is told why a sink is not called again. */
  readonly onSinkFailure?: (error: unknown) => void;
}

/** Hands events from where they happen to every sink, in order. */
export class EventStream {
  /** Milliseconds since the epoch at time 0. */
  readonly started: number;
  readonly #clock: () => number;
  readonly #zero: number;
  readonly #onSinkFailure: (error: unknown) => void;
  readonly #brought = new WeakMap<object, EventId>();
  /** What was brought last, mostly asked for at once: a WeakMap costs more than all else of an event that nobody wants. */
  #newest: { thing: object; event: EventId } | undefined;
  #sinks: readonly EventSink[] = [];
  #count = 0;
  #time = 0;
  #cause: EventId | undefined;

  constructor({
    clock = () => performance.now() * 1000,
    started = Date.now(),
    onSinkFailure,
  }: EventStreamOptions = {}) {
    this.started = started;
    this.#clock = clock;
    this.#zero = clock();
    this.#onSinkFailure = onSinkFailure ?? ((error) => console.error('tsvmm: a trace cannot go on:', error));
  }

  /** Events so far. */
  get count(): number {
    return this.#count;
  }

  /** Most bytes of a 9P message that a sink wants. */
  get messageBytes(): number {
    return this.#sinks.reduce((most, { messageBytes = 0 }) => Math.max(most, messageBytes), 0);
  }

  /** Most bytes of a buffer that a sink wants. */
  get bufferBytes(): number {
    return this.#sinks.reduce((most, { bufferBytes = 0 }) => Math.max(most, bufferBytes), 0);
  }

  /** Adds a taker of events, from the next one on; returns what removes it. */
  add(sink: EventSink): () => void {
    this.#sinks = [...this.#sinks, sink];
    return () => {
      this.#sinks = this.#sinks.filter((other) => other !== sink);
    };
  }

  /** Microseconds since the stream began, as whole as events have them. */
  now(): number {
    return Math.max(this.#time, Math.round(this.#clock() - this.#zero));
  }

  /**
   * Records an event that happens now. `cause` is what it follows from, by default what `causing` says. What makes its fields is
   * called, at once, only where a sink wants it.
   */
  emit<K extends EventKind>(
    device: string,
    kind: K,
    fields: Events[K] | (() => Events[K]),
    cause = this.#cause,
  ): EventId {
    const id = ++this.#count;
    const time = this.now();
    this.#time = time;
    let event: TraceEvent | undefined;
    for (const sink of this.#sinks) {
      try {
        if (sink.wants?.(kind, id, time) === false) continue;
        event ??= made(id, time, kind, device, cause, typeof fields === 'function' ? fields() : fields);
        sink.take(event);
      } catch (error) {
        this.#sinks = this.#sinks.filter((other) => other !== sink);
        this.#onSinkFailure(error);
      }
    }
    return id;
  }

  /** Runs `work`; events recorded meanwhile name `event` as their cause. */
  causing<T>(event: EventId, work: () => T): T {
    const before = this.#cause;
    this.#cause = event;
    try {
      return work();
    } finally {
      this.#cause = before;
    }
  }

  /** Remembers which event brought a thing, for as long as there is the thing. */
  brought(thing: object, event: EventId): void {
    if (this.#newest !== undefined) this.#brought.set(this.#newest.thing, this.#newest.event);
    this.#newest = { thing, event };
  }

  /** The event that brought a thing; whoever serves the thing asks once. */
  broughtBy(thing: object): EventId | undefined {
    if (this.#newest?.thing === thing) {
      const { event } = this.#newest;
      this.#newest = undefined;
      return event;
    }
    return this.#brought.get(thing);
  }

  /** What a device tells its events to. */
  port(device: string): EventPort {
    const stream = this;
    return {
      get snippet() {
        return stream.bufferBytes;
      },
      emit: <K extends keyof DeviceEvents>(kind: K, fields: DeviceEvents[K] | (() => DeviceEvents[K])) =>
        stream.emit<K>(device, kind, fields as Events[K] | (() => Events[K])),
      causing: (event, work) => stream.causing(event, work),
      brought: (thing, event) => stream.brought(thing, event),
      of: (other) => stream.port(other),
    };
  }
}

/** One shape with a cause and one without: spreading one in takes several times as long. */
function made<K extends EventKind>(
  id: EventId,
  time: number,
  kind: K,
  device: string,
  cause: EventId | undefined,
  fields: Events[K],
): TraceEvent {
  return (
    cause === undefined ? { id, time, kind, device, fields } : { id, time, kind, device, cause, fields }
  ) as TraceEvent;
}

/** From events to bytes that may not all be taken. */
import type { EventId } from '../devices/events.ts';
import type { TraceEvent } from './event.ts';
import type { EventSink } from './event-stream.ts';
import type { TraceEncoder } from './formats/encoder.ts';

/** Takes bytes; false says they are lost. */
export type TakeBytes = (bytes: Uint8Array) => boolean;

/**
 * Writes the events that pass a filter. What the other side cannot take is counted, and a `dropped` event stands in its
 * place as soon as it takes something again.
 */
export class EncodedSink implements EventSink {
  readonly messageBytes: number;
  readonly bufferBytes: number;
  readonly #encoder: TraceEncoder;
  readonly #wanted: (event: TraceEvent) => boolean;
  readonly #take: TakeBytes;
  #lost: { count: number; readonly first: EventId; last: TraceEvent } | undefined;
  #lostInAll = 0;

  constructor(encoder: TraceEncoder, wanted: (event: TraceEvent) => boolean, take: TakeBytes) {
    this.messageBytes = encoder.messageBytes;
    this.bufferBytes = encoder.bufferBytes;
    this.#encoder = encoder;
    this.#wanted = wanted;
    this.#take = take;
    take(encoder.head());
  }

  /** Events that could not be written. */
  get lost(): number {
    return this.#lostInAll;
  }

  take(event: TraceEvent): void {
    if (!this.#wanted(event)) return;
    if (this.#lost !== undefined && this.#say(this.#lost)) this.#lost = undefined;
    if (this.#lost === undefined && this.#put(event)) return;
    this.#lostInAll += 1;
    this.#lost ??= { count: 0, first: event.id, last: event };
    this.#lost.count += 1;
    this.#lost.last = event;
  }

  /** Writes what comes after the last event. */
  end(): void {
    if (this.#lost !== undefined) this.#say(this.#lost);
    this.#put(this.#encoder.end());
  }

  #say({ count, first, last: { id, time } }: { count: number; first: EventId; last: TraceEvent }): boolean {
    return this.#put({ id, time, kind: 'dropped', device: '', fields: { count, first } });
  }

  #put(what: TraceEvent | Uint8Array): boolean {
    const bytes = 'kind' in what ? this.#encoder.encode(what) : what;
    return bytes.length === 0 || this.#take(bytes);
  }
}

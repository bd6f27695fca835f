/**
 * What was told so far, as far as it is kept: pieces of the stream ready to be sent, in chunks that each begin with the state
 * of the model there. So a page can begin at any chunk, and whole chunks can be given up.
 */
import { emptyModel, foldEvent, type MachineModel } from '../../inspector/model/machine-model.ts';
import type { ServerMessage } from '../../inspector/protocol.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { eventFromJson } from '../../trace/event-json.ts';

/** How much is kept. */
export interface HistoryLimits {
  /** In all, states of the model included. */
  readonly bytes: number;
  readonly events: number;
  /** Of one chunk, about. */
  readonly chunkBytes: number;
  readonly chunkEvents: number;
}

export const USUAL_LIMITS: HistoryLimits = {
  bytes: 32 * 2 ** 20,
  events: 65_536,
  chunkBytes: 2 ** 20,
  chunkEvents: 4096,
};

/** A message with some events. */
export interface Frame {
  readonly message: Buffer;
  readonly events: number;
  /** Id of its last event. */
  readonly last: number;
}

/** A stretch of the stream. */
export class Chunk {
  /** The state before its first event, as a message. */
  readonly snapshot: Buffer;
  /** Id of the first event that is not in the snapshot. */
  readonly next: number;
  /** Time of the last event that is. */
  readonly time: number;
  /** Events told before it. */
  readonly before: number;
  readonly frames: Frame[] = [];
  events = 0;
  bytes: number;
  following: Chunk | undefined;
  /** No longer kept. */
  gone = false;

  constructor(model: MachineModel, before: number) {
    this.next = model.last + 1;
    this.time = model.time;
    this.before = before;
    this.snapshot = encoded({ kind: 'snapshot', model, next: this.next });
    this.bytes = this.snapshot.length;
  }
}

/** Keeps the end of the stream. */
export class EventHistory {
  readonly #limits: HistoryLimits;
  readonly #onFailure: (error: unknown) => void;
  readonly #model = emptyModel();
  #first: Chunk;
  #last: Chunk;
  #told = 0;
  #events = 0;
  #bytes: number;

  /** @param onFailure is told of an event that the model does not take; it is shown all the same */
  constructor(onFailure: (error: unknown) => void, limits: HistoryLimits = USUAL_LIMITS) {
    this.#onFailure = onFailure;
    this.#limits = limits;
    this.#first = this.#last = new Chunk(this.#model, 0);
    this.#bytes = this.#first.bytes;
  }

  /** Where what is kept begins. */
  get first(): Chunk {
    return this.#first;
  }

  /** Where a page begins that can have no more than the newest. */
  get last(): Chunk {
    return this.#last;
  }

  /** Bytes kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds events: objects of JSON with commas between them. */
  append(text: string): void {
    const events = (JSON.parse(`[${text}]`) as unknown[]).map(eventFromJson);
    const newest = events.at(-1);
    if (newest === undefined) return;
    const { chunkBytes, chunkEvents } = this.#limits;
    if (this.#last.events >= chunkEvents || this.#last.bytes - this.#last.snapshot.length >= chunkBytes) this.#begin();
    for (const event of events) this.#fold(event);
    const message = Buffer.from(`{"kind":"events","events":[${text}]}`);
    const chunk = this.#last;
    chunk.frames.push({ message, events: events.length, last: newest.id });
    chunk.events += events.length;
    chunk.bytes += message.length;
    this.#told += events.length;
    this.#events += events.length;
    this.#bytes += message.length;
    this.#giveUp();
  }

  #fold(event: TraceEvent): void {
    try {
      foldEvent(this.#model, event);
    } catch (error) {
      this.#onFailure(error);
    }
  }

  #begin(): void {
    const chunk = new Chunk(this.#model, this.#told);
    this.#last.following = chunk;
    this.#last = chunk;
    this.#bytes += chunk.bytes;
  }

  #giveUp(): void {
    while (this.#bytes > this.#limits.bytes || this.#events > this.#limits.events) {
      const chunk = this.#first;
      if (chunk.following === undefined) return;
      this.#first = chunk.following;
      this.#bytes -= chunk.bytes;
      this.#events -= chunk.events;
      chunk.gone = true;
      chunk.frames.length = 0;
    }
  }
}

/** A message of the server as it is sent. */
export function encoded(message: ServerMessage): Buffer {
  return Buffer.from(JSON.stringify(message));
}

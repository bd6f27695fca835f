import { type Chunk, type EventHistory, encoded } from './event-history.ts';

/** How far one page has been shown the stream. It keeps nothing of it: what is no longer in the history is passed over and counted. */
export class EventCursor {
  readonly #history: EventHistory;
  #chunk: Chunk;
  /** Frames of the chunk that were shown; -1 before its snapshot. */
  #at = -1;
  /** Events passed, shown or not, and the id of the next one. */
  #passed: number;
  #next: number;
  /** What is to be said of events that were passed over, after the snapshot. */
  #missing: Buffer | undefined;

  constructor(history: EventHistory) {
    this.#history = history;
    this.#chunk = history.first;
    this.#passed = this.#chunk.before;
    this.#next = this.#chunk.next;
  }

  /** The next message for the page; undefined where it has been shown everything. */
  take(): Buffer | undefined {
    if (this.#chunk.gone) return this.#jump();
    const missing = this.#missing;
    this.#missing = undefined;
    if (missing !== undefined) return missing;
    if (this.#at < 0) {
      this.#at = 0;
      return this.#chunk.snapshot;
    }
    const frame = this.#chunk.frames[this.#at];
    if (frame !== undefined) {
      this.#at += 1;
      this.#passed += frame.events;
      this.#next = frame.last + 1;
      return frame.message;
    }
    if (this.#chunk.following === undefined) return undefined;
    // The page has the state already.
    this.#chunk = this.#chunk.following;
    this.#at = 0;
    return this.take();
  }

  /** Begins anew with the newest chunk, and says how much is missing. */
  #jump(): Buffer {
    const chunk = this.#history.last;
    const [count, first] = [chunk.before - this.#passed, this.#next];
    const dropped = { id: chunk.next - 1, time: chunk.time, kind: 'dropped', device: '', count, first };
    this.#missing = count === 0 ? undefined : encoded({ kind: 'events', events: [dropped] });
    this.#chunk = chunk;
    this.#at = 0;
    this.#passed = chunk.before;
    this.#next = chunk.next;
    return chunk.snapshot;
  }
}

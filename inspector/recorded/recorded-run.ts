/** A recorded run: entered at any place, played, and stepped through. */
import type { EventId } from '../../devices/events.ts';
import type { TraceEvent, TraceHeader } from '../../trace/event.ts';
import { RecordingReader } from '../../trace/recording/recording-reader.ts';
import type { Inspected, InspectedControl, InspectedListener, InspectedTimeline } from '../inspected.ts';
import type { StepChoice } from '../protocol.ts';
import { type Checkpoint, Checkpoints, STATE_DISTANCE } from './checkpoints.ts';

/** Events handed over at once, about. */
const BATCH = 512;

/** Milliseconds between two looks at the clock while it plays. */
const TICK_MS = 40;

/** A recording as something to inspect. */
export class RecordedRun implements Inspected {
  readonly kind = 'recording';
  readonly header: TraceHeader;
  readonly control: InspectedControl;
  readonly timeline: InspectedTimeline;
  /** The file stops in the middle: the run was killed. */
  readonly truncated: boolean;
  readonly #reader: RecordingReader;
  readonly #checkpoints: Checkpoints;
  #listener: InspectedListener | undefined;
  /** What comes next, and the event of it that was looked at and not handed over. */
  #ahead: AsyncGenerator<TraceEvent> | undefined;
  #next: TraceEvent | undefined;
  #time = 0;
  #last: EventId = 0;
  /** Number of the last wish; work for an older one ends. */
  #wish = 0;
  /** Settles when no work is under way. */
  #work: Promise<void> = Promise.resolve();

  private constructor(reader: RecordingReader, checkpoints: Checkpoints) {
    this.#reader = reader;
    this.#checkpoints = checkpoints;
    this.header = reader.header;
    this.truncated = reader.truncated;
    this.control = {
      pause: () => void this.#instead(() => this.#stand()),
      resume: () => void this.#instead((wish) => this.#play(wish)),
      step: (before) => void this.#instead((wish) => this.#step(wish, before)),
    };
    this.timeline = {
      count: checkpoints.count,
      duration: checkpoints.duration,
      rate: 1,
      seek: (microseconds) =>
        this.#instead((wish) =>
          this.#seek(
            wish,
            ({ time }) => time < microseconds,
            ({ time }) => time > microseconds,
          ),
        ),
      seekEvent: (id) =>
        this.#instead((wish) =>
          this.#seek(
            wish,
            ({ last }) => last < id,
            (event) => event.id > id,
          ),
        ),
    };
  }

  /**
   * Reads a recording; `progress` is told the part that is done, 0 to 1. `distance` are the events between two states kept.
   *
   * @throws TraceError where it is none, or damaged.
   */
  static async open(
    bytes: Uint8Array,
    progress?: (part: number) => void,
    distance = STATE_DISTANCE,
  ): Promise<RecordedRun> {
    const reader = await RecordingReader.open(bytes);
    return new RecordedRun(reader, await Checkpoints.of(reader, progress, distance));
  }

  /** Begins at the end of the run, where everything is told. */
  listen(listener: InspectedListener): () => void {
    this.#listener = listener;
    void this.timeline.seek(this.timeline.duration);
    return () => {
      this.#wish += 1;
      this.#listener = undefined;
    };
  }

  /** Ends what is under way, then does this. What goes wrong ends the showing. */
  #instead(work: (wish: number) => Promise<void> | void): Promise<void> {
    const wish = ++this.#wish;
    this.#work = this.#work
      .then(() => (wish === this.#wish ? work(wish) : undefined))
      .catch((error: unknown) => this.#listener?.ended(error instanceof Error ? error.message : String(error)));
    return this.#work;
  }

  async #seek(
    wish: number,
    isBefore: (checkpoint: Checkpoint) => boolean,
    isAfter: (event: TraceEvent) => boolean,
  ): Promise<void> {
    this.#restart(this.#checkpoints.before(isBefore));
    await this.#until(wish, isAfter);
    if (wish === this.#wish) this.#stand();
  }

  /** Goes on to the next event of the choice, which is the last one handed over then. */
  async #step(wish: number, { kinds, device }: StepChoice): Promise<void> {
    let found = false;
    await this.#until(wish, (event) => {
      if (found) return true;
      found = (kinds.length === 0 || kinds.includes(event.kind)) && (device === undefined || event.device === device);
      return false;
    });
    if (wish === this.#wish) this.#stand();
  }

  /** Hands events over as fast as they happened, times the rate; from the beginning where nothing follows. */
  async #play(wish: number): Promise<void> {
    const { timeline } = this;
    if (this.#last >= this.#checkpoints.lastId) this.#restart(this.#checkpoints.origin);
    this.#listener?.runState({ running: true });
    let [clock, time] = [performance.now(), this.#time];
    while (wish === this.#wish && time < timeline.duration) {
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
      const now = performance.now();
      time += (now - clock) * 1000 * timeline.rate;
      clock = now;
      await this.#until(wish, (event) => event.time > time);
    }
    if (wish === this.#wish) this.#stand();
  }

  #restart({ time, last, model }: Checkpoint): void {
    this.#ahead = undefined;
    this.#next = undefined;
    [this.#time, this.#last] = [time, last];
    this.#listener?.restarted(structuredClone(model));
  }

  #stand(): void {
    this.#listener?.runState({ running: false, before: this.#last });
  }

  /** Hands events over up to the first one that is too far, in batches. */
  async #until(wish: number, isTooFar: (event: TraceEvent) => boolean): Promise<void> {
    let batch: TraceEvent[] = [];
    const hand = () => {
      if (batch.length > 0) this.#listener?.events(batch);
      batch = [];
    };
    while (wish === this.#wish) {
      const event = this.#next ?? (await this.#read());
      this.#next = event;
      if (wish !== this.#wish || event === undefined || isTooFar(event)) break;
      this.#next = undefined;
      [this.#time, this.#last] = [event.time, event.id];
      batch.push(event);
      if (batch.length < BATCH) continue;
      hand();
      await new Promise((resolve) => setTimeout(resolve));
    }
    hand();
  }

  /** The next event that was not handed over; undefined at the end. */
  async #read(): Promise<TraceEvent | undefined> {
    this.#ahead ??= this.#reader.from(this.#time);
    const ahead = this.#ahead;
    for (;;) {
      const { done, value } = await ahead.next();
      if (done) return undefined;
      if (value.id > this.#last) return value;
    }
  }
}

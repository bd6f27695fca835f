/** States of a recorded run, every few thousand events: any place is a short way from one of them. */
import type { EventId } from '../../devices/events.ts';
import type { RecordingReader } from '../../trace/recording/recording-reader.ts';
import { emptyModel, foldEvent, type MachineModel } from '../model/machine-model.ts';

/** Events between two states, unless told otherwise. */
export const STATE_DISTANCE = 4096;

/** Distances there are to scroll back over from any place, where the run has as many before it. */
const SCROLL_BACK = 4;

/** Most states kept: of a long run those before are thinned out. */
const MOST_STATES = 64;

/** A state, and where it is. */
export interface Checkpoint {
  readonly events: number;
  readonly last: EventId;
  readonly time: number;
  readonly model: MachineModel;
}

/** Where a run begins. */
const ORIGIN: Checkpoint = { events: 0, last: 0, time: 0, model: emptyModel() };

/** The states of one recording. */
export class Checkpoints {
  readonly list: readonly Checkpoint[];
  /** Microseconds from the beginning to the last event. */
  readonly duration: number;
  readonly count: number;
  readonly lastId: EventId;
  readonly origin = ORIGIN;
  readonly #scrollBack: number;

  private constructor(list: readonly Checkpoint[], { events, time, last }: MachineModel, scrollBack: number) {
    this.list = list;
    this.#scrollBack = scrollBack;
    this.count = events;
    this.duration = time;
    this.lastId = last;
  }

  /** Goes through the whole recording once; `progress` is told the part that is done, 0 to 1. @throws TraceError */
  static async of(
    reader: RecordingReader,
    progress: (part: number) => void = () => {},
    distance = STATE_DISTANCE,
  ): Promise<Checkpoints> {
    const model = emptyModel();
    let list: Checkpoint[] = [ORIGIN];
    let apart = distance;
    for await (const event of reader.from()) {
      foldEvent(model, event);
      if (model.events % distance !== 0) continue;
      progress(model.events / reader.count);
      await new Promise((resolve) => setTimeout(resolve));
      if (model.events % apart !== 0) continue;
      list.push({ events: model.events, last: model.last, time: model.time, model: structuredClone(model) });
      if (list.length <= MOST_STATES) continue;
      apart *= 2;
      list = list.filter(({ events }) => events % apart === 0);
    }
    return new Checkpoints(list, model, SCROLL_BACK * distance);
  }

  /**
   * The state to begin at for a place: not the last one before it but one so much earlier that there is something to
   * scroll back to. `isBefore` says whether a state lies before the place.
   */
  before(isBefore: (checkpoint: Checkpoint) => boolean): Checkpoint {
    const last = this.list.findLast(isBefore) ?? ORIGIN;
    return this.list.findLast(({ events }) => events <= last.events - this.#scrollBack) ?? ORIGIN;
  }
}

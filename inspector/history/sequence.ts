/**
 * The 9P messages as rows of a sequence, requests on one side and replies on the other, as far as a filter lets them. A
 * reply that follows its request at once shares its row; what is open meanwhile runs on through the rows in a lane.
 */
import type { Journey, Journeys } from './journeys.ts';

/** Which requests are shown, with their replies; what is absent shows all. */
export interface SequenceFilter {
  readonly device?: string;
  /** Name of a request: `Twalk`. */
  readonly name?: string;
  readonly tag?: number;
  readonly fid?: number;
  /** Only those that failed: with any error, or the one of that name. */
  readonly error?: string;
  /** In either message, whatever its case. */
  readonly text?: string;
}

/** Any error. */
export const ANY_ERROR = 'any';

/** One row. */
export interface SequenceRow {
  /** The request that was asked here. */
  readonly asked?: Journey;
  /** The request that ended here. */
  answered?: Journey;
  /** Lanes that run through: bit n is lane n. */
  readonly through: number;
  /** Lane that begins here, or ends. */
  opens?: number;
  readonly closes?: number;
}

/** Lanes told apart; requests beyond share the last. */
export const LANES = 12;
/** Rows kept. */
export const MOST_ROWS = 60_000;
const BATCH = 2048;

interface Open {
  readonly row: SequenceRow;
  readonly position: number;
  readonly lane: number;
}

/** Rows under one filter, which grow with the journeys. */
export class Sequence {
  readonly #journeys: Journeys;
  readonly #filter: SequenceFilter;
  readonly #text: string | undefined;
  readonly #open = new Map<Journey, Open>();
  #rows: SequenceRow[] = [];
  #forgotten = 0;
  /** Messages looked at, counted from the first there ever was. */
  #position = 0;
  #busy = 0;

  constructor(journeys: Journeys, filter: SequenceFilter) {
    this.#journeys = journeys;
    this.#filter = filter;
    this.#text = filter.text?.toLowerCase();
  }

  get rows(): readonly SequenceRow[] {
    return this.#rows;
  }

  /** Rows that fell out at the beginning. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** Takes the messages that have come since. */
  advance(): void {
    const { said, saidForgotten } = this.#journeys;
    for (let at = Math.max(0, this.#position - saidForgotten); at < said.length; at += 1) {
      const one = said[at];
      if (one === undefined) continue;
      if (one.end) this.#ended(one.journey);
      else if (this.#wants(one.journey)) this.#asked(one.journey);
    }
    this.#position = saidForgotten + said.length;
    if (this.#rows.length > MOST_ROWS) {
      const batch = this.#rows.length - MOST_ROWS + BATCH;
      this.#rows.splice(0, batch);
      this.#forgotten += batch;
    }
  }

  /** Index of the row in which a request was asked, or else ended; -1 if it is in none. */
  indexOf(journey: Journey): number {
    const asked = this.#rows.findLastIndex((row) => row.asked === journey);
    return asked < 0 ? this.#rows.findLastIndex((row) => row.answered === journey) : asked;
  }

  #asked(journey: Journey): void {
    const lane = this.#freeLane();
    const row: SequenceRow = { asked: journey, through: this.#busy, opens: lane };
    this.#busy |= 1 << lane;
    // Of a peer that never answers, the oldest requests are no longer drawn as open.
    if (this.#open.size >= MOST_ROWS) this.#open.clear();
    this.#open.set(journey, { row, position: this.#forgotten + this.#rows.length, lane });
    this.#rows.push(row);
  }

  #ended(journey: Journey): void {
    const open = this.#open.get(journey);
    if (open === undefined) {
      if (this.#wants(journey)) this.#rows.push(onlyEnd(journey, this.#busy));
      return;
    }
    this.#open.delete(journey);
    this.#leave(open.lane);
    if (open.position === this.#forgotten + this.#rows.length - 1) {
      open.row.answered = journey;
      delete open.row.opens;
    } else this.#rows.push({ answered: journey, through: this.#busy & ~(1 << open.lane), closes: open.lane });
  }

  #freeLane(): number {
    for (let lane = 0; lane < LANES - 1; lane += 1) {
      if ((this.#busy & (1 << lane)) === 0) return lane;
    }
    return LANES - 1;
  }

  #leave(lane: number): void {
    if (lane < LANES - 1 || ![...this.#open.values()].some((other) => other.lane === lane)) this.#busy &= ~(1 << lane);
  }

  #wants(journey: Journey): boolean {
    const { device, name, tag, fid, error } = this.#filter;
    return (
      (device === undefined || journey.device === device) &&
      (name === undefined || journey.name === name) &&
      (tag === undefined || journey.tag === tag) &&
      (fid === undefined || journey.fids.includes(fid)) &&
      (error === undefined || (journey.error !== undefined && (error === ANY_ERROR || journey.error === error))) &&
      (this.#text === undefined || contains(journey, this.#text))
    );
  }
}

/** A request that is shown because of how it ended, or whose beginning was not seen. */
function onlyEnd(journey: Journey, through: number): SequenceRow {
  return { ...(journey.request !== undefined && { asked: journey }), answered: journey, through };
}

function contains({ asked, answered }: Journey, text: string): boolean {
  return asked.toLowerCase().includes(text) || answered.toLowerCase().includes(text);
}

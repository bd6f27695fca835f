/**
 * The way of each request through the machine: from the kick through chain, message and system calls to reply, used element,
 * notification and interrupt. A chain that carries no 9P message has a journey as well, and so has a message that came in no
 * chain. Events that are missing leave gaps in it.
 */
import type { EventId } from '../../devices/events.ts';
import type { TraceEvent } from '../../trace/event.ts';

/** Journeys kept. */
export const MOST_JOURNEYS = 40_000;
/** Journeys that go at once when there are too many. */
const BATCH = 1024;
/** System calls remembered of one. */
const MOST_CALLS = 256;

/** What became of one request. */
export interface Journey {
  /** From 0, in the order of beginnings. */
  readonly number: number;
  readonly device: string;
  /** Microseconds of the first event known. */
  readonly start: number;
  kick?: EventId;
  chain?: EventId;
  request?: EventId;
  readonly calls: EventId[];
  reply?: EventId;
  takenBack?: EventId;
  used?: EventId;
  notification?: EventId;
  /** A `message` or `pin`. */
  interrupt?: EventId;
  /** Of the 9P message: its name, empty where there is none, its tag and fids, and both messages in words. */
  name: string;
  tag: number;
  fids: readonly number[];
  asked: string;
  answered: string;
  /** Microseconds of the request and of its end, and what the reply says it took. */
  requestTime?: number;
  endTime?: number;
  took?: number;
  error?: string;
}

/** A message in the order of messages: a request, or the end of one. */
export interface Said {
  readonly journey: Journey;
  readonly end: boolean;
}

/** Follows requests, event by event. */
export class Journeys {
  readonly #most: number;
  /** By each event that belongs to one. */
  #of = new Map<EventId, Journey>();
  #kept: Journey[] = [];
  #said: Said[] = [];
  #count = 0;
  #saidForgotten = 0;

  constructor(most: number = MOST_JOURNEYS) {
    this.#most = most;
  }

  /** Journeys there are, in the order in which they began. */
  get kept(): readonly Journey[] {
    return this.#kept;
  }

  /** Journeys there were. */
  get count(): number {
    return this.#count;
  }

  /** 9P messages in their order; `saidForgotten` were before the first of them. */
  get said(): readonly Said[] {
    return this.#said;
  }

  get saidForgotten(): number {
    return this.#saidForgotten;
  }

  /** The journey an event belongs to. */
  of(event: EventId | undefined): Journey | undefined {
    return event === undefined ? undefined : this.#of.get(event);
  }

  /** The journey by its number, if it is kept. */
  at(number: number): Journey | undefined {
    return this.#kept[number - (this.#kept[0]?.number ?? 0)];
  }

  /** Takes one event. */
  take(event: TraceEvent): void {
    const rule = RULES[event.kind] as ((on: Writing, event: TraceEvent) => void) | undefined;
    rule?.(this.#writing, event);
  }

  /** Forgets everything. */
  clear(): void {
    this.#of = new Map();
    this.#kept = [];
    this.#said = [];
    this.#count = 0;
    this.#saidForgotten = 0;
  }

  readonly #writing: Writing = {
    of: (event) => this.of(event),
    begin: ({ id, device, time }) => {
      if (this.#kept.length >= this.#most) this.#forgetOldest();
      const journey: Journey = {
        number: this.#count,
        device,
        start: time,
        calls: [],
        name: '',
        tag: 0,
        fids: [],
        asked: '',
        answered: '',
      };
      this.#count += 1;
      this.#kept.push(journey);
      this.#of.set(id, journey);
      return journey;
    },
    belongs: (event, journey) => void this.#of.set(event, journey),
    say: (journey, end) => void this.#said.push({ journey, end }),
  };

  #forgetOldest(): void {
    const gone = this.#kept.splice(0, Math.min(BATCH, Math.ceil(this.#kept.length / 8)));
    for (const journey of gone) {
      for (const event of eventsOf(journey)) {
        if (this.#of.get(event) === journey) this.#of.delete(event);
      }
    }
    const first = this.#kept[0]?.number ?? this.#count;
    let old = 0;
    // An end may be told long after newer requests began, so what is left is sought message by message.
    while (old < this.#said.length && (this.#said[old]?.journey.number ?? first) < first) old += 1;
    this.#said.splice(0, old);
    this.#saidForgotten += old;
  }
}

/** Every event of a journey, in the order of a way without obstacles. */
export function eventsOf(journey: Journey): EventId[] {
  const { kick, chain, request, calls, reply, takenBack, used, notification, interrupt } = journey;
  return [kick, chain, request, ...calls, reply, takenBack, used, notification, interrupt].filter(
    (event) => event !== undefined,
  );
}

/** What the rules below may do. */
interface Writing {
  of(event: EventId | undefined): Journey | undefined;
  begin(event: TraceEvent): Journey;
  belongs(event: EventId, journey: Journey): void;
  say(journey: Journey, end: boolean): void;
}

const RULES: { readonly [K in TraceEvent['kind']]?: (on: Writing, event: TraceEvent<K>) => void } = {
  chain(on, event) {
    const journey = on.begin(event);
    journey.chain = event.id;
    const { kick } = event.fields;
    if (kick === undefined) return;
    journey.kick = kick;
    // One kick may bring many chains; it leads to the first.
    if (on.of(kick) === undefined) on.belongs(kick, journey);
  },
  request(on, event) {
    const { chain, name, tag, fids, text } = event.fields;
    const known = on.of(chain);
    const journey = known === undefined || known.request !== undefined ? on.begin(event) : known;
    journey.request = event.id;
    journey.requestTime = event.time;
    journey.name = name;
    journey.tag = tag;
    journey.fids = fids ?? [];
    journey.asked = text;
    on.belongs(event.id, journey);
    on.say(journey, false);
  },
  'host-call'(on, { id, fields }) {
    const journey = on.of(fields.request);
    if (journey === undefined || journey.calls.length === MOST_CALLS) return;
    journey.calls.push(id);
    on.belongs(id, journey);
  },
  reply(on, event) {
    const { request, name, tag, text, took, error } = event.fields;
    const journey = openOr(on, request, event);
    journey.reply = event.id;
    journey.endTime = event.time;
    journey.answered = text;
    if (took !== undefined) journey.took = took;
    if (error !== undefined) journey.error = error;
    if (journey.name === '') Object.assign(journey, { name: name.replace(/^R/, 'T'), tag });
    on.belongs(event.id, journey);
    on.say(journey, true);
  },
  'taken-back'(on, event) {
    const { request, name, tag, took } = event.fields;
    const journey = openOr(on, request, event);
    journey.takenBack = event.id;
    journey.endTime = event.time;
    if (took !== undefined) journey.took = took;
    if (journey.name === '') Object.assign(journey, { name, tag });
    on.belongs(event.id, journey);
    on.say(journey, true);
  },
  used(on, event) {
    const { chain } = event.fields;
    const known = on.of(chain);
    const journey = known === undefined || known.used !== undefined ? on.begin(event) : known;
    journey.used = event.id;
    if (chain !== undefined) journey.chain ??= chain;
    if (journey.request === undefined && journey.reply === undefined) journey.endTime = event.time;
    on.belongs(event.id, journey);
  },
  notification(on, { id, fields }) {
    for (const used of fields.used ?? []) {
      const journey = on.of(used);
      if (journey === undefined || journey.notification !== undefined) continue;
      journey.notification = id;
      if (on.of(id) === undefined) on.belongs(id, journey);
    }
  },
  message: interrupted,
  pin: interrupted,
};

/** The journey of a request that has not ended, or one that begins with its end: nothing ends twice. */
function openOr(on: Writing, request: EventId, event: TraceEvent): Journey {
  const known = on.of(request);
  return known === undefined || known.endTime !== undefined ? on.begin(event) : known;
}

/** The interrupt goes with the first journey of its notification; the others find it through that. */
function interrupted(on: Writing, { id, cause }: TraceEvent<'message'> | TraceEvent<'pin'>): void {
  const journey = on.of(cause);
  if (journey === undefined || journey.notification !== cause || journey.interrupt !== undefined) return;
  journey.interrupt = id;
  on.belongs(id, journey);
}

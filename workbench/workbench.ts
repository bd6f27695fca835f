/**
 * The workbench: a device without a machine, whose driver is the learner. To the page it is one more thing to inspect; every
 * action is recorded with what it caused.
 */
import type { Gpa } from '../devices/ports.ts';
import type { Inspected, InspectedListener } from '../inspector/inspected.ts';
import { emptyModel } from '../inspector/model/machine-model.ts';
import type { TraceEvent, TraceHeader } from '../trace/event.ts';
import { EventStream } from '../trace/event-stream.ts';
import type { Action } from './actions/action.ts';
import { type Break, unbreakable } from './actions/break.ts';
import { complaintsIn, type Done } from './actions/done.ts';
import { appliesTo, nextStep, STEPS, usualFeatures } from './actions/steps.ts';
import { type Draft, draftOf, frameOf, roomOf, USUALLY_NEXT } from './compose/draft.ts';
import { Bench, type BenchChoice, RAM_LENGTH } from './rig/bench.ts';
import { ramChanges } from './rig/ram-changes.ts';
import { ramParts } from './rig/ram-parts.ts';

/** Actions kept in the record. */
const MOST_DONE = 300;
/** Events kept with one action. */
const MOST_EVENTS = 400;
/** Events kept for a listener that comes late. */
const MOST_KEPT = 20_000;
/** Bytes of messages and buffers that events carry. */
const MESSAGE_BYTES = 4096;

/** Until when the steps are taken before a rule is broken: the key of the first one left out. */
const STOPS = { found: 'acknowledge', driver: 'offered', 'features-ok': 'queue', running: '' } as const;

/** What the workbench begins with. */
export const FIRST_CHOICE: BenchChoice = { way: 'pci', packed: false };

/** The device on the bench, and everything done to it. */
export class Workbench implements Inspected {
  readonly kind = 'workbench';
  readonly header: TraceHeader;
  bench: Bench;
  done: readonly Done[] = [];
  /** The message the learner is writing. */
  draft: Draft = draftOf('Tversion', '9P2000.L');
  /** Something is being done. */
  busy = false;
  /** Another number after each change. */
  version = 0;
  readonly #clock: (() => number) | undefined;
  readonly #watchers = new Set<() => void>();
  readonly #listeners = new Set<InspectedListener>();
  #events: TraceEvent[] = [];
  #passing: TraceEvent[] = [];
  #count = 0;

  /** @param clock monotonic time in microseconds; the page's own unless given */
  constructor(program: string, clock?: () => number) {
    this.#clock = clock;
    this.header = { program, started: Date.now() };
    this.bench = this.#plug(FIRST_CHOICE);
  }

  listen(listener: InspectedListener): () => void {
    this.#listeners.add(listener);
    listener.restarted(emptyModel());
    listener.events(this.#events);
    listener.runState({ running: true });
    return () => void this.#listeners.delete(listener);
  }

  /** Calls `changed` after every change, also of what no event tells. */
  watch(changed: () => void): () => void {
    this.#watchers.add(changed);
    return () => void this.#watchers.delete(changed);
  }

  /** Takes the device away and plugs another in; the record begins anew. */
  startAnew(choice: BenchChoice = this.bench.choice): void {
    this.#events = [];
    this.done = [];
    this.draft = draftOf('Tversion', '9P2000.L');
    this.#count = 0;
    for (const listener of this.#listeners) listener.restarted(emptyModel());
    this.bench = this.#plug(choice);
    this.#changed();
  }

  /** Does one thing and all that follows from it. Undefined while another one is being done. */
  async do(action: Action): Promise<Done | undefined> {
    if (this.busy) return undefined;
    this.busy = true;
    try {
      return await this.#record(action);
    } finally {
      this.busy = false;
      this.#changed();
    }
  }

  /** Takes the next step of initialisation; undefined where none is left. */
  async step(): Promise<Done | undefined> {
    const step = nextStep(this.bench);
    return step && this.do(step);
  }

  /** Takes all steps that are left. */
  async bringUp(): Promise<void> {
    for (let step = nextStep(this.bench); step !== undefined; step = nextStep(this.bench)) {
      const done = await this.do(step);
      if (done === undefined || done.problem !== undefined || !step.isDone(this.bench)) return;
    }
  }

  /** Resets the device, takes the steps a rule needs, breaks it, and looks at the status. */
  async breakRule(rule: Break): Promise<Done | undefined> {
    if (this.busy || unbreakable(rule, this.bench) !== undefined) return undefined;
    const { bench } = this;
    for (const step of STEPS.filter((one) => appliesTo(one, bench))) {
      if (step.key === STOPS[rule.from]) break;
      if (step.key === 'find' && bench.found) continue;
      if (step.key === 'features') {
        const { offered = 0n } = bench;
        bench.wanted = usualFeatures(offered, bench.way.legacy) | (offered & (rule.features ?? 0n));
      }
      await this.do(step);
    }
    bench.wanted = usualFeatures(bench.offered ?? 0n, bench.way.legacy);
    return this.do({
      ...rule,
      async run(one, say) {
        await rule.run(one, say);
        await one.settle();
        say(`The status reads 0x${one.transport.status.toString(16)}.`);
      },
    });
  }

  /** Chooses the features the driver will accept when it next writes them. */
  want(features: bigint): void {
    this.bench.wanted = features;
    this.#changed();
  }

  /** Changes the message being written. */
  write(draft: Draft): void {
    this.draft = draft;
    this.#changed();
  }

  /** Does what `make` makes of the message being written; where there is none, says why. */
  async withDraft(make: (frame: Uint8Array, room: number) => Action): Promise<Done | undefined> {
    const { draft } = this;
    let action: Action;
    try {
      action = make(frameOf(draft), roomOf(draft));
    } catch (error) {
      const why = error instanceof RangeError ? error.message : String(error);
      action = { key: 'draft', title: 'Write a message', doc: '', spec: '', obstacle: () => why, run: () => {} };
    }
    const done = await this.do(action);
    const exchanged = done?.key === 'send' && done.problem === undefined && done.complaints.length === 0;
    if (exchanged && draft === this.draft) this.#writeNext();
    return done;
  }

  #writeNext(): void {
    const { version } = this.bench.conversation;
    const next = USUALLY_NEXT[this.draft.message]?.[version];
    if (next !== undefined) this.write(draftOf(next, version, this.draft.room));
  }

  /** Writes bytes into guest RAM, as a driver may at any time. */
  poke(address: number, bytes: Uint8Array): Promise<Done | undefined> {
    return this.do({
      key: 'poke',
      title: `Write ${bytes.length} bytes at 0x${address.toString(16)}`,
      doc: '',
      spec: '',
      run({ ram }) {
        const view = bytes.length === 0 ? undefined : ram.view(address as Gpa, bytes.length);
        if (view === undefined) throw new RangeError(`guest RAM ends at 0x${RAM_LENGTH.toString(16)}`);
        view.set(bytes);
      },
    });
  }

  async #record(action: Action): Promise<Done> {
    const { bench } = this;
    const said: string[] = [];
    const before = this.#ram(bench).slice();
    this.#passing = [];
    let problem = action.obstacle?.(bench);
    try {
      if (problem === undefined) await action.run(bench, (line) => said.push(line));
      await bench.settle();
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
    const events = this.#passing;
    this.#count += 1;
    const done: Done = {
      number: this.#count,
      key: action.key,
      title: action.title,
      spec: action.spec,
      said,
      events: events.slice(0, MOST_EVENTS),
      moreEvents: Math.max(0, events.length - MOST_EVENTS),
      changes: ramChanges(before, this.#ram(bench), ramParts(bench.requests, RAM_LENGTH)),
      complaints: complaintsIn(events),
      problem,
    };
    this.done = [...this.done.slice(1 - MOST_DONE), done];
    return done;
  }

  #ram({ ram }: Bench): Uint8Array {
    return ram.view(0 as Gpa, RAM_LENGTH) ?? new Uint8Array(0);
  }

  #plug(choice: BenchChoice): Bench {
    const stream = new EventStream(this.#clock && { clock: this.#clock });
    stream.add({ messageBytes: MESSAGE_BYTES, bufferBytes: MESSAGE_BYTES, take: (event) => this.#take(event) });
    return new Bench(choice, stream);
  }

  #take(event: TraceEvent): void {
    if (this.#events.length < MOST_KEPT) this.#events.push(event);
    this.#passing.push(event);
    for (const listener of this.#listeners) listener.events([event]);
  }

  #changed(): void {
    this.version += 1;
    for (const changed of this.#watchers) changed();
  }
}

/** The inspector's end in the thread of the devices: hands events over, and stands where a page wants it to. */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { EventKind, TraceEvent } from '../../trace/event.ts';
import type { EventSink } from '../../trace/event-stream.ts';
import { type JsonLine, jsonLine } from '../../trace/json-line.ts';
import type { HeldMachine } from '../hooks.ts';
import { EventPace } from './event-pace.ts';
import { RingWriter, wordsOf } from './event-ring.ts';
import { type MachineNews, type Order, WORDS } from './shared-words.ts';
import { keptStill } from './standing.ts';

/** Bytes shown of each 9P message and of each buffer of a ring, and in the midst of a flood. */
const SHOWN = 256;
const SHOWN_OF_FLOOD = 64;

/** Length of text that is handed over at once; less waits for more, so many milliseconds: handing over costs more than writing. */
const PIECE_LENGTH = 32 * 1024;
const LINGER_MS = 20;

/** Looks at the inspector's thread while the machine stands: so often, and so many in a row without a sign of life. */
const LOOK_MS = 1000;
const PATIENCE = 5;

/** Whom standing concerns. */
export interface SideSurroundings {
  readonly memory: SharedArrayBuffer;
  readonly port: MessagePort;
  readonly notice: (line: string) => void;
  /** What waits for a page at the first event of the guest, and says so. */
  readonly wait: boolean;
  readonly keepStill?: typeof keptStill;
  readonly pace?: EventPace;
}

/** Takes events; while `until` lets one pass, the machine stands there. */
export class MachineSide implements EventSink {
  readonly #line: JsonLine = jsonLine((bytes) =>
    // Another sink may have asked for more.
    Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, this.messageBytes)).toString('base64'),
  );
  readonly #around: SideSurroundings;
  readonly #words: Int32Array;
  readonly #ring: RingWriter;
  readonly #pace: EventPace;
  readonly #machines = new Set<HeldMachine>();
  #pending = '';
  #pendingEvents = 0;
  #pendingFirst = 0;
  #lost: { count: number; readonly first: number } | undefined;
  #last: { readonly id: number; readonly time: number } = { id: 0, time: 0 };
  #seen = 0;
  #flushing = false;
  #closed = false;
  /** Which event it stands before. */
  #until: ((event: TraceEvent) => boolean) | undefined;

  constructor(around: SideSurroundings) {
    this.#around = around;
    this.#words = wordsOf(around.memory);
    this.#ring = new RingWriter(around.memory);
    this.#pace = around.pace ?? new EventPace();
    if (around.wait) this.#until = afterDescription();
    around.port.on('message', (order: Order) => this.#obeyInTurn(order));
    around.port.unref();
  }

  /** A machine whose CPUs stand with this thread. Returns what takes it out again; nothing is held any more then. */
  attach(machine: HeldMachine): () => void {
    this.#machines.add(machine);
    return () => {
      this.#machines.delete(machine);
      this.#closed = true;
      this.#until = undefined;
    };
  }

  get messageBytes(): number {
    return this.#pace.flooded && this.#until === undefined ? SHOWN_OF_FLOOD : SHOWN;
  }

  get bufferBytes(): number {
    return this.messageBytes;
  }

  wants(kind: EventKind, id: number, time: number): boolean {
    if (Atomics.load(this.#words, WORDS.orders) !== this.#seen) this.#look();
    // Who steps sees every event.
    if (this.#pace.shows(kind, time) || this.#until !== undefined) return true;
    this.#leaveOut(id, time);
    return false;
  }

  take(event: TraceEvent): void {
    this.#write(event);
    if (this.#until?.(event)) this.#stand(event.id);
  }

  #write(event: TraceEvent): void {
    if (this.#pendingEvents === 0) this.#pendingFirst = event.id;
    this.#pending += this.#pendingEvents === 0 ? this.#line(event) : `,${this.#line(event)}`;
    this.#pendingEvents += 1;
    this.#last = event;
    if (this.#pending.length >= PIECE_LENGTH) this.#flush();
    else this.#flushSoon();
  }

  #leaveOut(id: number, time: number): void {
    // What was written before comes before what is missing.
    if (this.#pendingEvents > 0) this.#flush();
    this.#lost ??= { count: 0, first: id };
    this.#lost.count += 1;
    this.#last = { id, time };
    this.#flushSoon();
  }

  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    setTimeout(() => {
      this.#flushing = false;
      this.#flush();
    }, LINGER_MS).unref();
  }

  /** Nothing follows. */
  end(why: string): void {
    this.#closed = true;
    this.#flush();
    this.#tell({ kind: 'ended', why });
  }

  #tell(news: MachineNews): void {
    this.#around.port.postMessage(news);
  }

  /** Hands over what is there; what is missing is said first, as soon as there is room. */
  #flush(): void {
    if (this.#pendingEvents === 0 && this.#lost === undefined) return;
    const { id, time } = this.#last;
    const pieces = this.#pendingEvents === 0 ? [] : [this.#pending];
    if (this.#lost !== undefined) {
      const last = this.#lost.first + this.#lost.count - 1;
      pieces.unshift(JSON.stringify({ id: last, time, kind: 'dropped', device: '', ...this.#lost }));
    }
    if (this.#ring.write(pieces.join(','))) this.#lost = undefined;
    else if (this.#pendingEvents > 0) {
      this.#lost ??= { count: 0, first: this.#pendingFirst };
      this.#lost.count += this.#pendingEvents;
    }
    this.#pending = '';
    this.#pendingEvents = 0;
    // The event itself need not be kept.
    this.#last = { id, time };
    if (Atomics.exchange(this.#words, WORDS.asleep, 0) === 1) this.#tell({ kind: 'wake' });
  }

  /** Takes the orders that have come, in the middle of a turn. Returns the last one, if any. */
  #look(): Order | undefined {
    this.#seen = Atomics.load(this.#words, WORDS.orders);
    let order: Order | undefined;
    for (let it = receiveMessageOnPort(this.#around.port); it !== undefined; ) {
      order = it.message as Order;
      this.#obey(order);
      it = receiveMessageOnPort(this.#around.port);
    }
    return order;
  }

  #obey(order: Order): void {
    if (this.#closed) return;
    if (order.kind === 'pause') this.#until = () => true;
    else if (order.kinds === undefined) this.#until = undefined;
    else this.#until = chosen(order.kinds, order.device);
  }

  /** Between two turns nothing is under way that could be stood before: a pause is obeyed at once. */
  #obeyInTurn(order: Order): void {
    this.#obey(order);
    if (order.kind === 'pause' && !this.#closed) this.#stand(undefined);
  }

  #stand(before: number | undefined): void {
    this.#until = undefined;
    this.#flush();
    const letGo = [...this.#machines].map((machine) => machine.standStill());
    const keepStill = this.#around.keepStill ?? keptStill;
    const outcome = keepStill(() => {
      // Whoever hears of it may send a signal, which before now would have waited for the end of the standing.
      this.#tell({ kind: 'standing', ...(before !== undefined && { before }) });
      this.#wait();
    });
    for (const release of letGo) release();
    this.#tell({ kind: 'running' });
    // Those who handle it have their turn now.
    if (outcome === 'interrupted') process.kill(process.pid, 'SIGINT');
  }

  #wait(): void {
    let beat = Atomics.load(this.#words, WORDS.beat);
    for (let silent = 0; silent < PATIENCE; ) {
      Atomics.wait(this.#words, WORDS.orders, this.#seen, LOOK_MS);
      if (this.#look()?.kind === 'go') return;
      const now = Atomics.load(this.#words, WORDS.beat);
      silent = now === beat ? silent + 1 : 0;
      beat = now;
    }
    this.#around.notice('inspect: the inspector does not answer; the machine goes on');
  }
}

/** Any event after the one that says what the machine consists of. */
function afterDescription(): (event: TraceEvent) => boolean {
  let described = false;
  return ({ kind }) => {
    if (described) return true;
    described = kind === 'machine';
    return false;
  };
}

function chosen(kinds: ReadonlySet<string>, device: string | undefined): (event: TraceEvent) => boolean {
  return (event) => kinds.has(event.kind) && (device === undefined || event.device === device);
}

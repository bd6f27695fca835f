/** What a trace comes to: how many, which errors, how long, what was slowest. */
import type { EventId } from '../devices/events.ts';
import type { EventKind, TraceEvent } from './event.ts';
import { printable } from './event-text.ts';

/** Requests named as the slowest. */
const SLOWEST = 10;
/** Different faults told apart at most. */
const MOST_FAULTS = 64;
/** Requests without reply remembered at most. */
const MOST_OPEN = 65_536;

interface Slow {
  readonly id: EventId;
  readonly took: number;
  readonly device: string;
  readonly text: string;
}

/** What the requests of one name, or the system calls of one name, come to. */
class Tally {
  count = 0;
  errors = 0;
  takenBack = 0;
  bytesIn = 0;
  bytesOut = 0;
  readonly times: number[] = [];

  /** The time that a part of them, 0 to 1, did not exceed. */
  percentile(part: number): number {
    const rank = Math.max(0, Math.ceil(part * this.times.length) - 1);
    return this.times[rank] ?? 0;
  }
}

/** Adds up the events of a trace, shown to it in order. */
export class TraceSummary {
  readonly #kinds = new Map<EventKind, number>();
  readonly #messages = new Map<string, Tally>();
  readonly #calls = new Map<string, Tally>();
  readonly #errors = new Map<string, number>();
  readonly #faults = new Map<string, number>();
  readonly #open = new Map<string, { readonly name: string; readonly text: string }>();
  #slowest: Slow[] = [];
  #dropped = 0;
  #first: number | undefined;
  #last = 0;

  /** Adds an event. */
  add(event: TraceEvent): void {
    this.#kinds.set(event.kind, (this.#kinds.get(event.kind) ?? 0) + 1);
    this.#first ??= event.time;
    this.#last = event.time;
    const rule = (RULES as Partial<Record<EventKind, (summary: Additions, event: never) => void>>)[event.kind];
    rule?.(this.#additions, event as never);
  }

  /** The summary as text for people, lines ended. */
  text(): string {
    for (const tally of [...this.#messages.values(), ...this.#calls.values()]) tally.times.sort((a, b) => a - b);
    const seconds = ((this.#last - (this.#first ?? 0)) / 1e6).toFixed(6);
    const total = [...this.#kinds.values()].reduce((sum, count) => sum + count, 0);
    const parts = [
      `${total} events in ${seconds} s`,
      counted('Events', this.#kinds),
      this.#messageTable(),
      counted('Errors of 9P requests', this.#errors),
      counted('Faults of the guest', this.#faults),
      callTable(this.#calls),
      this.#slowestLines(),
      this.#dropped === 0 ? '' : `${this.#dropped} events are missing: whoever took them could not keep up\n`,
    ];
    return `${parts.filter((part) => part !== '').join('\n')}`;
  }

  readonly #additions: Additions = {
    opened: (key, request) => {
      if (this.#open.size === MOST_OPEN) this.#open.delete(this.#open.keys().next().value ?? '');
      this.#open.set(key, request);
    },
    closed: (key) => {
      const request = this.#open.get(key);
      this.#open.delete(key);
      return request;
    },
    message: (name) => tallyOf(this.#messages, name),
    call: (name) => tallyOf(this.#calls, name),
    error: (name) => void this.#errors.set(name, (this.#errors.get(name) ?? 0) + 1),
    fault: (what) => {
      const known = this.#faults.has(what) || this.#faults.size < MOST_FAULTS ? what : 'others';
      this.#faults.set(known, (this.#faults.get(known) ?? 0) + 1);
    },
    dropped: (count) => {
      this.#dropped += count;
    },
    slow: (one) => this.#slow(one),
  };

  #slow(one: Slow): void {
    if (this.#slowest.length === SLOWEST && one.took <= (this.#slowest.at(-1)?.took ?? 0)) return;
    this.#slowest = [...this.#slowest, one].sort((a, b) => b.took - a.took).slice(0, SLOWEST);
  }

  #messageTable(): string {
    if (this.#messages.size === 0) return '';
    const head = ['Message', 'count', 'errors', 'taken back', 'bytes in', 'bytes out', ...TIMES];
    const rows = [...this.#messages].sort(byCount).map(([name, tally]) => {
      const { count, errors, takenBack, bytesIn, bytesOut } = tally;
      return [name, count, errors, takenBack, bytesIn, bytesOut, ...timesOf(tally)];
    });
    const all = [...this.#messages.values()];
    const sum = (field: 'count' | 'errors' | 'takenBack' | 'bytesIn' | 'bytesOut') =>
      all.reduce((total, tally) => total + tally[field], 0);
    rows.push(['all', sum('count'), sum('errors'), sum('takenBack'), sum('bytesIn'), sum('bytesOut')]);
    return table(head, rows);
  }

  #slowestLines(): string {
    if (this.#slowest.length === 0) return '';
    const rows = this.#slowest.map(
      ({ id, took, device, text }) => `${String(took).padStart(9)} µs  #${id} ${device} ${text}`,
    );
    return `Slowest requests\n${rows.map((row) => `${printable(row)}\n`).join('')}`;
  }
}

/** What the rules below add to. */
interface Additions {
  opened(key: string, request: { readonly name: string; readonly text: string }): void;
  closed(key: string): { readonly name: string; readonly text: string } | undefined;
  message(name: string): Tally;
  call(name: string): Tally;
  error(name: string): void;
  fault(what: string): void;
  dropped(count: number): void;
  slow(one: Slow): void;
}

/** What each kind adds. */
const RULES: { readonly [K in EventKind]?: (to: Additions, event: TraceEvent<K>) => void } = {
  request(to, { id, fields }) {
    to.opened(String(id), fields);
    const tally = to.message(fields.name);
    tally.count += 1;
    tally.bytesIn += fields.size ?? 0;
  },
  reply(to, { device, fields }) {
    const request = to.closed(String(fields.request));
    const name = request?.name ?? fields.name.replace(/^R/, 'T');
    const tally = to.message(name);
    if (request === undefined) tally.count += 1;
    tally.bytesOut += fields.size ?? 0;
    if (fields.error !== undefined) {
      tally.errors += 1;
      to.error(fields.error);
    }
    if (fields.took === undefined) return;
    tally.times.push(fields.took);
    to.slow({ id: fields.request, took: fields.took, device, text: request?.text ?? fields.text });
  },
  'taken-back'(to, { fields }) {
    to.closed(String(fields.request));
    to.message(fields.name).takenBack += 1;
  },
  'host-call'(to, { fields }) {
    const tally = to.call(fields.name);
    tally.count += 1;
    if (fields.result < 0) tally.errors += 1;
    if (fields.took !== undefined) tally.times.push(fields.took);
  },
  'guest-fault': (to, { device, fields }) => to.fault(`${device}: ${textOfFault(fields)}`),
  dropped: (to, { fields }) => to.dropped(fields.count),
};

/** A line of text has its message as its text. */
function textOfFault(fields: { readonly message?: string; readonly text?: string }): string {
  return fields.message ?? fields.text ?? '';
}

const TIMES = ['p50', 'p95', 'p99', 'max µs'];

function timesOf(tally: Tally): readonly (string | number)[] {
  if (tally.times.length === 0) return ['-', '-', '-', '-'];
  return [0.5, 0.95, 0.99, 1].map((part) => tally.percentile(part));
}

function callTable(calls: ReadonlyMap<string, Tally>): string {
  if (calls.size === 0) return '';
  const rows = [...calls].sort(byCount).map(([name, tally]) => [name, tally.count, tally.errors, ...timesOf(tally)]);
  return table(['System call', 'count', 'errors', ...TIMES], rows);
}

function byCount([, a]: [string, Tally], [, b]: [string, Tally]): number {
  return b.count - a.count;
}

function tallyOf(tallies: Map<string, Tally>, name: string): Tally {
  const known = tallies.get(name);
  if (known !== undefined) return known;
  const tally = new Tally();
  tallies.set(name, tally);
  return tally;
}

function counted(title: string, counts: ReadonlyMap<string, number>): string {
  if (counts.size === 0) return '';
  const rows = [...counts].sort(([, a], [, b]) => b - a).map(([name, count]) => [name, count]);
  return table([title, 'count'], rows);
}

/** Columns of text; the first is flush left, the others right. */
function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const lines = [head, ...rows].map((row) => row.map((cell) => printable(String(cell))));
  const widths = head.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  return lines
    .map((line) => {
      const cells = line.map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      );
      return `${cells.join('  ').trimEnd()}\n`;
    })
    .join('');
}

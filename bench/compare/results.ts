/** What was measured, and what follows from it. */
import type { BareTime } from './bare-run.ts';
import type { GuestRun, Seen } from './guest-run.ts';
import { figureOf, type Operation, type Unit } from './operations.ts';
import { ratioOf, type Spread, spreadOf } from './statistics.ts';

/** The column of the limit. */
export const BARE = 'bare system calls';
/** The column everything is compared with. */
export const PEER = 'QEMU';

/** One column of a row, over all runs. */
export interface Column {
  readonly figure: Spread;
  /** The figure of each run. */
  readonly runs: readonly number[];
  /** Processor time of the device's side for one operation, in microseconds. */
  readonly cpuUs?: Spread;
  /** The 99th percentile of the time of one, in microseconds. */
  readonly p99Us?: Spread;
  /** How often the driver rang for one operation. */
  readonly kicks?: Spread;
  /** How many times as good it is as QEMU, and as the bare system calls. */
  readonly toPeer?: Spread;
  readonly toLimit?: Spread;
}

/** One thing measured. */
export interface Row {
  readonly name: string;
  readonly title: string;
  readonly unit: Unit['name'];
  readonly lessIsBetter: boolean;
  readonly columns: Readonly<Record<string, Column>>;
}

/** What each column brought in each run, by the column's name. */
export type Collected<T> = ReadonlyMap<string, readonly T[]>;

/** A row for each operation, of guests and bare system calls that measured them run by run. */
export function operationRows(
  operations: readonly Operation[],
  guests: Collected<GuestRun>,
  bare: readonly (readonly BareTime[])[],
): Row[] {
  return operations.map((operation) => {
    const seen = [...guests].map(([column, runs]) => [column, runs.map((run) => found(run, operation))] as const);
    const bytes = seen[0]?.[1][0]?.bytes ?? 0;
    const parts = seen.map(([column, runs]) => [column, seenColumn(operation, runs)] as const);
    const limit = bare.map((run) => run.find(({ measurement }) => measurement === operation.bare));
    const limits = limit.flatMap((time) => (time === undefined ? [] : [figureOf(operation, time, bytes)]));
    const cpu = limit.flatMap((time) => (time === undefined ? [] : [time.cpuNs / 1000]));
    const last =
      limits.length === 0 ? [] : [[BARE, { figure: spreadOf(limits), runs: limits, cpuUs: spreadOf(cpu) }] as const];
    return compared(operation.name, operation.title, operation.unit, Object.fromEntries([...parts, ...last]));
  });
}

/** A row of figures that are no operation's. */
export function plainRow(name: string, title: string, unit: Unit, values: Collected<number>): Row {
  const columns = [...values].map(([column, runs]) => [column, { figure: spreadOf(runs), runs }] as const);
  return compared(name, title, unit, Object.fromEntries(columns));
}

function found({ measurements }: GuestRun, { name }: Operation): Seen {
  const seen = measurements.find(({ measurement }) => measurement === name);
  if (seen === undefined) throw new Error(`the guest did not measure ${name}`);
  return seen;
}

function seenColumn(operation: Operation, seen: readonly Seen[]): Column {
  const runs = seen.map((one) => figureOf(operation, one, one.bytes));
  return {
    figure: spreadOf(runs),
    runs,
    cpuUs: spreadOf(seen.map(({ cpuNs }) => cpuNs / 1000)),
    p99Us: spreadOf(seen.map(({ p99Ns }) => p99Ns / 1000)),
    kicks: spreadOf(seen.map(({ kicks, done }) => kicks / done)),
  };
}

function compared(name: string, title: string, unit: Unit, columns: Record<string, Column>): Row {
  const [peer, limit] = [columns[PEER], columns[BARE]];
  const entries = Object.entries(columns).map(([column, figures]) => {
    const toPeer = peer === undefined || column === PEER || column === BARE ? undefined : peer;
    const toLimit = limit === undefined || column === BARE ? undefined : limit;
    return [
      column,
      {
        ...figures,
        ...(toPeer && { toPeer: ratioOf(figures.runs, toPeer.runs, unit.lessIsBetter) }),
        ...(toLimit && { toLimit: ratioOf(figures.runs, toLimit.runs, unit.lessIsBetter) }),
      },
    ] as const;
  });
  return { name, title, unit: unit.name, lessIsBetter: unit.lessIsBetter, columns: Object.fromEntries(entries) };
}

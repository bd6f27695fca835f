/** What can be measured in the bench guest, and how its figure is told. */
import { UsageError } from '../../vmm/usage-error.ts';

/** A figure as it is told. */
export interface Unit {
  readonly name: 'us' | '/s' | 'MB/s' | '% of a core' | 'ms' | 'MiB';
  readonly lessIsBetter: boolean;
}

/** Microseconds: the usual time of one operation. */
export const LATENCY: Unit = { name: 'us', lessIsBetter: true };
/** Operations a second. */
export const RATE: Unit = { name: '/s', lessIsBetter: false };
/** Millions of bytes a second. */
export const THROUGHPUT: Unit = { name: 'MB/s', lessIsBetter: false };

/** Processor time of the device's side in the time that passed. */
export const SHARE_OF_CORE: Unit = { name: '% of a core', lessIsBetter: true };
/** The least share that can be told from none, in per cent. */
const LEAST_SHARE = 0.01;

/** One measurement. */
export interface Operation {
  /** As the guest takes it: `read-512k:8`. */
  readonly name: string;
  readonly title: string;
  readonly depth: number;
  readonly unit: Unit;
  /** What `bare` calls the same as system calls, if there is anything. */
  readonly bare: string | undefined;
  /** The entries of the directory it lists. */
  readonly entries?: number;
}

interface Kind {
  readonly title: string;
  readonly bulk?: boolean;
  readonly bare?: string;
  /** The guest does nothing. */
  readonly silent?: boolean;
  /** The name is followed by a number of entries. */
  readonly counted?: boolean;
}

const KINDS: Readonly<Record<string, Kind>> = {
  getattr: { title: 'getattr' },
  'getattr-idle': { title: 'getattr after 2 ms of silence', bare: 'getattr' },
  'walk-clunk': { title: 'walk and clunk' },
  'read-4k': { title: 'read 4 KiB' },
  'read-512k': { title: 'read 512 KiB', bulk: true },
  'write-512k': { title: 'write 512 KiB', bulk: true },
  'readdir-': { title: 'list N entries', counted: true },
  silence: { title: 'a guest that does nothing', silent: true },
  'small-file': { title: 'create, write 4 KiB, close, unlink' },
};

/** The most that may be under way at a time; the guest's ring has room for no more. */
const MOST_DEPTH = 32;
const MOST_ENTRIES = 10_000_000;

/** What is measured where nothing else is asked for. */
export const USUAL_OPERATIONS: readonly string[] = [
  ...['getattr', 'getattr:32', 'getattr-idle', 'walk-clunk', 'read-4k'],
  ...['read-512k', 'read-512k:8', 'read-512k:32', 'write-512k', 'write-512k:8', 'write-512k:32'],
  ...['readdir-10000', 'readdir-1000000', 'small-file', 'silence'],
];

/** @throws UsageError for what is none */
export function operationOf(name: string): Operation {
  const [, kindName = '', count = '', depthText] = /^(readdir-|[a-z0-9-]+?)(\d*)(?::(\d+))?$/.exec(name) ?? [];
  const [key, digits] = kindName === 'readdir-' ? [kindName, count] : [`${kindName}${count}`, ''];
  const kind = KINDS[key];
  const depth = depthText === undefined ? 1 : Number(depthText);
  if (kind === undefined || (kind.counted === true) !== (digits !== '')) {
    const known = Object.entries(KINDS).map(([known, { counted }]) => (counted ? `${known}N` : known));
    throw new UsageError(`'${name}' is no operation; give some of ${known.join(', ')}, each with :DEPTH, or boot`);
  }
  if (depth < 1 || depth > MOST_DEPTH) throw new UsageError(`'${name}': the depth is 1 to ${MOST_DEPTH}; give another`);
  const entries = Number(digits);
  if (kind.counted && (entries < 1 || entries > MOST_ENTRIES || (depthText !== undefined && depth !== 1))) {
    throw new UsageError(`'${name}': a listing has 1 to ${MOST_ENTRIES} entries and depth 1; give another`);
  }
  const title = kind.counted ? kind.title.replace('N', entries.toLocaleString('en-US')) : kind.title;
  return {
    name,
    title: depth === 1 && !kind.bulk ? title : `${title}, depth ${depth}`,
    depth,
    unit: kind.silent ? SHARE_OF_CORE : kind.bulk ? THROUGHPUT : depth > 1 ? RATE : LATENCY,
    bare: kind.silent ? undefined : (kind.bare ?? `${key}${digits}`),
    ...(kind.counted && { entries }),
  };
}

/** What the guest or the bare system calls measured. */
export interface Timed {
  readonly done: number;
  readonly ns: number;
  readonly medianNs: number;
  /** Processor time of the device's side for one, in nanoseconds. */
  readonly cpuNs: number;
}

/** The figure of an operation, in its unit; `bytes` is the payload of one. */
export function figureOf({ unit }: Operation, { done, ns, medianNs, cpuNs }: Timed, bytes: number): number {
  if (unit === LATENCY) return medianNs / 1000;
  if (unit === SHARE_OF_CORE) return Math.max(LEAST_SHARE, ((cpuNs * done) / ns) * 100);
  const perSecond = (done / ns) * 1e9;
  return unit === THROUGHPUT ? (perSecond * bytes) / 1e6 : perSecond;
}

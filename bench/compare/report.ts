/** What the bench guest writes on its serial port, line by line. */

/** The guest's first line: what it found, and what was agreed on. */
export interface Introduction {
  readonly guest: string;
  /** Mount tag of the device that is measured. */
  readonly tag: string;
  /** All virtio-9p devices of the machine. */
  readonly devices: number;
  readonly queueSize: number;
  /** The features agreed on, in hexadecimal. */
  readonly features: string;
  readonly msize: number;
  /** Of the time stamp counter, as measured against the timer. */
  readonly ticksPerMs: number;
}

/** One measurement. */
export interface Measurement {
  /** As it was asked for: `getattr:32`. */
  readonly measurement: string;
  readonly depth: number;
  /** Operations. */
  readonly done: number;
  /** From the first to the end of the last; where there is silence between them, the sum without it. */
  readonly ns: number;
  readonly leastNs: number;
  readonly medianNs: number;
  readonly p99Ns: number;
  /** Times the driver had to ring. */
  readonly kicks: number;
  /** Payload of one operation; of a listing, of one message of it. */
  readonly bytes: number;
  /** Of a listing. */
  readonly entries: number;
}

/** A line of the guest's. */
export type GuestLine =
  | { readonly kind: 'ask' }
  | { readonly kind: 'introduction'; readonly introduction: Introduction }
  | { readonly kind: 'measurement'; readonly measurement: Measurement }
  | { readonly kind: 'error'; readonly text: string }
  | { readonly kind: 'end' }
  /** Not the guest's own: the machine's, or what the guest says before an error. */
  | { readonly kind: 'other'; readonly text: string };

/** A line that looks like the guest's and is not as it should be. */
export class ReportError extends Error {
  override readonly name = 'ReportError';
}

const INTRODUCTION = {
  guest: 'string',
  tag: 'string',
  devices: 'number',
  queueSize: 'number',
  features: 'string',
  msize: 'number',
  ticksPerMs: 'number',
} as const satisfies Record<keyof Introduction, 'string' | 'number'>;

const MEASUREMENT = {
  measurement: 'string',
  depth: 'number',
  done: 'number',
  ns: 'number',
  leastNs: 'number',
  medianNs: 'number',
  p99Ns: 'number',
  kicks: 'number',
  bytes: 'number',
  entries: 'number',
} as const satisfies Record<keyof Measurement, 'string' | 'number'>;

/** Reads one line, without its end. @throws ReportError for an object that is none of the guest's */
export function readLine(line: string): GuestLine {
  const text = line.trim();
  if (text === '?') return { kind: 'ask' };
  if (!text.startsWith('{')) return { kind: 'other', text };
  const object = parsed(text);
  if ('error' in object) return { kind: 'error', text: `${object.error} (${object.detail})` };
  if ('end' in object) return { kind: 'end' };
  if ('guest' in object) return { kind: 'introduction', introduction: members(object, INTRODUCTION, text) };
  const measurement: Measurement = members(object, MEASUREMENT, text);
  if (measurement.done < 1 || measurement.ns < 1) throw new ReportError(`nothing was measured: ${text}`);
  return { kind: 'measurement', measurement };
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text);
  } catch {
    throw new ReportError(`not a whole line of the bench guest: ${text}`);
  }
}

type Members<T extends Record<string, 'string' | 'number'>> = {
  [K in keyof T]: T[K] extends 'number' ? number : string;
};

function members<T extends Record<string, 'string' | 'number'>>(
  object: Record<string, unknown>,
  types: T,
  text: string,
): Members<T> {
  for (const [name, type] of Object.entries(types)) {
    const value = object[name];
    const right = type === 'string' ? typeof value === 'string' : Number.isSafeInteger(value) && Number(value) >= 0;
    if (!right) throw new ReportError(`no ${type} '${name}' in this line of the bench guest: ${text}`);
  }
  return object as Members<T>;
}

/**
 * How long 9P requests took, for each message of each device: exact counts in bins that grow with the time, so that any
 * number of requests takes the same room, and the same over the time of the run.
 */
import type { EventId } from '../../devices/events.ts';
import type { TraceEvent } from '../../trace/event.ts';
import type { RequestSeen } from './under-way.ts';

/** Bins of each doubling: a time is known to 1 part in 16. */
const PARTS = 16;
const PART_BITS = 4;
/** Longest time told apart, in microseconds: an hour. */
const LONGEST = 3_600_000_000;
/** Messages of devices kept; a machine has some thirty of each device it uses. */
export const MOST_TALLIES = 256;
/** Devices whose course over time is kept. */
export const MOST_COURSES = 16;
/** Messages of devices whose own course is kept. */
export const MOST_MESSAGE_COURSES = 64;
/** Slices of a course; when they are used up each takes twice the time. */
export const MOST_SLICES = 240;
/** The same of one message's course: there are many. */
export const MOST_MESSAGE_SLICES = 120;
/** Bins of each doubling in a slice. */
const SLICE_PARTS = 4;
const FIRST_SLICE = 10_000;
/** Slowest requests named of each message. */
const MOST_SLOWEST = 5;

/** What the requests of one name of one device come to. */
export interface TallyModel {
  readonly device: string;
  readonly name: string;
  count: number;
  errors: number;
  takenBack: number;
  /** Microseconds in all, and the most. */
  sum: number;
  most: number;
  /** How many took the times of each bin; see `binOf`. */
  bins: number[];
  /** The slowest, slowest first. */
  slowest: { readonly request: EventId; readonly took: number }[];
}

/** A piece of time of a course. */
export interface SliceModel {
  count: number;
  errors: number;
  most: number;
  bins: number[];
}

/** How a device's requests went over time: all of them, or those of one name. */
export interface CourseModel {
  readonly device: string;
  /** Empty for all. */
  readonly name: string;
  /** Microseconds where the first slice begins, and of each. */
  readonly start: number;
  width: number;
  slices: SliceModel[];
}

/** All of them. */
export interface LatencyModel {
  tallies: TallyModel[];
  /** Of all requests of each device. */
  courses: CourseModel[];
  /** Of each message. */
  messageCourses: CourseModel[];
  /** Replies that are left out. */
  notKept: number;
}

/** No requests. */
export function emptyLatency(): LatencyModel {
  return { tallies: [], courses: [], messageCourses: [], notKept: 0 };
}

/** Bin of a time in microseconds: below 16 each its own, above 16 for each doubling. */
export function binOf(micros: number): number {
  const value = Math.min(LONGEST, Math.max(0, Math.floor(micros)));
  if (!(value >= PARTS)) return value || 0;
  const exponent = Math.floor(Math.log2(value)) - PART_BITS;
  return exponent * PARTS + Math.floor(value / 2 ** exponent);
}

/** The least time in a bin, in microseconds; what is less than that of the next bin belongs to it. */
export function binStart(bin: number): number {
  if (bin < PARTS) return bin;
  const exponent = Math.floor(bin / PARTS) - 1;
  return (PARTS + (bin % PARTS)) * 2 ** exponent;
}

/** The time that a part of the requests, 0 to 1, did not exceed, in microseconds; 0 where there are none. */
export function percentile(
  { bins, most }: { readonly bins: readonly number[]; readonly most: number },
  part: number,
): number {
  return percentileOf(bins, part, most, binStart);
}

/** The same of a slice, whose bins are wider. */
export function slicePercentile({ bins, most }: SliceModel, part: number): number {
  return percentileOf(bins, part, most, (bin) => 2 ** (bin / SLICE_PARTS));
}

function percentileOf(bins: readonly number[], part: number, most: number, start: (bin: number) => number): number {
  const total = bins.reduce((sum, count) => sum + count, 0);
  if (total === 0) return 0;
  let left = Math.max(1, Math.ceil(part * total));
  for (const [bin, count] of bins.entries()) {
    if (count >= left) {
      const [from, to] = [start(bin), start(bin + 1)];
      // A bin of one value is exact; in a wider one requests are taken to be spread evenly.
      return Math.min(most, to - from <= 1 ? from : from + ((to - from) * left) / count);
    }
    left -= count;
  }
  return most;
}

/**
 * Takes a `reply` or `taken-back` into the model, which is changed in place; other events change nothing.
 *
 * @param request what it ends, where that was seen: an error's own name does not say what failed.
 */
export function foldLatency(model: LatencyModel, event: TraceEvent, request: RequestSeen | undefined): void {
  if (event.kind === 'taken-back') {
    const tally = tallyOf(model, event.device, event.fields.name);
    if (tally !== undefined) tally.takenBack += 1;
  }
  if (event.kind !== 'reply') return;
  const { device, time, fields } = event;
  const { error } = fields;
  const took = Number.isFinite(fields.took) ? Math.max(0, fields.took) : 0;
  const tally = tallyOf(model, device, request?.name ?? fields.name.replace(/^R/, 'T'));
  if (tally === undefined) return;
  tally.count += 1;
  if (error !== undefined) tally.errors += 1;
  tally.sum += took;
  tally.most = Math.max(tally.most, took);
  count(tally.bins, binOf(took));
  nameSlow(tally, fields.request, took);
  const ended = { took, failed: error !== undefined };
  addTo(sliceAt(courseOf(model.courses, MOST_COURSES, { device, name: '', time }), time, MOST_SLICES), ended);
  const own = courseOf(model.messageCourses, MOST_MESSAGE_COURSES, { device, name: tally.name, time });
  addTo(sliceAt(own, time, MOST_MESSAGE_SLICES), ended);
}

function addTo(slice: SliceModel | undefined, { took, failed }: { readonly took: number; readonly failed: boolean }) {
  if (slice === undefined) return;
  slice.count += 1;
  if (failed) slice.errors += 1;
  slice.most = Math.max(slice.most, took);
  count(slice.bins, Math.floor(Math.log2(Math.min(LONGEST, Math.max(1, took))) * SLICE_PARTS));
}

/** Adds one to a bin; the bins before it are there then. */
function count(bins: number[], bin: number): void {
  while (bins.length <= bin) bins.push(0);
  bins[bin] = (bins[bin] ?? 0) + 1;
}

function nameSlow(tally: TallyModel, request: EventId, took: number): void {
  const { slowest } = tally;
  if (slowest.length === MOST_SLOWEST && took <= (slowest.at(-1)?.took ?? 0)) return;
  const before = slowest.findIndex((one) => one.took < took);
  slowest.splice(before < 0 ? slowest.length : before, 0, { request, took });
  if (slowest.length > MOST_SLOWEST) slowest.pop();
}

function tallyOf(model: LatencyModel, device: string, name: string): TallyModel | undefined {
  const known = model.tallies.find((one) => one.name === name && one.device === device);
  if (known !== undefined) return known;
  if (model.tallies.length === MOST_TALLIES) {
    model.notKept += 1;
    return undefined;
  }
  const tally: TallyModel = { device, name, count: 0, errors: 0, takenBack: 0, sum: 0, most: 0, bins: [], slowest: [] };
  model.tallies.push(tally);
  return tally;
}

/** The course of that name, which begins with its first request; undefined where as many are kept as may be. */
function courseOf(
  courses: CourseModel[],
  most: number,
  { device, name, time }: { readonly device: string; readonly name: string; readonly time: number },
): CourseModel | undefined {
  const known = courses.find((one) => one.name === name && one.device === device);
  if (known !== undefined || courses.length === most) return known;
  const course: CourseModel = { device, name, start: time, width: FIRST_SLICE, slices: [] };
  courses.push(course);
  return course;
}

function sliceAt(course: CourseModel | undefined, time: number, most: number): SliceModel | undefined {
  if (course === undefined) return undefined;
  const elapsed = Math.max(0, time - course.start);
  while (elapsed >= course.width * most) widen(course);
  const at = Math.floor(elapsed / course.width);
  while (course.slices.length <= at) course.slices.push({ count: 0, errors: 0, most: 0, bins: [] });
  return course.slices[at];
}

/** Makes one slice of every two. */
function widen(course: CourseModel): void {
  const { slices } = course;
  course.width *= 2;
  course.slices = [];
  for (let at = 0; at < slices.length; at += 2) {
    const [first, second] = [slices[at], slices[at + 1]];
    if (first === undefined) continue;
    course.slices.push(second === undefined ? first : joined(first, second));
  }
}

function joined(one: SliceModel, other: SliceModel): SliceModel {
  const length = Math.max(one.bins.length, other.bins.length);
  return {
    count: one.count + other.count,
    errors: one.errors + other.errors,
    most: Math.max(one.most, other.most),
    bins: Array.from({ length }, (_, bin) => (one.bins[bin] ?? 0) + (other.bins[bin] ?? 0)),
  };
}

/** The driver on a thread of its own: measures what the device makes of each operation. */
import { readdirSync, readFileSync, readlinkSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { codecOf, decodeMessage, encodeMessage } from '../../ninep/codec.ts';
import type { MessageBody, RequestName } from '../../ninep/messages.ts';
import { fidNumber, NOFID, tagNumber } from '../../ninep/wire-types.ts';
import { BareRing, LANES, type Piece } from './bare-ring.ts';
import { FIDS, LARGE, type Operation, type Step, slowRead } from './operations.ts';

/** What a driver is told. */
export interface DriverData {
  readonly ram: SharedArrayBuffer;
  /** Where the ring, and behind it the buffers, may be. */
  readonly ring: number;
  readonly buffers: number;
  /** The eventfd of its doorbell. */
  readonly doorbell: number;
}

/** One measurement. All times in microseconds. */
export interface Measurement {
  readonly perSecond: number;
  readonly medianUs: number;
  readonly p99Us: number;
  /** Processor time of all other threads of the process, for one operation. */
  readonly cpuUs: number;
  readonly kicksPerOperation: number;
  readonly operations: number;
  /** Bytes of the process that are resident afterwards. */
  readonly rss: number;
}

const MSIZE = LARGE + 4096;
const HEAD_ROOM = 4096;
const READ_HEAD = 11;
/** Bytes of buffers for each lane: heads of request and reply, data of both, and a table of descriptors. */
const LANE_BYTES = 2 * HEAD_ROOM + 2 * LARGE + HEAD_ROOM;
const TABLE_AT = 2 * HEAD_ROOM + 2 * LARGE;
const PAGE = 4096;
/** Bytes of buffers that a driver needs. */
export const BUFFER_BYTES = LANES * LANE_BYTES;
const MOST_SAMPLES = 1 << 20;
const LOST_MS = 20_000;
const SETTLE_MS = 200;
const [READ_ONLY, READ_WRITE, DIRECTORY] = [0, 2, 0o200000];

/** Drives one device. */
export class Driver {
  readonly #ring: BareRing;
  readonly #ram: SharedArrayBuffer;
  readonly #buffers: number;
  readonly #samples = new Float64Array(MOST_SAMPLES);
  readonly #replies: DataView[];

  constructor({ ram, ring, buffers, doorbell }: DriverData) {
    const one = new Uint8Array(BigUint64Array.of(1n).buffer);
    this.#ring = new BareRing(ram, ring, () => void writeSync(doorbell, one));
    this.#ram = ram;
    this.#buffers = buffers;
    this.#replies = Array.from({ length: LANES }, (_, lane) => new DataView(ram, this.#at(lane, HEAD_ROOM), HEAD_ROOM));
  }

  /** Begins the conversation and opens what the operations use. */
  greet(): void {
    this.call('Tversion', { msize: MSIZE, version: '9P2000.L' });
    const aname = new Uint8Array();
    this.call('Tattach', { fid: fidNumber(FIDS.root), afid: NOFID, uname: aname, aname, n_uname: 0 });
    this.#open(FIDS.file, 'file', READ_ONLY);
    this.#open(FIDS.scratch, 'scratch', READ_WRITE);
    this.#open(FIDS.many, 'many', READ_ONLY | DIRECTORY);
  }

  /** One request and its reply; throws where it is an error. */
  call<N extends RequestName>(name: N, body: MessageBody<N>): void {
    const frame = encodeMessage(name, tagNumber(0), body);
    this.#put(0, frame);
    this.#ring.layOut(0, [[this.#at(0, 0), frame.length]], [[this.#at(0, HEAD_ROOM), HEAD_ROOM]]);
    this.#ring.add(0);
    this.#ring.publish();
    this.#wait();
    const reply = new Uint8Array(this.#ram, this.#at(0, HEAD_ROOM), HEAD_ROOM);
    if (reply[4] === codecOf(name).type + 1) return;
    const size = new DataView(reply.buffer, reply.byteOffset).getUint32(0, true);
    throw new Error(`${name}: ${JSON.stringify(decodeMessage(reply.slice(0, size)))}`);
  }

  /** Makes so many fids, each with an object of its own, and keeps them. */
  hold(fids: number): void {
    for (let i = 0; i < fids; i += 1) {
      const newfid = fidNumber(FIDS.held + i);
      this.call('Twalk', { fid: fidNumber(FIDS.root), newfid, wname: [new TextEncoder().encode('file')] });
    }
  }

  /** Processor time of the device, as part of one processor, while nothing is asked of it but a request every so many milliseconds. */
  async silence(milliseconds: number, every?: number): Promise<{ readonly part: number }> {
    await sleep(SETTLE_MS);
    const before = { cpu: otherThreads(), at: performance.now() };
    while (performance.now() - before.at < milliseconds) {
      await sleep(every ?? milliseconds);
      if (every !== undefined) this.call('Tgetattr', { fid: fidNumber(FIDS.file), request_mask: 0x7ffn });
    }
    const cpu = otherThreads() - before.cpu;
    return { part: cpu / (1000 * (performance.now() - before.at)) };
  }

  /** Opens the slow file. */
  openSlow(): void {
    this.#open(FIDS.slow, 'slow', READ_ONLY);
  }

  /** Sends requests of an operation for so long, with so many under way to the slow file all the time. */
  async measure(operation: Operation, seconds: number, slow = 0): Promise<Measurement> {
    const { depth, pauseMs } = operation;
    const lanes = Array.from({ length: depth }, (_, lane) => operation.steps(lane));
    const at = new Int32Array(depth);
    const since = new Float64Array(depth);
    const types = lanes.map((steps) => steps.map(({ frame }) => (frame[4] ?? 0) + 1));
    const ring = this.#ring;
    let [taken, done] = [0, 0];
    // A lane of one step is laid out once.
    const layOut = (lane: number, step: number) => {
      const one = lanes[lane]?.[step];
      if (one === undefined) throw new Error('no such step');
      layOutStep(lane, one);
    };
    const layOutStep = (lane: number, one: Step) => {
      this.#put(lane, one.frame);
      const pieces = (at: number, length: number): Piece[] =>
        one.pages === undefined ? [[at, length]] : inPages(at, length, one.pages);
      const sent: Piece[] = [
        [this.#at(lane, 0), one.frame.length],
        ...pieces(this.#at(lane, 2 * HEAD_ROOM), one.sends),
      ];
      const received: Piece[] =
        one.receives > 0
          ? [[this.#at(lane, HEAD_ROOM), READ_HEAD], ...pieces(this.#at(lane, 2 * HEAD_ROOM + LARGE), one.receives)]
          : [[this.#at(lane, HEAD_ROOM), HEAD_ROOM]];
      if (one.pages !== undefined) ring.layOutApart(lane, this.#at(lane, TABLE_AT), sent, received);
      else ring.layOut(lane, sent, received);
    };
    const before = { kicks: ring.kicks, cpu: otherThreads() };
    const started = performance.now();
    const until = started + seconds * 1000;
    for (let lane = 0; lane < depth; lane += 1) {
      layOut(lane, 0);
      since[lane] = performance.now();
      ring.add(lane);
    }
    ring.publish();
    let slowUnderWay = slow;
    for (let lane = depth; lane < depth + slow; lane += 1) {
      layOutStep(lane, slowRead(lane));
      ring.add(lane);
    }
    if (slow > 0) ring.publish();
    for (let underWay = depth; underWay > 0 || slowUnderWay > 0; ) {
      let published = false;
      for (let lane = this.#wait(); lane >= 0; lane = ring.take()) {
        if (lane >= depth) {
          if (underWay > 0) ring.add(lane);
          else slowUnderWay -= 1;
          published ||= underWay > 0;
          continue;
        }
        const steps = lanes[lane] ?? [];
        const step = at[lane] ?? 0;
        const reply = this.#replies[lane];
        if (reply?.getUint8(4) !== types[lane]?.[step])
          throw new Error(`${operation.name}: answered ${reply?.getUint8(4)}`);
        let next = step + 1 === steps.length ? 0 : step + 1;
        const more = operation.lists === true && this.#goOn(lane, steps[step]?.frame);
        if (more) next = step;
        at[lane] = next;
        if (next === 0 && !more) {
          const now = performance.now();
          if (taken < MOST_SAMPLES) this.#samples[taken] = now - (since[lane] ?? 0);
          taken += 1;
          done += 1;
          if (now > until) {
            underWay -= 1;
            continue;
          }
          if (pauseMs !== undefined) await sleep(pauseMs);
          since[lane] = pauseMs === undefined ? now : performance.now();
        }
        if (operation.lists === true) this.#put(lane, steps[step]?.frame ?? new Uint8Array());
        else if (steps.length > 1) layOut(lane, next);
        ring.add(lane);
        published = true;
      }
      if (published) ring.publish();
    }
    const elapsed = performance.now() - started;
    const cpu = otherThreads() - before.cpu;
    const sorted = this.#samples.subarray(0, Math.min(taken, MOST_SAMPLES)).toSorted();
    return {
      operations: done,
      rss: process.memoryUsage.rss(),
      perSecond: (done / elapsed) * 1000,
      medianUs: (sorted[sorted.length >> 1] ?? 0) * 1000,
      p99Us: (sorted[Math.floor(sorted.length * 0.99)] ?? 0) * 1000,
      cpuUs: cpu / done,
      kicksPerOperation: (ring.kicks - before.kicks) / done,
    };
  }

  /** Continues a listing behind its last entry; false at its end, when the frame is put back to the start. */
  #goOn(lane: number, frame: Uint8Array | undefined): boolean {
    if (frame === undefined) return false;
    const length = this.#replies[lane]?.getUint32(7, true) ?? 0;
    const offset = new DataView(frame.buffer, frame.byteOffset + 11, 8);
    offset.setBigUint64(0, 0n, true);
    const data = new DataView(this.#ram, this.#at(lane, 2 * HEAD_ROOM + LARGE), length);
    for (let at = 0; at < length; at += 24 + data.getUint16(at + 22, true)) {
      offset.setBigUint64(0, data.getBigUint64(at + 13, true), true);
    }
    return length > 0;
  }

  #open(number: number, path: string, flags: number): void {
    const newfid = fidNumber(number);
    this.call('Twalk', { fid: fidNumber(FIDS.root), newfid, wname: [new TextEncoder().encode(path)] });
    this.call('Tlopen', { fid: newfid, flags });
  }

  /** The next lane that comes back. */
  #wait(): number {
    for (let since = 0; ; ) {
      for (let looks = 1000; looks > 0; looks -= 1) {
        const lane = this.#ring.take();
        if (lane >= 0) return lane;
      }
      const now = performance.now();
      if (since === 0) since = now;
      else if (now - since > LOST_MS) throw new Error('a request did not come back');
    }
  }

  #at(lane: number, offset: number): number {
    return this.#buffers + lane * LANE_BYTES + offset;
  }

  #put(lane: number, frame: Uint8Array): void {
    new Uint8Array(this.#ram, this.#at(lane, 0), frame.length).set(frame);
  }
}

/** The pages of `length` bytes at `at`; scattered, every other one comes first. */
function inPages(at: number, length: number, order: 'row' | 'scattered'): Piece[] {
  const pages = Array.from({ length: length / PAGE }, (_, page): Piece => [at + page * PAGE, PAGE]);
  if (order === 'row') return pages;
  return [...pages.filter((_, page) => page % 2 === 0), ...pages.filter((_, page) => page % 2 === 1)];
}

/** Processor time of all threads of this process but this one, in microseconds. */
export function otherThreads(): number {
  const own = readlinkSync('/proc/thread-self').split('/')[2];
  let sum = 0;
  for (const thread of readdirSync('/proc/self/task')) {
    if (thread !== own) sum += Number(readFileSync(`/proc/self/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
  }
  return sum / 1000;
}

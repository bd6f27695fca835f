/** What is measured: for each operation the requests of one lane, sent one after the other. */
import { encodeMessage } from '../../ninep/codec.ts';
import type { MessageBody, RequestName } from '../../ninep/messages.ts';
import { fidNumber, tagNumber } from '../../ninep/wire-types.ts';

export const LARGE = 512 << 10;
/** The most that Linux's client moves by one message where it names each page by itself: 125 of them, and three descriptors more. */
const IN_PAGES = 125 << 12;
export const FILE_BYTES = 16 << 20;
/** Fids that the driver opens before. */
export const FIDS = { root: 0, file: 1, scratch: 2, many: 3, slow: 4, free: 100, held: 1000 } as const;
const BASIC = 0x7ffn;
const CREATE_READ_WRITE = 0o102;

/** A request that is sent again and again. */
export interface Step {
  readonly frame: Uint8Array;
  /** Data behind the frame, from memory of the lane's own. */
  readonly sends: number;
  /** Data in the reply, into memory of the lane's own. */
  readonly receives: number;
  /** The data's pages are named one by one, in a row or no two after each other that lie side by side. */
  readonly pages?: 'row' | 'scattered';
}

/** One row. */
export interface Operation {
  readonly name: string;
  readonly depth: number;
  /** Silence before each, in milliseconds. */
  readonly pauseMs?: number;
  readonly steps: (lane: number) => readonly Step[];
  /** Goes on with a listing where it ended, until it has all: the offset stands in the frame. */
  readonly lists?: boolean;
}

function step<N extends RequestName>(lane: number, name: N, body: MessageBody<N>, sends = 0, receives = 0): Step {
  const frame = encodeMessage(name, tagNumber(lane), body);
  if (sends > 0) {
    // The data are elsewhere, but count.
    const view = new DataView(frame.buffer, frame.byteOffset);
    view.setUint32(0, frame.length + sends, true);
    view.setUint32(frame.length - 4, sends, true);
  }
  return { frame, sends, receives };
}

const name = (text: string) => new TextEncoder().encode(text);
const offsetOf = (lane: number) => BigInt((lane * LARGE) % FILE_BYTES);

const getattr = (lane: number) => [step(lane, 'Tgetattr', { fid: fidNumber(FIDS.file), request_mask: BASIC })];
const walkClunk = (lane: number) => {
  const newfid = fidNumber(FIDS.free + lane);
  return [
    step(lane, 'Twalk', { fid: fidNumber(FIDS.root), newfid, wname: [name('file')] }),
    step(lane, 'Tclunk', { fid: newfid }),
  ];
};
const read = (count: number) => (lane: number) => [
  step(lane, 'Tread', { fid: fidNumber(FIDS.file), offset: offsetOf(lane), count }, 0, count),
];
/** Data in pages, as Linux's client names them whose memory is a program's. */
const inPages = (pages: 'row' | 'scattered', steps: Operation['steps']) => (lane: number) =>
  steps(lane).map((one) => ({ ...one, pages }));
const write = (count: number) => (lane: number) => [
  step(
    lane,
    'Twrite',
    { fid: fidNumber(FIDS.scratch), offset: offsetOf(lane), data: { segments: [], length: 0 } },
    count,
  ),
];
const list = (lane: number) => [
  step(lane, 'Treaddir', { fid: fidNumber(FIDS.many), offset: 0n, count: 128 << 10 }, 0, 128 << 10),
];
const createRemove = (lane: number) => {
  const [fid, newfid, made] = [fidNumber(FIDS.root), fidNumber(FIDS.free + lane), name(`new-${lane}`)];
  const data = { segments: [], length: 0 };
  return [
    step(lane, 'Twalk', { fid, newfid, wname: [] }),
    step(lane, 'Tlcreate', { fid: newfid, name: made, flags: CREATE_READ_WRITE, mode: 0o644, gid: 0 }),
    step(lane, 'Twrite', { fid: newfid, offset: 0n, data }, 4096),
    step(lane, 'Tclunk', { fid: newfid }),
    step(lane, 'Tunlinkat', { dirfd: fid, name: made, flags: 0 }),
  ];
};

export const GETATTR: Operation = { name: 'getattr', depth: 1, steps: getattr };

/** Where in a file the page cache knows nothing, in a process that has a slow file. */
export const UNCACHED = 12 << 20;

/** What is measured beside a slow file. */
export const BESIDE: readonly Operation[] = [
  GETATTR,
  { name: 'read 4 KiB', depth: 1, steps: read(4096) },
  {
    name: 'read 4 KiB in the pool',
    depth: 1,
    steps: (lane) => [
      step(lane, 'Tread', { fid: fidNumber(FIDS.file), offset: BigInt(UNCACHED), count: 4096 }, 0, 4096),
    ],
  },
];

/** A read of the slow file. */
export const slowRead = (lane: number): Step =>
  step(lane, 'Tread', { fid: fidNumber(FIDS.slow), offset: 0n, count: 1 }, 0, 1);

/** The rows. */
export const OPERATIONS: readonly Operation[] = [
  GETATTR,
  { name: 'getattr after 2 ms', depth: 1, pauseMs: 2, steps: getattr },
  { name: 'getattr', depth: 32, steps: getattr },
  { name: 'walk+clunk', depth: 1, steps: walkClunk },
  { name: 'walk+clunk', depth: 32, steps: walkClunk },
  { name: 'read 4 KiB', depth: 1, steps: read(4096) },
  { name: 'read 4 KiB', depth: 32, steps: read(4096) },
  { name: 'read 512 KiB', depth: 1, steps: read(LARGE) },
  { name: 'read 512 KiB', depth: 8, steps: read(LARGE) },
  { name: 'read 500 KiB in pages', depth: 1, steps: inPages('row', read(IN_PAGES)) },
  { name: 'read 500 KiB in pages', depth: 8, steps: inPages('row', read(IN_PAGES)) },
  { name: 'read 500 KiB in scattered pages', depth: 1, steps: inPages('scattered', read(IN_PAGES)) },
  { name: 'write 4 KiB', depth: 1, steps: write(4096) },
  { name: 'write 512 KiB', depth: 1, steps: write(LARGE) },
  { name: 'write 512 KiB', depth: 8, steps: write(LARGE) },
  { name: 'write 500 KiB in pages', depth: 1, steps: inPages('row', write(IN_PAGES)) },
  { name: 'write 500 KiB in pages', depth: 8, steps: inPages('row', write(IN_PAGES)) },
  { name: 'write 500 KiB in scattered pages', depth: 1, steps: inPages('scattered', write(IN_PAGES)) },
  { name: 'list', depth: 1, steps: list, lists: true },
  { name: 'create+write+clunk+unlink', depth: 1, steps: createRemove },
];

import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { WireType } from '../bytes/wire.ts';
import { utf8 } from '../bytes/wire.ts';
import type { Attributes, MaybeAsync, Node, OpenFile } from './backend.ts';
import { graft } from './backends/graft/graft.ts';
import { createSynth } from './backends/synth/synth.ts';
import { gather } from './client/client.ts';
import { decodeMessage, encodeMessage } from './codec.ts';
import { MODE } from './constants.ts';
import { counting } from './contract/counting.ts';
import { ATTACH, errno } from './contract/sessions.ts';
import { stubBackend, stubFile, stubNode } from './contract/stubs.ts';
import { errnoName, fail } from './errno.ts';
import { MESSAGES, type MessageBody, type MessageName, type MessageRow } from './messages.ts';
import type { SessionObserver } from './observer.ts';
import { DM } from './plan9.ts';
import { refusalsOf } from './refusals.ts';
import { createSession } from './session.ts';
import { type Stat, UNTOUCHED } from './stat.ts';
import { formIn, VERSIONS, type Version } from './versions.ts';
import { fid, fidNumber, NOFID, NOTAG, name, openMode, perm, tag, tagNumber } from './wire-types.ts';

/**
 * Whole sessions made from the message table: requests of any kind, valid or mangled, at any time, over backends that
 * answer now or later, well or badly. Whatever comes: nothing throws, every request ends exactly once, and in the end
 * every node and file has been given back.
 */

const FIDS = [0, 0, 0, 1, 1, 2].map(fidNumber);
const NAMES = [
  'dir',
  'dir',
  'file',
  'file',
  'slow',
  '.tsvmm',
  'init',
  '..',
  '.',
  'absent',
  '',
  'a/b',
  'x'.repeat(256),
].map(utf8);

/** Values that get somewhere, where the table's own samples would nearly always miss. */
const LIKELY = new Map<WireType<unknown>, readonly unknown[]>([
  [fid, [...FIDS, ...FIDS, ...FIDS, ...FIDS, NOFID, fidNumber(99)]],
  [tag, Array.from({ length: 16 }, (_, number) => tagNumber(number))],
  [name, NAMES],
  [openMode, [0, 0, 0, 1, 2, 3, 0x10, 0x12, 0x40, 0x80, 0xff]],
  [perm, [0o644, 0o4755, ...Object.values(DM)]],
]);

/** All fields untouched but for a few. */
const wstats: fc.Arbitrary<Stat> = fc
  .record(
    {
      name: fc.constantFrom(...NAMES),
      mode: fc.constantFrom(0, 0o644, DM.DMDIR, DM.DMDIR | 0o755),
      mtime: fc.constantFrom(0, 1_000_000_000),
      length: fc.constantFrom(0n, 4n, 1n << 63n),
      gid: fc.constantFrom('', '7', 'users'),
      n_uid: fc.constantFrom(0, 0xffff_ffff),
      dev: fc.constantFrom(0, 1),
    },
    { requiredKeys: [] },
  )
  .map((some) => ({ ...UNTOUCHED, ...some }));

function bodyOf(
  fields: Readonly<Record<string, WireType<unknown>>>,
  version: Version,
): fc.Arbitrary<Record<string, unknown>> {
  const arbitraries = Object.entries(fields).map(([field, common]) => {
    const type = formIn(common, version);
    if (field === 'stat') return [field, wstats] as const;
    if (field === 'extension' && version === '9P2000.u') {
      return [field, fc.constantFrom(...['', '0\n', '1', 'c 1 3', 'b 9999999999 1', 'target', '7'].map(utf8))] as const;
    }
    if (field === 'wname') return [field, fc.array(fc.constantFrom(...NAMES), { maxLength: 4 })] as const;
    if (field === 'afid') return [field, fc.constantFrom(NOFID, NOFID, NOFID, fidNumber(0))] as const;
    if (field === 'version') return [field, fc.constantFrom<string>(version, version, 'unknown')] as const;
    if (field === 'msize') return [field, fc.constantFrom(4096, 8192, 100, 0xffff_ffff)] as const;
    if (field === 'offset') return [field, fc.constantFrom(0n, 0n, 0n, 1n, 4n, 1n << 63n)] as const;
    if (field === 'flags') return [field, fc.constantFrom(0, 0, 0, 1, 2, 0o1000, 0x200, 0xffff_ffff)] as const;
    if (field === 'attr_size') return [field, fc.constantFrom(0n, 10n, 65_537n)] as const;
    return [field, fc.constantFrom(...(LIKELY.get(type) ?? type.samples))] as const;
  });
  return fc.record(Object.fromEntries(arbitraries));
}

function isBodyOf<N extends MessageName>(_name: N, _body: object): _body is MessageBody<N> {
  return true;
}

interface Step {
  readonly frame: Uint8Array;
  readonly area: number;
  /** Names a fid that is there and, for what needs an open one, open. */
  readonly aimed: boolean;
  /** Turns of the event loop before the next request. */
  readonly pause: number;
}

/** Steps of one dialect. */
function stepsOf(version: Version): fc.Arbitrary<Step[]> {
  const requests = MESSAGES.filter((row) => row.name.startsWith('T') && isIn(row, version));
  const begins = requests.filter((row) => row.name === 'Tversion');
  const others = requests.filter((row) => row.name !== 'Tversion');
  /** What fids live on, and so what has to meet itself and the rest in every order. */
  const frequent = others.filter((row) => FREQUENT.includes(row.name));
  const reads = others.filter((row) => row.name === 'Tread');

  const frames: fc.Arbitrary<Uint8Array> = fc
    .oneof(
      { weight: 60, arbitrary: fc.constantFrom(...others) },
      { weight: 60, arbitrary: fc.constantFrom(...frequent) },
      { weight: 30, arbitrary: fc.constantFrom(...reads) },
      { weight: 1, arbitrary: fc.constantFrom(...begins) },
    )
    .chain((row) =>
      fc.record({ body: bodyOf(row.fields, version), number: fc.nat(15) }).map(({ body, number }) => {
        if (!isBodyOf(row.name, body)) throw new Error('unreachable');
        return encodeMessage(row.name, tagNumber(number), body, version);
      }),
    );

  /** A valid frame, or now and then one with a byte changed, an end cut off, or no sense at all. */
  const mangled = fc.oneof(
    { weight: 40, arbitrary: frames },
    {
      weight: 2,
      arbitrary: fc.tuple(frames, fc.nat(), fc.nat(255)).map(([frame, at, value]) => {
        const copy = frame.slice();
        copy[at % copy.length] = value;
        return copy;
      }),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(frames, fc.nat()).map(([frame, at]) => frame.subarray(0, Math.max(7, at % frame.length))),
    },
    { weight: 1, arbitrary: fc.uint8Array({ minLength: 7, maxLength: 60 }) },
  );

  return fc.array(
    fc.record({
      frame: mangled,
      area: fc.constantFrom(4096, 4096, 4096, 4096, 4096, 4096, 4096, version === '9P2000.u' ? 13 : 11, 24, 100),
      aimed: fc.boolean(),
      pause: fc.constantFrom(0, 0, 0, 1, 2),
    }),
    { minLength: 80, maxLength: 120 },
  );
}

const FREQUENT: readonly string[] = ['Tattach', 'Twalk', 'Tlopen', 'Topen', 'Tclunk', 'Tflush', 'Tstat'];

function isIn(row: MessageRow, version: Version): boolean {
  return row.versions.includes(version);
}

/** A directory, a file and a symbolic link. */
const ATTRIBUTES = [MODE.directory, MODE.file, MODE.symlink].map((type): Attributes => {
  const never = { seconds: 0n, nanoseconds: 0 };
  return {
    ...{ valid: 0x7ffn, qid: { type: 0, version: 0, path: 1n }, mode: type | 0o755, uid: 0, gid: 0, nlink: 1n },
    ...{ rdev: 0n, size: 0n, blksize: 4096n, blocks: 0n, gen: 0n, dataVersion: 0n },
    ...{ atime: never, mtime: never, ctime: never, btime: never },
  };
});

/** How a moody tree fails, and how what a stub does not have. */
const MOODS = ['EACCES', 'EIO', 'ENOSYS'];

/** A tree that mixes answers at once with late ones, and good ones with bad. */
function moodyTree(seed: number): Node {
  let state = seed;
  const next = (most: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 16) % most;
  };
  const mood = <T>(make: () => T): MaybeAsync<T> => {
    const chance = next(10);
    if (chance === 0) return fail('EACCES');
    if (chance < 6) return make();
    const late = next(2) === 0 ? new Promise((resolve) => setImmediate(resolve)) : Promise.resolve();
    return late.then(() => (next(10) === 0 ? fail('EIO') : make()));
  };
  const file = (): OpenFile =>
    stubFile({
      read: (_offset, into, request) => {
        if (next(4) !== 0) return mood(() => Math.min(3, into[0]?.length ?? 0));
        return new Promise((_, reject) => {
          const late = setTimeout(() => reject(errno('EIO')), 5);
          request.onFlush(() => {
            clearTimeout(late);
            reject(errno('EINTR'));
          });
        });
      },
      write: () => mood(() => 1),
      readdir: (_, emit) =>
        mood(() => void emit({ qid: { type: 0, version: 0, path: 1n }, offset: 1n, type: 0, name: utf8('x') })),
      fsync: () => mood(() => undefined),
      lock: () => mood(() => 0 as const),
      getlock: () => mood(() => undefined),
      setattr: () => mood(() => undefined),
      release: () => (next(3) === 0 ? new Promise((resolve) => setImmediate(resolve)) : undefined),
    });
  let path = 1n;
  const node = (): Node =>
    stubNode({
      qid: { type: 0x80, version: 0, path: path++ % 1000n },
      clone: () => mood(node),
      walk: (names) =>
        mood(() => {
          const length = names.length - (next(4) === 0 ? 1 + next(names.length) : 0);
          if (length === 0) return fail('ENOENT');
          const qids = names.slice(0, length).map(() => ({ type: 0, version: 0, path: 1n }));
          return { qids, node: length === names.length ? node() : undefined };
        }),
      open: () => mood(file),
      create: () => mood(() => ({ node: node(), file: file() })),
      getattr: () => mood(() => ATTRIBUTES[next(3)] ?? fail('EIO')),
      setattr: () => mood(() => undefined),
      mknod: () => mood(() => ({ type: 0, version: 0, path: 1n })),
      symlink: () => mood(() => ({ type: 2, version: 0, path: 1n })),
      mkdir: () => mood(() => ({ type: 0x80, version: 0, path: 1n })),
      unlink: () => mood(() => undefined),
      removeSelf: () => mood(() => undefined),
      renameSelf: () => mood(() => undefined),
      rename: () => mood(() => undefined),
      link: () => mood(() => undefined),
      readlink: () => mood(() => utf8('target')),
      getxattr: () => mood(() => new Uint8Array(10)),
      listxattr: () => mood(() => new Uint8Array(10)),
      setxattr: () => mood(() => undefined),
      removexattr: () => mood(() => undefined),
      release: () => (next(3) === 0 ? new Promise((resolve) => setImmediate(resolve)) : undefined),
    });
  return node();
}

function quietTree() {
  const base = createSynth();
  base.root.file('file', 'content');
  base.root.directory('dir').file('file', 'more');
  base.root.special('slow', { read: () => new Promise((resolve) => setImmediate(() => resolve(0))), write: () => 0 });
  const other = createSynth();
  other.root.file('init', '#!');
  return graft(base, '.tsvmm', other);
}

/** What a client knows of its fids from the replies it has seen. */
class Known {
  private readonly walked = new Set<number>();
  private readonly open = new Set<number>();

  /** Puts a fid that will do into the frame's first field. */
  aim(frame: Uint8Array, choice: number): Uint8Array {
    const choices = [...(NEED_OPEN.includes(frame[4] ?? 0) ? this.open : this.walked)];
    const number = choices[choice % choices.length];
    if (number === undefined || frame.length < 11 || BEGINNINGS.includes(frame[4] ?? 0)) return frame;
    const aimed = frame.slice();
    new DataView(aimed.buffer).setUint32(7, number, true);
    return aimed;
  }

  /** Learns from a request that succeeded. */
  learn(frame: Uint8Array): void {
    const view = new DataView(frame.buffer, frame.byteOffset);
    const number = frame.length < 11 ? 0 : view.getUint32(7, true);
    switch (frame[4]) {
      case 104:
        this.walked.add(number);
        break;
      case 110:
        this.walked.add(view.getUint32(11, true));
        break;
      case 12:
      case 14:
      case 112:
      case 114:
        this.walked.delete(number);
        this.open.add(number);
        break;
      case 120:
      case 122:
        this.walked.delete(number);
        this.open.delete(number);
        break;
    }
  }
}

/** Twrite, Tread, Treaddir, Tfsync, Tlock, Tgetlock. */
const NEED_OPEN = [118, 116, 40, 50, 52, 54];

/** Tversion, Tauth, Tattach and Tflush do not begin with the fid they work on. */
const BEGINNINGS = [100, 102, 104, 108];

async function converse(version: Version, seed: number, sequence: readonly Step[]): Promise<void> {
  const bugs: unknown[] = [];
  const moody = seed % 3 !== 0;
  const counted = counting(moody ? stubBackend(moodyTree(seed)) : quietTree());
  const begun = new Set<number>();
  const ended = new Set<number>();
  const observer: SessionObserver = {
    request: ({ id }) => begun.add(id),
    reply({ id, name: asked }, answer) {
      if (!begun.has(id) || ended.has(id)) bugs.push(new Error(`exchange ${id} ended without beginning, or twice`));
      ended.add(id);
      const error = answer?.errno === undefined ? undefined : errnoName(answer.errno);
      if (moody && error !== undefined && !mayRefuse(asked, version, error))
        bugs.push(new Error(`${asked} was refused with ${error}`));
    },
  };
  const session = createSession(counted, { onBug: (error) => bugs.push(error), observer, maxFids: 6 });
  const opening = [
    encodeMessage('Tversion', NOTAG, { msize: 8192, version }),
    encodeMessage('Tattach', tagNumber(0), ATTACH, version),
  ];
  const known = new Known();
  const answers: Promise<void>[] = [];
  const all = [...opening.map((frame) => ({ frame, area: 4096, aimed: false, pause: 0 })), ...sequence];
  for (const [choice, { frame: plain, area, aimed, pause }] of all.entries()) {
    const frame = aimed ? known.aim(plain, choice) : plain;
    const reply = [new Uint8Array(7), new Uint8Array(area - 7)];
    const length = session.handle([frame.subarray(0, 5), frame.subarray(5)], reply);
    if (typeof length === 'number') checkReply(version, { frame, reply, length }, known);
    else answers.push(length.then((bytes) => checkReply(version, { frame, reply, length: bytes }, known)));
    for (let turn = 0; turn < pause; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(answers);
  expect(session.outstanding).toBe(0);
  await session.reset();
  expect(counted.tally).toEqual({ nodes: 0, files: 0 });
  expect(ended.size).toBe(sequence.length + opening.length);
  expect(bugs).toEqual([]);
}

/** Whether the core says that it may answer so, or the moody tree does. */
function mayRefuse(asked: MessageName | undefined, version: Version, error: string): boolean {
  return [...MOODS, ...refusalsOf(asked ?? '', version).map((refusal) => refusal.error)].includes(error);
}

interface Exchanged {
  readonly frame: Uint8Array;
  readonly reply: readonly Uint8Array[];
  readonly length: number;
}

/** Nothing, or a well-formed message with the request's tag, that is its reply or an error. */
function checkReply(version: Version, { frame, reply, length }: Exchanged, known: Known): void {
  if (length === 0) return;
  const bytes = gather(reply, length);
  // Between a version that is unknown and the next, requests are refused as in 9P2000.L.
  const decoded = decodeMessage(bytes, bytes[4] === RLERROR ? '9P2000.L' : version);
  if (!decoded.ok) throw new Error(`malformed reply: ${decoded.reason}`);
  expect(decoded.tag).toBe((frame[5] ?? 0) | ((frame[6] ?? 0) << 8));
  expect([RLERROR, 107, (frame[4] ?? 0) + 1]).toContain(decoded.codec.type);
  if (decoded.codec.name !== 'Rlerror' && decoded.codec.name !== 'Rerror') known.learn(frame);
}

const RLERROR = 7;

test.each(VERSIONS)(
  'whole sessions of %s, from the table',
  async (version) => {
    const property = fc.asyncProperty(fc.nat(), stepsOf(version), (seed, steps) => converse(version, seed, steps));
    await fc.assert(property, { seed: 2000, numRuns: 200 });
  },
  300_000,
);

test('any bytes at all', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 0, maxLength: 80 }), (bytes) => {
      for (const version of VERSIONS) expect(typeof decodeMessage(bytes, version).ok).toBe('boolean');
    }),
    { seed: 2000, numRuns: 5000 },
  );
});

import { utf8, type WireType } from '../../bytes/wire.ts';
import { encodeMessage } from '../../ninep/codec.ts';
import { MESSAGES, type MessageBody, type MessageName, type MessageRow } from '../../ninep/messages.ts';
import { DM } from '../../ninep/plan9.ts';
import { formIn, VERSIONS, type Version } from '../../ninep/versions.ts';
import { fid, fidNumber, mode, NOFID, NOTAG, name, openMode, perm, tagNumber } from '../../ninep/wire-types.ts';
import type { Random } from '../support/random.ts';
import { FID_COUNT, type FidKind, type KnownFids } from './known-fids.ts';
import { statChange } from './stat-changes.ts';

/**
 * Requests made from the message table, in the dialect that is spoken, with values that get somewhere; now and then one
 * of another dialect, or a frame that makes no sense.
 */

/** What the conversation looks like to whoever makes its next request. */
export interface Situation {
  readonly random: Random;
  readonly fids: KnownFids;
  /** Tags of requests under way. */
  readonly live: readonly number[];
  /** The dialect in force; undefined before Tversion. */
  readonly version: Version | undefined;
  /** Targets for symbolic links. */
  readonly targets: readonly Uint8Array[];
}

export const TAG_COUNT = 32;

const latin1 = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
const GOOD_NAMES = ['a', 'a', 'b', 'b', 'c', 'd', 'file', 'dir', 'out', 'secret', 'pipe', '\xff\xfe'].map(latin1);
/** Names that the mapped models keep for themselves. */
const KEPT_NAMES = ['.virtfs_metadata', '.virtfs_metadata_root', '.VIRTFS_metadata'].map(latin1);
const BAD_NAMES = ['.', '..', '', '/', 'a/b', '../outside', 'a\0b', 'x'.repeat(255), 'x'.repeat(256)].map(latin1);
const NOISE = Uint8Array.from({ length: 20_000 }, (_, i) => (i * 7919) >>> 3);
const DEEP = Array.from({ length: 17 }, () => latin1('a'));

function anyName(random: Random): Uint8Array {
  if (random.oneIn(30)) return random.pick(KEPT_NAMES);
  return random.pick(random.oneIn(8) ? BAD_NAMES : GOOD_NAMES);
}

type Choice = (situation: Situation) => unknown;

/** The same value more than once is a likelier one. */
const among =
  (...choices: readonly unknown[]): Choice =>
  ({ random }) =>
    random.pick(choices);

const TIMES = [0n, 77n, 999_999_999n, 1_700_000_000n, 1n << 40n, 0xffff_ffff_ffff_ffffn];

/** By the name of a field; others are chosen by their type, and the rest are the table's own samples. */
const BY_FIELD: Readonly<Record<string, Choice>> = {
  wname: ({ random }) =>
    random.oneIn(60)
      ? DEEP
      : Array.from({ length: random.below(4) }, () => (random.oneIn(6) ? latin1('..') : anyName(random))),
  afid: among(NOFID, NOFID, NOFID, NOFID, NOFID, NOFID, fidNumber(0)),
  newfid: ({ random, fids }) => fidNumber(random.oneIn(6) ? random.below(FID_COUNT) : fids.free(random)),
  version: among('9P2000.L', '9P2000.L', '9P2000.L', '9P2000.u', '9P2000', '9P2000.more', 'unknown'),
  msize: among(8192, 8192, 8192, 4096, 100, 0xffff_ffff),
  oldtag: ({ random, live }) => tagNumber(live.length > 0 ? random.pick(live) : random.below(TAG_COUNT)),
  offset: among(0n, 0n, 0n, 1n, 5n, 100n, 4096n, 10_000n, 1n << 33n, (1n << 63n) - 1n, 1n << 63n, (1n << 64n) - 1n),
  count: among(0, 1, 24, 100, 4096, 8181, 0xffff_ffff),
  size: among(0n, 1n, 5n, 4096n, 10_000n, 1n << 33n, 1n << 62n, 1n << 63n),
  data: ({ random }) => {
    const length = random.oneIn(50) ? 20_000 : random.below(random.oneIn(4) ? 8000 : 64);
    return { segments: [NOISE.subarray(0, length)], length };
  },
  attr_size: among(0n, 4n, 10n, 300n, 65_536n, 65_537n, 1n << 63n),
  symtgt: ({ random, targets }) => random.pick(targets),
  uname: among(utf8(''), utf8('root')),
  aname: among(utf8(''), utf8('other'), utf8('memory')),
  n_uname: among(0, 0, 1000, 0xffff_ffff),
  uid: among(0, 1000, 0xffff_ffff),
  gid: among(0, 100, 0xffff_ffff),
  proc_id: among(1, 2, 3),
  client_id: among(utf8('guest'), utf8('other'), new Uint8Array(0)),
  start: among(0n, 1n, 5n, (1n << 63n) - 1n, 1n << 63n),
  length: among(0n, 1n, 10n, (1n << 63n) - 1n, (1n << 64n) - 1n),
  valid: ({ random }) => (random.oneIn(10) ? random.next() : 1 << random.below(9)),
  stat: ({ random }) => statChange(random, () => anyName(random)),
  extension: ({ random, targets }) =>
    random.oneIn(3)
      ? random.pick(targets)
      : utf8(random.pick(['', '0\n', '1', '2', '99', 'c 1 3', 'b 7 0', 'c 9999999999 1', 'b 1', 'a'])),
  request_mask: among(0x7ffn, 0x3fffn, 0xffff_ffff_ffff_ffffn),
  major: among(0, 1, 0xfff, 0x1000, 0xffff_ffff),
  minor: among(0, 3, 0xf_ffff, 0xffff_ffff),
};
for (const field of ['atime_sec', 'atime_nsec', 'mtime_sec', 'mtime_nsec'])
  Object.assign(BY_FIELD, { [field]: among(...TIMES) });

/** Where the same field means another thing in another message. */
const BY_MESSAGE: Readonly<Record<string, Readonly<Record<string, Choice>>>> = {
  Txattrwalk: {
    name: among(
      ...['', '', 'user.a', 'user.b', 'system.posix_acl_access', 'trusted.x', 'user.virtfs.uid', 'a\0'].map(utf8),
    ),
  },
  Txattrcreate: {
    name: among(...['user.a', 'user.a', 'user.b', 'system.posix_acl_access', 'user.virtfs.uid', ''].map(utf8)),
  },
  Tlopen: { flags: among(0, 0, 0, 1, 2, 2, 3, 0o1001, 0o2002, 0o200000, 0o40000, 0xffff_ffff) },
  Tlcreate: { flags: among(0, 1, 2, 2, 2, 0o202, 0o1002, 0o2001, 3, 0xffff_ffff) },
  Tunlinkat: { flags: among(0, 0, 0x200, 0x200, 1, 0xffff_ffff) },
};

const PERMS = [0o644, 0o755, 0o700, 0, 0o777, (DM.DMDIR | 0o755) >>> 0, (DM.DMDIR | 0o777) >>> 0];

const BY_TYPE = new Map<WireType<unknown>, Choice>([
  [name, ({ random }) => anyName(random)],
  [
    mode,
    among(0o644, 0o755, 0o700, 0, 0o7777, 0o100644, 0o010600, 0o140600, 0o020600, 0o060600, 0o040755, 0xffff_ffff),
  ],
  [openMode, among(0, 0, 0, 1, 2, 2, 3, 0x10, 0x12, 0x22, 0x40, 0x42, 0x80, 0x82, 4, 0xff)],
  [perm, among(...PERMS, ...PERMS, ...Object.values(DM).map((bit) => (bit | 0o755) >>> 0), 0xffff_ffff)],
]);

const OPEN: readonly FidKind[] = ['open-file', 'open-directory', 'xattr'];
const WALKED: readonly FidKind[] = ['directory', 'file', 'open-file', 'open-directory'];
const CLOSED: readonly FidKind[] = ['directory', 'file'];
const PLACES: readonly FidKind[] = ['directory', 'directory', 'open-directory'];

/** What kind of fid a message's first one should be; any that has been walked to unless given. */
const WANTS: Readonly<Record<string, readonly FidKind[]>> = {
  Tread: OPEN,
  Twrite: ['open-file', 'xattr'],
  Treaddir: ['open-directory'],
  Tfsync: OPEN,
  Tlock: ['open-file'],
  Tgetlock: ['open-file'],
  Tlopen: CLOSED,
  Topen: CLOSED,
  Tlcreate: ['directory'],
  Tcreate: ['directory'],
  Txattrcreate: CLOSED,
  Tclunk: [...OPEN, ...CLOSED],
};

const DIRECTORY_FIELDS = ['dfid', 'dirfd', 'olddirfd', 'newdirfd'];

/** How often each message comes; the rest once in this measure. */
const WEIGHTS: Readonly<Record<string, number>> = {
  Twalk: 80,
  Tlopen: 40,
  Tlcreate: 40,
  Topen: 50,
  Tcreate: 60,
  Tstat: 30,
  Twstat: 50,
  Tread: 50,
  Twrite: 50,
  Treaddir: 20,
  Tclunk: 50,
  Tgetattr: 30,
  Tsetattr: 30,
  Tmkdir: 30,
  Trenameat: 30,
  Tunlinkat: 30,
  Tflush: 10,
  Tattach: 10,
  Tfsync: 1,
  Tversion: 1,
  Tauth: 2,
};
const USUAL_WEIGHT = 15;

type Row = (typeof MESSAGES)[number];

/** The requests of a dialect, each as often as its weight says. */
function lottery(version: Version): readonly Row[] {
  const rows = MESSAGES.filter((row) => row.name.startsWith('T') && isIn(row, version));
  return rows.flatMap((row) => Array.from({ length: WEIGHTS[row.name] ?? USUAL_WEIGHT }, () => row));
}

function isIn({ versions }: MessageRow, version: Version): boolean {
  return versions.includes(version);
}

const LOTTERIES: Readonly<Record<Version, readonly Row[]>> = {
  '9P2000': lottery('9P2000'),
  '9P2000.u': lottery('9P2000.u'),
  '9P2000.L': lottery('9P2000.L'),
};

function fidFor(message: string, field: string, { random, fids }: Situation): number {
  if (random.oneIn(25)) return random.pick([random.below(FID_COUNT), NOFID, 99]);
  if (message === 'Tattach') return fids.free(random);
  if (DIRECTORY_FIELDS.includes(field)) return fids.pick(random, PLACES);
  return fids.pick(random, WANTS[message] ?? WALKED);
}

function isBodyOf<N extends MessageName>(_name: N, _body: object): _body is MessageBody<N> {
  return true;
}

/** A frame made from a row of the table, with every field in its range. */
export function wellFormed(situation: Situation): Uint8Array {
  const { random, live } = situation;
  const version = random.oneIn(60) ? random.pick(VERSIONS) : (situation.version ?? '9P2000.L');
  const row = random.pick(LOTTERIES[version]);
  const body: Record<string, unknown> = {};
  for (const [field, common] of Object.entries<WireType<unknown>>(row.fields)) {
    const type = formIn(common, version);
    const choose = BY_MESSAGE[row.name]?.[field] ?? BY_FIELD[field] ?? BY_TYPE.get(type);
    if (choose !== undefined) body[field] = choose(situation);
    else if (type === fid) body[field] = fidNumber(fidFor(row.name, field, situation));
    else body[field] = random.pick(type.samples);
  }
  if (!isBodyOf(row.name, body)) throw new Error('unreachable');
  let tag = random.below(TAG_COUNT);
  // A tag in use is refused, which teaches nothing twice.
  while (live.includes(tag) && !random.oneIn(20)) tag = random.below(TAG_COUNT);
  return encodeMessage(row.name, tagNumber(tag), body, version);
}

/** A frame: well-formed, or one in thirty with a byte changed, an end cut off, a size that lies, or no sense at all. */
export function anyFrame(situation: Situation): Uint8Array {
  const { random } = situation;
  const frame = wellFormed(situation);
  if (!random.oneIn(30)) return frame;
  switch (random.below(4)) {
    case 0:
      frame[random.below(frame.length)] = random.below(256);
      return frame;
    case 1:
      return frame.subarray(0, Math.max(7, random.below(frame.length)));
    case 2:
      new DataView(frame.buffer).setUint32(
        0,
        random.pick([0, 7, frame.length - 1, frame.length + 1, 0xffff_ffff]),
        true,
      );
      return frame;
    default:
      return Uint8Array.from({ length: 7 + random.below(60) }, () => random.below(256));
  }
}

/** The dialects conversations begin in, the more frequent more than once. */
const BEGINNINGS: readonly Version[] = ['9P2000.L', '9P2000.L', '9P2000.L', '9P2000.u', '9P2000.u', '9P2000'];

/** The frames every conversation begins with, in one of the dialects. */
export function hello(random: Random): Uint8Array[] {
  return helloIn(random.pick(BEGINNINGS), random.pick(['', 'other']));
}

/** A version and two attaches, the second of them by a user to an export. */
export function helloIn(version: Version, aname: string): Uint8Array[] {
  const user = { afid: NOFID, uname: utf8('root') };
  const first = { ...user, aname: utf8(''), fid: fidNumber(0), n_uname: 0 };
  const second = { ...user, aname: utf8(aname), fid: fidNumber(1), n_uname: 1000 };
  return [
    encodeMessage('Tversion', NOTAG, { msize: 8192, version }),
    encodeMessage('Tattach', tagNumber(0), first, version),
    encodeMessage('Tattach', tagNumber(1), second, version),
  ];
}

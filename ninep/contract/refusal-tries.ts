import { utf8 } from '../../bytes/wire.ts';
import type { Attributes, DirectoryEntry, Node, Qid } from '../backend.ts';
import { Client } from '../client/client.ts';
import { MODE } from '../constants.ts';
import { exportTable } from '../export-table.ts';
import type { RequestBody, RequestName } from '../messages.ts';
import { DM, OPEN } from '../plan9.ts';
import { createSession } from '../session.ts';
import { type Stat, UNTOUCHED } from '../stat.ts';
import type { Version } from '../versions.ts';
import { type FidNumber, fidNumber as fid, NOFID, tagNumber } from '../wire-types.ts';
import { ATTACH } from './sessions.ts';
import { stubBackend, stubFile, stubNode } from './stubs.ts';

/**
 * What provokes every refusal of the core's, over a tree in which nothing fails by itself. Fids: 0 the root, 1 an open file, 2 an
 * attribute to read, 3 one to write, 4 a file, 5 the root of another export, 6 an open directory.
 */
export const ROOT = fid(0);
const OPENED = fid(1);
const READS_XATTR = fid(2);
const WRITES_XATTR = fid(3);
const FILE = fid(4);
const ELSEWHERE = fid(5);
const LISTED = fid(6);
/** As many as there are before a request that makes one. */
const FIDS = { '9P2000.L': 7, plain: 5 };
const NOBODY = fid(99);
const NEW = fid(50);
const LONG = utf8('x'.repeat(256));
const MIN_SIGNED = 1n << 63n;

const dirQid: Qid = { type: 0x80, version: 0, path: 1n };
const fileQid: Qid = { type: 0, version: 0, path: 2n };

function attributes(qid: Qid): Attributes {
  const never = { seconds: 0n, nanoseconds: 0 };
  return {
    ...{ valid: 0x7ffn, qid, mode: qid === dirQid ? MODE.directory | 0o755 : MODE.file | 0o644, uid: 0, gid: 0 },
    ...{ nlink: 1n, rdev: 0n, size: 0n, blksize: 4096n, blocks: 0n, gen: 0n, dataVersion: 0n },
    ...{ atime: never, mtime: never, ctime: never, btime: never },
  };
}

let seen = 100n;

/** Everything is there but `gone`; `shifting` is another file each time, and a directory that was made another than it was. */
function node(qid: Qid): Node {
  const opened = () =>
    stubFile({ qid, readdir, read: () => 0, write: () => 0, lock: () => 0, getlock: () => undefined });
  return stubNode({
    qid,
    clone: () => node(qid),
    getattr: () => attributes(qid),
    walk(names) {
      const last = new TextDecoder().decode(names.at(-1));
      if (last === 'gone') return { qids: [], node: undefined };
      const found = last === 'shifting' ? { ...fileQid, path: seen++ } : last === 'directory' ? dirQid : fileQid;
      return { qids: names.map(() => found), node: node(found) };
    },
    open: opened,
    mkdir: () => ({ ...dirQid, path: 77n }),
    getxattr: (name) => new Uint8Array(name.length === 3 ? 65_537 : 10),
  });
}

function readdir(_offset: bigint, emit: (entry: DirectoryEntry) => boolean): void {
  emit({ qid: fileQid, offset: 1n, type: 8, name: utf8('file') });
}

/** How a refusal is provoked: with what in the request's fields, and in which session. */
export interface Try {
  readonly fields: Readonly<Record<string, unknown>>;
  /** There can be no more fids than there are. */
  readonly full?: true;
  readonly maxXattrBytes?: number;
  readonly room?: number;
  readonly before?: (client: Client) => Promise<unknown>;
}

type Tries = Readonly<Record<string, readonly (Try | Readonly<Record<string, unknown>>)[]>>;

export const isTry = (it: Try | Readonly<Record<string, unknown>>): it is Try => 'fields' in it;

const ofFile = (field: string): Tries => ({
  [`there is no ${field}`]: [{ [field]: NOBODY }],
  [`${field} stands for an extended attribute`]: [{ [field]: READS_XATTR }, { [field]: WRITES_XATTR }],
});
const ofOpenFile: Tries = { 'there is no fid': [{ fid: NOBODY }], 'fid is not open': [{ fid: FILE }, { fid: ROOT }] };
const notOpenYet: Tries = { 'fid is open already, or about to be': [{ fid: OPENED }] };
const ofNewFid = (field: string): Tries => ({
  [`${field} is in use already, or NOFID`]: [{ [field]: FILE }, { [field]: NOFID }],
  'there are as many fids as there may be': [{ fields: { [field]: NEW }, full: true }],
});
const ofName = (field: string): Tries => ({
  [`${field} is empty, or has / or NUL in it`]: ['', 'a/b', 'a\0'].map((name) => ({ [field]: utf8(name) })),
  [`${field} has more than 255 bytes`]: [{ [field]: LONG }],
});
const ofNewName = (field: string): Tries => ({
  ...ofName(field),
  [`${field} is . or ..`]: [{ [field]: utf8('.') }, { [field]: utf8('..') }],
});
const ofTarget = (field: string, more: object = {}): Tries => ({
  [`${field} of a symbolic link is empty`]: [{ [field]: utf8(''), ...more }],
  [`${field} of a symbolic link has more than 4095 bytes`]: [{ [field]: utf8('x'.repeat(4096)), ...more }],
  [`${field} of a symbolic link has NUL in it`]: [{ [field]: utf8('a\0'), ...more }],
});
const ofTwoFiles = (one: string, other: string): Tries => ({
  [`there is no ${one}`]: [{ [one]: NOBODY }],
  [`there is no ${other}`]: [{ [other]: NOBODY }],
  [`${one} and ${other} are of two exports`]: [{ [one]: ELSEWHERE }, { [other]: ELSEWHERE }],
  [`${one} or ${other} stands for an extended attribute to read`]: [{ [one]: READS_XATTR }, { [other]: READS_XATTR }],
  [`${one} or ${other} stands for an extended attribute to write`]: [
    { [one]: WRITES_XATTR },
    { [other]: WRITES_XATTR },
  ],
});
const ofLock: Tries = {
  'type is none of locks': [{ type: 3 }],
  ...ofOpenFile,
  'start and length go beyond the largest offset of a file': [
    { start: MIN_SIGNED },
    { start: 2n, length: MIN_SIGNED - 1n },
  ],
};
const ofFew: Tries = {
  'the values that fids stand for would take too much memory': [{ fields: { fid: FILE }, maxXattrBytes: 15 }],
};
const modeBits: Tries = { 'mode has bits that the dialect does not have': [{ mode: 0x04 }, { mode: 0x08 }] };
const stat = (change: Partial<Stat>) => ({ stat: { ...UNTOUCHED, ...change } });

/** By request, and by when it is refused in the words of the table. */
export const TRIES: Readonly<Record<RequestName, Tries>> = {
  Tversion: { 'msize is less than 4096': [{ msize: 4095 }, { msize: 0 }] },
  Tauth: { 'always: no export asks for authentication': [{}] },
  Tattach: {
    'afid is not NOFID': [{ afid: ROOT }],
    'of several exports none is called aname': [{ aname: utf8('third') }],
    ...ofNewFid('fid'),
  },
  Tflush: {},
  Twalk: {
    'wname has more than 16 names': [{ wname: Array.from({ length: 17 }, () => utf8('a')) }],
    'a name of wname is empty, or has / or NUL in it': [{ wname: [utf8('a'), utf8('')] }, { wname: [utf8('a/b')] }],
    'a name of wname has more than 255 bytes': [{ wname: [LONG] }],
    'there is no room for as many qids as names': [{ fields: { wname: [utf8('a'), utf8('b')] }, room: 34 }],
    ...ofFile('fid'),
    'newfid is fid, which is open already, or about to be': [{ fid: OPENED, newfid: OPENED }],
    ...ofNewFid('newfid'),
    'the first name is not there': [{ wname: [utf8('gone')] }, { wname: [utf8('gone')], newfid: ROOT }],
  },
  Tlopen: { 'the access mode in flags is 3': [{ flags: 3 }], ...ofFile('fid'), ...notOpenYet },
  Tlcreate: {
    ...ofNewName('name'),
    'the access mode in flags is 3': [{ flags: 3 }],
    ...ofFile('fid'),
    ...notOpenYet,
  },
  Topen: {
    ...modeBits,
    'there is no fid': [{ fid: NOBODY }],
    'fid is a directory, and mode not OREAD alone': [
      { fid: ROOT, mode: 1 },
      { fid: ROOT, mode: OPEN.ORCLOSE },
    ],
    ...notOpenYet,
    'mode is OEXEC, and nobody may execute the file': [{ mode: 3 }],
  },
  Tcreate: {
    ...ofNewName('name'),
    'the dialect has no such type of file in perm': [{ perm: DM.DMAPPEND }, { perm: DM.DMEXCL }],
    ...modeBits,
    'perm is DMDIR, and mode not OREAD alone': [{ perm: DM.DMDIR, mode: 1 }],
    'there is no fid': [{ fid: NOBODY }],
    ...notOpenYet,
    ...ofTarget('extension', { perm: DM.DMSYMLINK }),
    'extension of a hard link is not the number of a fid': ['', 'x', '4294967296'].map((text) => ({
      perm: DM.DMLINK,
      extension: utf8(text),
    })),
    'there is no fid that extension of a hard link names': [{ perm: DM.DMLINK, extension: utf8('99') }],
    'the fid that extension of a hard link names is of another export': [{ perm: DM.DMLINK, extension: utf8('5') }],
    'extension of a device is not b or c and two numbers': [{ perm: DM.DMDEVICE, extension: utf8('c 1') }],
    'what was made is something else before it is looked up': [{ perm: DM.DMDIR, name: utf8('directory') }],
  },
  Tclunk: {
    'there is no fid': [{ fid: NOBODY }],
    'fid collects an attribute of which bytes are missing': [{ fid: WRITES_XATTR }],
  },
  Tremove: {
    'there is no fid': [{ fid: NOBODY }],
    'fid stands for an extended attribute to read': [{ fid: READS_XATTR }],
  },
  Tread: {
    ...ofOpenFile,
    'offset is so large that count could pass the largest of a file': [{ offset: MIN_SIGNED }],
    'offset in a directory is neither 0 nor where the last read ended': [{ fid: LISTED, offset: 1n }],
  },
  Twrite: {
    ...ofOpenFile,
    'offset is so large that data could pass the largest of a file': [{ offset: MIN_SIGNED }],
    'fid collects an attribute, and offset is not where data is missing': [{ fid: WRITES_XATTR, offset: 1n }],
    'fid collects an attribute, and data goes beyond its attr_size': [
      { fid: WRITES_XATTR, data: { segments: [new Uint8Array(11)], length: 11 } },
    ],
  },
  Tfsync: ofOpenFile,
  Treaddir: { ...ofOpenFile, 'count has no room for the next entry': [{ count: 27 }] },
  Tgetattr: {
    'there is no fid': [{ fid: NOBODY }],
    'fid stands for an extended attribute': [{ fid: READS_XATTR }, { fid: WRITES_XATTR }],
  },
  Tsetattr: {
    'valid has bits that mean nothing': [{ valid: 1 << 20 }],
    'size is beyond the largest of a file': [{ valid: 8, size: MIN_SIGNED }],
    'a time has a thousand million nanoseconds or more': [{ valid: 0x90, atime_nsec: 1_000_000_000n }],
    ...ofFile('fid'),
  },
  Tstatfs: ofFile('fid'),
  Tstat: { 'there is no fid': [{ fid: NOBODY }] },
  Twstat: {
    'there is no fid': [{ fid: NOBODY }],
    'type, dev, qid, uid or extension of stat is another than now': [
      stat({ type: 1 }),
      stat({ dev: 1 }),
      stat({ uid: '5' }),
      stat({ qid: { ...UNTOUCHED.qid, path: 3n } }),
    ],
    'mode of stat is of another type of file': [stat({ mode: DM.DMDIR })],
    'gid of stat is no number': [stat({ gid: 'users' })],
    'length of stat is beyond the largest of a file': [stat({ length: MIN_SIGNED })],
    'length of stat is not 0, of a directory': [{ fid: ROOT, ...stat({ length: 1n }) }],
    'name of stat has / or NUL in it': [stat({ name: utf8('a/b') })],
    'name of stat has more than 255 bytes': [stat({ name: LONG })],
    'name of stat is . or ..': [stat({ name: utf8('..') })],
    'name of stat is new, and fid is the root': [{ fid: ROOT, ...stat({ name: utf8('new') }) }],
    'name of stat is new, and the file no longer where fid came to it': [
      {
        fields: { fid: NEW, ...stat({ name: utf8('gone') }) },
        before: (client) => client.call('Twalk', { fid: ROOT, newfid: NEW, wname: [utf8('shifting')] }),
      },
    ],
    'name of stat is taken, and may not be replaced': [stat({ name: utf8('taken'), mtime: 5 })],
  },
  Tmkdir: { ...ofNewName('name'), ...ofFile('dfid') },
  Tmknod: {
    ...ofNewName('name'),
    'mode says a directory': [{ mode: MODE.directory }],
    'mode has no type of file that mknod(2) makes': [{ mode: MODE.symlink }],
    ...ofFile('dfid'),
  },
  Tsymlink: { ...ofNewName('name'), ...ofTarget('symtgt'), ...ofFile('dfid') },
  Treadlink: ofFile('fid'),
  Tlink: { ...ofNewName('name'), ...ofTwoFiles('dfid', 'fid') },
  Trename: { ...ofNewName('name'), ...ofTwoFiles('fid', 'dfid') },
  Trenameat: {
    ...ofNewName('oldname'),
    ...ofNewName('newname'),
    ...ofTwoFiles('olddirfid', 'newdirfid'),
  },
  Tunlinkat: {
    'flags has more than AT_REMOVEDIR': [{ flags: 1 }],
    ...ofName('name'),
    'name is .': [{ name: utf8('.') }],
    'name is ..': [{ name: utf8('..') }],
    ...ofFile('dirfd'),
  },
  Tlock: { 'flags has more than BLOCK': [{ flags: 2 }], ...ofLock },
  Tgetlock: ofLock,
  Txattrwalk: {
    'name has more than 255 bytes': [{ name: LONG }],
    'name has NUL in it': [{ name: utf8('a\0') }],
    ...ofFile('fid'),
    ...ofNewFid('newfid'),
    'the value has more than 65536 bytes': [{ name: utf8('big') }],
    ...ofFew,
  },
  Txattrcreate: {
    'name is empty, or has more than 255 bytes': [{ name: utf8('') }, { name: LONG }],
    'name has NUL in it': [{ name: utf8('a\0') }],
    'flags is neither 0 nor XATTR_CREATE nor XATTR_REPLACE': [{ flags: 3 }],
    'attr_size is more than 65536': [{ attr_size: 65_537n }],
    ...ofFile('fid'),
    ...notOpenYet,
    ...ofFew,
  },
};

const NO_TIME = { atime_sec: 0n, atime_nsec: 0n, mtime_sec: 0n, mtime_nsec: 0n };
const lock = { fid: OPENED, type: 0, start: 0n, length: 0n, proc_id: 1, client_id: utf8('') };
const name = utf8('name');
const data = { segments: [new Uint8Array(4)], length: 4 };

/** A request of each kind that the core has nothing against. */
export const GOOD: { readonly [N in RequestName]: RequestBody<N> } = {
  Tversion: { msize: 8192, version: '9P2000.L' },
  Tauth: { afid: NOFID, uname: utf8(''), aname: utf8(''), n_uname: 0 },
  Tattach: { ...ATTACH, fid: NEW },
  Tflush: { oldtag: tagNumber(9) },
  Twalk: { fid: ROOT, newfid: NEW, wname: [utf8('file')] },
  Tlopen: { fid: FILE, flags: 0 },
  Tlcreate: { fid: ROOT, name, flags: 0, mode: 0, gid: 0 },
  Topen: { fid: FILE, mode: 0 },
  Tcreate: { fid: ROOT, name, perm: 0o644, mode: 0, extension: utf8('') },
  Tclunk: { fid: FILE },
  Tremove: { fid: FILE },
  Tread: { fid: OPENED, offset: 0n, count: 10 },
  Twrite: { fid: OPENED, offset: 0n, data },
  Tfsync: { fid: OPENED, datasync: 0 },
  Treaddir: { fid: LISTED, offset: 0n, count: 100 },
  Tgetattr: { fid: FILE, request_mask: 0x7ffn },
  Tsetattr: { fid: FILE, valid: 0, mode: 0, uid: 0, gid: 0, size: 0n, ...NO_TIME },
  Tstatfs: { fid: FILE },
  Tstat: { fid: FILE },
  Twstat: { fid: FILE, stat: UNTOUCHED },
  Tmkdir: { dfid: ROOT, name, mode: 0, gid: 0 },
  Tmknod: { dfid: ROOT, name, mode: MODE.fifo, major: 0, minor: 0, gid: 0 },
  Tsymlink: { dfid: ROOT, name, symtgt: utf8('a'), gid: 0 },
  Treadlink: { fid: FILE },
  Tlink: { dfid: ROOT, fid: FILE, name },
  Trename: { fid: FILE, dfid: ROOT, name },
  Trenameat: { olddirfid: ROOT, oldname: name, newdirfid: ROOT, newname: name },
  Tunlinkat: { dirfd: ROOT, name, flags: 0 },
  Tlock: { ...lock, flags: 0 },
  Tgetlock: lock,
  Txattrwalk: { fid: FILE, newfid: NEW, name: utf8('user.a') },
  Txattrcreate: { fid: FILE, name: utf8('user.a'), attr_size: 10n, flags: 0 },
};

/** A client with the fids above, and a way to give the replies to come less room. */
export async function prepared(version: Version, { full, maxXattrBytes }: Partial<Try>) {
  const exports = new Map(['here', 'there'].map((called) => [called, stubBackend(node(dirQid))]));
  const session = createSession(exportTable(exports, 'here'), {
    ...(full && { maxFids: version === '9P2000.L' ? FIDS['9P2000.L'] : FIDS.plain }),
    ...(maxXattrBytes !== undefined && { maxXattrBytes }),
  });
  let room = 8192;
  const client = new Client(session, { msize: 8192, replyArea: () => [new Uint8Array(room)] });
  await client.version(version);
  await client.call('Tattach', ATTACH);
  const walk = (newfid: FidNumber, last: string) => client.call('Twalk', { fid: ROOT, newfid, wname: [utf8(last)] });
  for (const number of [OPENED, FILE]) await walk(number, 'file');
  await walk(LISTED, 'directory');
  await client.call('Tattach', { ...ATTACH, fid: ELSEWHERE, aname: utf8('there') });
  if (version === '9P2000.L') {
    for (const number of [OPENED, LISTED]) await client.call('Tlopen', { fid: number, flags: 0 });
    await walk(WRITES_XATTR, 'file');
    await client.call('Txattrcreate', { fid: WRITES_XATTR, name, attr_size: 4n, flags: 0 });
    await client.call('Txattrwalk', { fid: FILE, newfid: READS_XATTR, name });
  } else {
    for (const number of [OPENED, LISTED]) await client.call('Topen', { fid: number, mode: 0 });
  }
  return {
    client,
    narrow(bytes: number) {
      room = bytes;
    },
  };
}

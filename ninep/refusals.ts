/**
 * What the core itself answers instead of a reply, by request: the checks it makes whatever serves the files. Any other error
 * is the backend's. `refusals.test.ts` provokes each of these, and `fuzz.test.ts` looks for one that is missing here.
 */
import type { ErrnoName } from './errno.ts';
import type { RequestName } from './messages.ts';
import type { Version } from './versions.ts';

/** An error of the core's, and when it is given. */
export interface Refusal {
  readonly error: ErrnoName;
  /** A clause that says which request is refused, in the names of its fields. */
  readonly when: string;
  /** The dialects that have it; all those of the message unless given. */
  readonly versions?: readonly Version[];
}

const L: readonly Version[] = ['9P2000.L'];
const PLAIN: readonly Version[] = ['9P2000', '9P2000.u'];
const UNIX: readonly Version[] = ['9P2000.u'];

function because(error: ErrnoName, when: string, versions?: readonly Version[]): Refusal {
  return { error, when, ...(versions && { versions }) };
}

/** A fid that has to stand for a file. */
const ofFile = (field: string): Refusal[] => [
  because('EBADF', `there is no ${field}`),
  because('EBADF', `${field} stands for an extended attribute`, L),
];

/** Two fids that have to stand for files of one export; what is read of an attribute is of none. */
const ofTwoFiles = (one: string, other: string): Refusal[] => [
  because('EBADF', `there is no ${one}`),
  because('EBADF', `there is no ${other}`),
  because('EXDEV', `${one} and ${other} are of two exports`),
  because('EXDEV', `${one} or ${other} stands for an extended attribute to read`),
  because('EBADF', `${one} or ${other} stands for an extended attribute to write`),
];

const ofOpenFile: readonly Refusal[] = [because('EBADF', 'there is no fid'), because('EBADF', 'fid is not open')];

/** A fid that a request opens or makes something of. */
const notOpenYet = because('EINVAL', 'fid is open already, or about to be');

const ofNewFid = (field: string): Refusal[] => [
  because('EINVAL', `${field} is in use already, or NOFID`),
  because('ENFILE', 'there are as many fids as there may be'),
];

/** A name in a directory. */
const ofName = (field: string): Refusal[] => [
  because('ENOENT', `${field} is empty, or has / or NUL in it`),
  because('ENAMETOOLONG', `${field} has more than 255 bytes`),
];

const ofNewName = (field: string, dots: ErrnoName = 'EEXIST'): Refusal[] => [
  ...ofName(field),
  because(dots, `${field} is . or ..`),
];

const ofTarget = (field: string, versions?: readonly Version[]): Refusal[] => [
  because('ENOENT', `${field} of a symbolic link is empty`, versions),
  because('ENAMETOOLONG', `${field} of a symbolic link has more than 4095 bytes`, versions),
  because('EINVAL', `${field} of a symbolic link has NUL in it`, versions),
];

const ofLockRange = because('EINVAL', 'start and length go beyond the largest offset of a file');
const accessMode = because('EINVAL', 'the access mode in flags is 3');

/** What any request can be answered. */
export const REFUSALS_OF_ANY: readonly Refusal[] = [
  because('EPROTO', 'no version has been agreed on yet (but for Tversion)'),
  because('EPROTO', 'another request with its tag is under way (but for Tversion)'),
  because('EPROTO', 'size, fields and what was sent do not fit together'),
  because('EMSGSIZE', 'it is longer than msize'),
  because('EMSGSIZE', 'there is less room for the reply than the shortest one takes'),
  because('EAGAIN', 'as many requests wait as may wait (but for Tversion and Tflush)'),
  because('EOPNOTSUPP', 'the dialect has no request of its type'),
  because('EIO', 'what served it failed without saying how: a bug'),
];

/** What each request can be answered besides. */
export const REFUSALS: Readonly<Record<RequestName, readonly Refusal[]>> = {
  Tversion: [because('EMSGSIZE', 'msize is less than 4096')],
  Tauth: [because('ENOENT', 'always: no export asks for authentication')],
  Tattach: [
    because('EBADF', 'afid is not NOFID'),
    because('ENOENT', 'of several exports none is called aname'),
    ...ofNewFid('fid'),
  ],
  Tflush: [],
  Twalk: [
    because('EINVAL', 'wname has more than 16 names'),
    ...ofName('a name of wname'),
    because('EMSGSIZE', 'there is no room for as many qids as names'),
    ...ofFile('fid'),
    because('EINVAL', 'newfid is fid, which is open already, or about to be'),
    ...ofNewFid('newfid'),
    because('ENOENT', 'the first name is not there'),
  ],

  Tlopen: [accessMode, ...ofFile('fid'), notOpenYet],
  Tlcreate: [...ofNewName('name'), accessMode, ...ofFile('fid'), notOpenYet],
  Topen: [
    because('EINVAL', 'mode has bits that the dialect does not have'),
    because('EBADF', 'there is no fid'),
    because('EISDIR', 'fid is a directory, and mode not OREAD alone'),
    notOpenYet,
    because('EACCES', 'mode is OEXEC, and nobody may execute the file'),
  ],
  Tcreate: [
    ...ofNewName('name'),
    because('EOPNOTSUPP', 'the dialect has no such type of file in perm'),
    because('EINVAL', 'mode has bits that the dialect does not have'),
    because('EISDIR', 'perm is DMDIR, and mode not OREAD alone'),
    because('EBADF', 'there is no fid'),
    notOpenYet,
    ...ofTarget('extension', UNIX),
    because('EINVAL', 'extension of a hard link is not the number of a fid', UNIX),
    because('EBADF', 'there is no fid that extension of a hard link names', UNIX),
    because('EXDEV', 'the fid that extension of a hard link names is of another export', UNIX),
    because('EINVAL', 'extension of a device is not b or c and two numbers', UNIX),
    because('ESTALE', 'what was made is something else before it is looked up'),
  ],
  Tclunk: [
    because('EBADF', 'there is no fid'),
    because('EINVAL', 'fid collects an attribute of which bytes are missing', L),
  ],
  Tremove: [because('EBADF', 'there is no fid'), because('EBADF', 'fid stands for an extended attribute to read', L)],

  Tread: [
    ...ofOpenFile,
    because('EINVAL', 'offset is so large that count could pass the largest of a file'),
    because('EINVAL', 'offset in a directory is neither 0 nor where the last read ended', PLAIN),
  ],
  Twrite: [
    ...ofOpenFile,
    because('EFBIG', 'offset is so large that data could pass the largest of a file'),
    because('EINVAL', 'fid collects an attribute, and offset is not where data is missing', L),
    because('ENOSPC', 'fid collects an attribute, and data goes beyond its attr_size', L),
  ],
  Tfsync: ofOpenFile,
  Treaddir: [...ofOpenFile, because('EINVAL', 'count has no room for the next entry')],

  Tgetattr: [because('ENOENT', 'there is no fid'), because('EBADF', 'fid stands for an extended attribute')],
  Tsetattr: [
    because('EINVAL', 'valid has bits that mean nothing'),
    because('EINVAL', 'size is beyond the largest of a file'),
    because('EINVAL', 'a time has a thousand million nanoseconds or more'),
    ...ofFile('fid'),
  ],
  Tstatfs: ofFile('fid'),
  Tstat: [because('EBADF', 'there is no fid')],
  Twstat: [
    because('EBADF', 'there is no fid'),
    because('EPERM', 'type, dev, qid, uid or extension of stat is another than now'),
    because('EPERM', 'mode of stat is of another type of file'),
    because('EINVAL', 'gid of stat is no number'),
    because('EINVAL', 'length of stat is beyond the largest of a file'),
    because('EISDIR', 'length of stat is not 0, of a directory'),
    because('ENOENT', 'name of stat has / or NUL in it'),
    because('ENAMETOOLONG', 'name of stat has more than 255 bytes'),
    because('EISDIR', 'name of stat is . or ..'),
    because('EBUSY', 'name of stat is new, and fid is the root'),
    because('ESTALE', 'name of stat is new, and the file no longer where fid came to it'),
    because('EEXIST', 'name of stat is taken, and may not be replaced'),
  ],

  Tmkdir: [...ofNewName('name'), ...ofFile('dfid')],
  Tmknod: [
    ...ofNewName('name'),
    because('EPERM', 'mode says a directory'),
    because('EINVAL', 'mode has no type of file that mknod(2) makes'),
    ...ofFile('dfid'),
  ],
  Tsymlink: [...ofNewName('name'), ...ofTarget('symtgt'), ...ofFile('dfid')],
  Treadlink: ofFile('fid'),
  Tlink: [...ofNewName('name'), ...ofTwoFiles('dfid', 'fid')],
  Trename: [...ofNewName('name', 'EISDIR'), ...ofTwoFiles('fid', 'dfid')],
  Trenameat: [
    ...ofNewName('oldname', 'EISDIR'),
    ...ofNewName('newname', 'EISDIR'),
    ...ofTwoFiles('olddirfid', 'newdirfid'),
  ],
  Tunlinkat: [
    because('EINVAL', 'flags has more than AT_REMOVEDIR'),
    ...ofName('name'),
    because('EINVAL', 'name is .'),
    because('ENOTEMPTY', 'name is ..'),
    ...ofFile('dirfd'),
  ],

  Tlock: [
    because('EINVAL', 'flags has more than BLOCK'),
    because('EINVAL', 'type is none of locks'),
    ...ofOpenFile,
    ofLockRange,
  ],
  Tgetlock: [because('EINVAL', 'type is none of locks'), ...ofOpenFile, ofLockRange],

  Txattrwalk: [
    because('ERANGE', 'name has more than 255 bytes'),
    because('EINVAL', 'name has NUL in it'),
    ...ofFile('fid'),
    ...ofNewFid('newfid'),
    because('E2BIG', 'the value has more than 65536 bytes'),
    because('ENOMEM', 'the values that fids stand for would take too much memory'),
  ],
  Txattrcreate: [
    because('ERANGE', 'name is empty, or has more than 255 bytes'),
    because('EINVAL', 'name has NUL in it'),
    because('EINVAL', 'flags is neither 0 nor XATTR_CREATE nor XATTR_REPLACE'),
    because('E2BIG', 'attr_size is more than 65536'),
    ...ofFile('fid'),
    notOpenYet,
    because('ENOMEM', 'the values that fids stand for would take too much memory'),
  ],
};

/** The refusals of a request in one dialect: its own, then those of any. None of a name that is no request's. */
export function refusalsOf(name: string, version: Version): Refusal[] {
  const own = Object.hasOwn(REFUSALS, name) ? REFUSALS[name as RequestName] : [];
  return [...own.filter(({ versions }) => versions?.includes(version) ?? true), ...REFUSALS_OF_ANY];
}

import { flags, quote, shown, string, u8, u16, u32, u64, type WireType } from '../bytes/wire.ts';
import type { Qid } from './backend.ts';
import {
  GETATTR_BITS,
  LOCK_FLAGS,
  LOCK_STATUS_NAMES,
  LOCK_TYPES,
  OPEN_FLAGS,
  SETATTR,
  UNLINK_FLAGS,
  XATTR_FLAGS,
} from './constants.ts';
import { ACCESS, DM, OPEN, PLAIN_QID_TYPES } from './plan9.ts';
import { inEachVersion } from './versions.ts';

declare const brand: unique symbol;

/** A fid as the client chose it: u32; `NOFID` is none. */
export type FidNumber = number & { readonly [brand]: 'fid' };

/** A tag as the client chose it: u16; `NOTAG` belongs to Tversion. */
export type Tag = number & { readonly [brand]: 'tag' };

/** The number as a fid; anything but a u32 throws a RangeError. */
export function fidNumber(value: number): FidNumber {
  if (!isFidNumber(value)) throw new RangeError(`not a fid: ${value}`);
  return value;
}

/** The number as a tag; anything but a u16 throws a RangeError. */
export function tagNumber(value: number): Tag {
  if (!isTag(value)) throw new RangeError(`not a tag: ${value}`);
  return value;
}

function isFidNumber(value: number): value is FidNumber {
  return value >>> 0 === value;
}

function isTag(value: number): value is Tag {
  return (value & 0xffff) === value;
}

/** No fid: what `afid` holds when there was no authentication. @spec Plan 9 attach(5): NOFID */
export const NOFID: FidNumber = fidNumber(0xffff_ffff);

/** The tag of Tversion. @spec Plan 9 version(5): NOTAG */
export const NOTAG: Tag = tagNumber(0xffff);

/** The reference a client uses for a file. @spec Plan 9 intro(5): fid[4] */
export const fid: WireType<FidNumber> = {
  ...u32,
  get: (from) => fidNumber(from.u32()),
  show: (value) => (value === NOFID ? 'NOFID' : String(value)),
  samples: [fidNumber(0), fidNumber(7), NOFID],
};

/** The reference a client uses for a request. @spec Plan 9 intro(5): tag[2] */
export const tag: WireType<Tag> = {
  ...u16,
  get: (from) => tagNumber(from.u16()),
  show: (value) => (value === NOTAG ? 'NOTAG' : String(value)),
  samples: [tagNumber(0), tagNumber(0x1234), NOTAG],
};

/** One path component, as bytes: the core checks it, no decoding ever does. */
export const name: WireType<Uint8Array> = string;

/** Text that is bytes to the server: a symlink's target, an attribute's name, a user's name. */
export const bytes: WireType<Uint8Array> = { ...string, show: quote };

const anyQid: WireType<Qid> = {
  notation: (field) => `${field}[13]`,
  minimum: 13,
  size: () => 13,
  put(to, value) {
    to.u8(value.type);
    to.u32(value.version);
    to.u64(value.path);
  },
  get: (from) => ({ type: from.u8(), version: from.u32(), path: from.u64() }),
  show: (value) =>
    `(${value.path.toString(16)} ${value.version} ${QID_LETTERS[value.type] ?? value.type.toString(16)})`,
  samples: [
    { type: 0, version: 0, path: 0n },
    { type: 0x80, version: 0x12345678, path: 0xfedc_ba98_7654_3210n },
  ],
};

/** All ones in a Twstat, which is no type. */
const UNTOUCHED_TYPE = 0xff;

/** 9P2000 knows nothing of symbolic links: there they are files like any other. */
const plainQid: WireType<Qid> = {
  ...anyQid,
  put(to, value) {
    const type = value.type === UNTOUCHED_TYPE ? value.type : value.type & PLAIN_QID_TYPES;
    anyQid.put(to, { ...value, type });
  },
};

/** @spec Plan 9 intro(5): qid[13] = type[1] version[4] path[8] */
export const qid: WireType<Qid> = inEachVersion((version) => (version === '9P2000' ? plainQid : anyQid));

/** A qid's type as Plan 9 prints it: directory, append, link, plain file. */
const QID_LETTERS: Readonly<Record<number, string>> = { 128: 'd', 64: 'a', 2: 'l', 0: 'f' };

/** A Linux file mode, shown in octal. */
export const mode: WireType<number> = shown(u32, (value) => `0${value.toString(8)}`);

/** A numeric user or group id; all ones means none. */
export const id: WireType<number> = shown(u32, (value) => (value === 0xffff_ffff ? 'none' : String(value)));

const rest = flags(u32, OPEN_FLAGS, { radix: 8 });
const LINUX_ACCESS = ['O_RDONLY', 'O_WRONLY', 'O_RDWR', 'O_ACCMODE'] as const;

/** Linux open flags, shown by name. */
export const openFlags: WireType<number> = shown(u32, (value) => {
  const others = value & ~3;
  return `${LINUX_ACCESS[value & 3]}${others === 0 ? '' : `|${rest.show(others >>> 0)}`}`;
});

/** A mode as Plan 9 has it, shown as `DMDIR|0755`. */
export const perm: WireType<number> = flags(u32, DM, { radix: 8 });

const openBits = flags(u8, OPEN);
const PLAN9_ACCESS = ['OREAD', 'OWRITE', 'ORDWR', 'OEXEC'] as const;

/** An open mode of Plan 9, shown by name. */
export const openMode: WireType<number> = shown(u8, (value) => {
  const others = value & ~ACCESS.mask;
  return `${PLAN9_ACCESS[value & ACCESS.mask]}${others === 0 ? '' : `|${openBits.show(others)}`}`;
});

/** What Tgetattr asks for and Rgetattr holds. */
export const getattrMask: WireType<bigint> = flags(u64, GETATTR_BITS);

/** What Tsetattr changes. */
export const setattrMask: WireType<number> = flags(u32, SETATTR);

/** AT_REMOVEDIR or nothing. */
export const unlinkFlags: WireType<number> = flags(u32, UNLINK_FLAGS);

/** XATTR_CREATE, XATTR_REPLACE or nothing. */
export const xattrFlags: WireType<number> = flags(u32, XATTR_FLAGS);

/** Flags of Tlock. */
export const lockFlags: WireType<number> = flags(u32, LOCK_FLAGS);

/** Read lock, write lock or unlock. */
export const lockType: WireType<number> = shown(u8, (value) => LOCK_TYPES[value] ?? String(value));

/** How Tlock ended. */
export const lockStatus: WireType<number> = shown(u8, (value) => LOCK_STATUS_NAMES[value] ?? String(value));

/** A Linux error number by name where it has one. */
export function errorNumber(nameOf: (errno: number) => string): WireType<number> {
  return shown(u32, nameOf);
}

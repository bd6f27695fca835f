import { ByteReader } from '../bytes/cursor.ts';
import { text, u16, u32, u64, utf8, type WireType } from '../bytes/wire.ts';
import type { Qid } from './backend.ts';
import { NO_ID } from './plan9.ts';
import { formIn, inEachVersion, isPresent, onlyIn } from './versions.ts';
import { bytes, id, perm, qid } from './wire-types.ts';

/**
 * What a file is, as 9P2000 and 9P2000.u tell it in Rstat and in the data of a directory, and take it in Twstat.
 *
 * @spec Plan 9 stat(5), 9P2000.u stat
 */
export interface Stat {
  /** For the client's kernel; a server has nothing to say here. */
  readonly type: number;
  readonly dev: number;
  readonly qid: Qid;
  /** Permission bits and `DM`. */
  readonly mode: number;
  /** Seconds since the epoch. */
  readonly atime: number;
  readonly mtime: number;
  /** In bytes; 0 for a directory. */
  readonly length: bigint;
  readonly name: Uint8Array;
  readonly uid: string;
  readonly gid: string;
  /** Who changed the file last. */
  readonly muid: string;
  /** Of 9P2000.u: a symbolic link's target, a device's kind and numbers, or how many links there are. */
  readonly extension: Uint8Array;
  /** Of 9P2000.u: the numbers of the three users; all ones for none. */
  readonly n_uid: number;
  readonly n_gid: number;
  readonly n_muid: number;
}

/** What Twstat says of a field that is to stay as it is: all ones, or nothing. @spec Plan 9 stat(5): wstat */
export const UNTOUCHED: Stat = {
  type: 0xffff,
  dev: 0xffff_ffff,
  qid: { type: 0xff, version: 0xffff_ffff, path: 0xffff_ffff_ffff_ffffn },
  mode: 0xffff_ffff,
  atime: 0xffff_ffff,
  mtime: 0xffff_ffff,
  length: 0xffff_ffff_ffff_ffffn,
  name: new Uint8Array(0),
  uid: '',
  gid: '',
  muid: '',
  extension: new Uint8Array(0),
  n_uid: NO_ID,
  n_gid: NO_ID,
  n_muid: NO_ID,
};

const UNIX_SAMPLE: Stat = {
  type: 0,
  dev: 0,
  qid: { type: 0x80, version: 7, path: 0x1234n },
  mode: 0x8000_01ed,
  atime: 1_000_000_000,
  mtime: 1_000_000_001,
  length: 4096n,
  name: utf8('naïve'),
  uid: '1000',
  gid: 'users',
  muid: '',
  extension: utf8('HARDLINKCOUNT 2'),
  n_uid: 1000,
  n_gid: 100,
  n_muid: NO_ID,
};

const NOT_UNIX = { extension: UNTOUCHED.extension, n_uid: NO_ID, n_gid: NO_ID, n_muid: NO_ID };

const UNIX = ['9P2000.u'] as const;
const number = onlyIn(UNIX, id, NO_ID);

/** In the order of the wire. A size[2] of them all comes before. */
export const STAT_FIELDS: { readonly [K in keyof Stat]: WireType<Stat[K]> } = {
  type: u16,
  dev: u32,
  qid,
  mode: perm,
  atime: u32,
  mtime: u32,
  length: u64,
  name: bytes,
  uid: text,
  gid: text,
  muid: text,
  extension: onlyIn(UNIX, bytes, new Uint8Array(0)),
  n_uid: number,
  n_gid: number,
  n_muid: number,
};

const KEYS = Object.keys(STAT_FIELDS).filter(isField);

function isField(key: string): key is keyof Stat {
  return Object.hasOwn(STAT_FIELDS, key);
}

/** A stat behind its size[2]: one record in a directory's data. */
export const statRecord: WireType<Stat> = inEachVersion((version) => {
  const minimum = KEYS.reduce((sum, key) => sum + formIn<unknown>(STAT_FIELDS[key], version).minimum, 2);
  const bodySize = (value: Stat) => {
    const of = <K extends keyof Stat>(key: K) => formIn(STAT_FIELDS[key], version).size(value[key]);
    return KEYS.reduce((sum, key) => sum + of(key), 0);
  };
  return {
    notation: (field) => `${field}[n]`,
    minimum,
    size: (value) => 2 + bodySize(value),
    put(to, value) {
      const put = <K extends keyof Stat>(key: K) => formIn(STAT_FIELDS[key], version).put(to, value[key]);
      to.u16(bodySize(value));
      KEYS.forEach(put);
    },
    get(from) {
      const body = new ByteReader(from.bytes(from.u16()));
      const value: { -readonly [K in keyof Stat]: Stat[K] } = { ...UNTOUCHED };
      const get = <K extends keyof Stat>(key: K) => {
        value[key] = formIn(STAT_FIELDS[key], version).get(body);
      };
      KEYS.forEach(get);
      if (body.overrun || body.remaining !== 0) from.overrun = true;
      return value;
    },
    show(value) {
      const show = <K extends keyof Stat>(key: K) => `${key} ${formIn(STAT_FIELDS[key], version).show(value[key])}`;
      return `(${KEYS.filter((key) => isPresent(formIn<unknown>(STAT_FIELDS[key], version)))
        .map(show)
        .join(' ')})`;
    },
    samples: [version === '9P2000.u' ? UNIX_SAMPLE : { ...UNIX_SAMPLE, ...NOT_UNIX }, UNTOUCHED],
  };
});

/** The stat of Rstat and Twstat: behind a count of its own. @spec Plan 9 stat(5): nstat[2] stat[nstat] */
export const countedStat: WireType<Stat> = inEachVersion((version) => {
  const record = formIn(statRecord, version);
  return {
    ...record,
    minimum: 2 + record.minimum,
    size: (value) => 2 + record.size(value),
    put(to, value) {
      to.u16(record.size(value));
      record.put(to, value);
    },
    get(from) {
      const counted = new ByteReader(from.bytes(from.u16()));
      const value = record.get(counted);
      if (counted.overrun || counted.remaining !== 0) from.overrun = true;
      return value;
    },
  };
});

/**
 * The answer of `statx`, left where the kernel wrote it and read field by field.
 *
 * @spec Linux statx(2): struct statx, 256 bytes
 */
const STATX_BYTES = 256;

/** Where fields begin, in words of 32 bits; those of 64 bits take two, the lower first, and times two and one for nanoseconds. */
export const STATX_WORD = {
  mask: 0,
  blksize: 1,
  nlink: 4,
  uid: 5,
  gid: 6,
  ino: 8,
  size: 10,
  blocks: 12,
  atime: 16,
  btime: 20,
  ctime: 24,
  mtime: 28,
  rdevMajor: 32,
  rdevMinor: 33,
  devMajor: 34,
  devMinor: 35,
} as const;

/** Size, ctime and mtime, the halves that move. */
const CHANGE_WORDS = [
  STATX_WORD.size,
  STATX_WORD.size + 1,
  STATX_WORD.ctime,
  STATX_WORD.ctime + 2,
  STATX_WORD.mtime,
  STATX_WORD.mtime + 2,
] as const;

/** Seconds since the epoch and nanoseconds, 0 to 999,999,999. */
export interface StatxTime {
  readonly seconds: bigint;
  readonly nanoseconds: number;
}

/** A buffer for `statx`, reusable: every getter reads the latest answer. All devices are as glibc's makedev encodes them. */
export class Statx {
  /** What to hand to `statx`. */
  readonly bytes: Uint8Array;
  /** The same in words, for those who copy fields: `STATX_WORD` has their places. */
  readonly words: Uint32Array;
  readonly #u16: Uint16Array;
  readonly #u64: BigUint64Array;
  readonly #i64: BigInt64Array;

  constructor() {
    const buffer = new ArrayBuffer(STATX_BYTES);
    this.bytes = new Uint8Array(buffer);
    this.#u16 = new Uint16Array(buffer);
    this.words = new Uint32Array(buffer);
    this.#u64 = new BigUint64Array(buffer);
    this.#i64 = new BigInt64Array(buffer);
  }

  /** Bits of `STATX` for the fields that hold something. */
  get mask(): number {
    return this.words[STATX_WORD.mask] ?? 0;
  }
  /** Preferred I/O size in bytes. */
  get blksize(): number {
    return this.words[STATX_WORD.blksize] ?? 0;
  }
  /** STATX_ATTR_* bits. */
  get attributes(): bigint {
    return this.#u64[1] ?? 0n;
  }
  get nlink(): number {
    return this.words[STATX_WORD.nlink] ?? 0;
  }
  get uid(): number {
    return this.words[STATX_WORD.uid] ?? 0;
  }
  get gid(): number {
    return this.words[STATX_WORD.gid] ?? 0;
  }
  /** Type and permission bits. */
  get mode(): number {
    return this.#u16[14] ?? 0;
  }
  get ino(): bigint {
    return this.#u64[4] ?? 0n;
  }
  get size(): bigint {
    return this.#u64[5] ?? 0n;
  }
  /** In units of 512 bytes. */
  get blocks(): bigint {
    return this.#u64[6] ?? 0n;
  }
  get atime(): StatxTime {
    return this.#time(64);
  }
  get btime(): StatxTime {
    return this.#time(80);
  }
  get ctime(): StatxTime {
    return this.#time(96);
  }
  get mtime(): StatxTime {
    return this.#time(112);
  }
  get rdev(): bigint {
    return makedev(this.rdevMajor, this.rdevMinor);
  }
  get rdevMajor(): number {
    return this.words[STATX_WORD.rdevMajor] ?? 0;
  }
  get rdevMinor(): number {
    return this.words[STATX_WORD.rdevMinor] ?? 0;
  }
  /** Device that holds the object. */
  get dev(): bigint {
    return makedev(this.devMajor, this.devMinor);
  }
  get devMajor(): number {
    return this.words[STATX_WORD.devMajor] ?? 0;
  }
  get devMinor(): number {
    return this.words[STATX_WORD.devMinor] ?? 0;
  }
  /** A u32 made of mtime, ctime and size, cheap to get: when one of them changes, so does this, but for chance. */
  get changeStamp(): number {
    let hash = 0x811c9dc5;
    for (const at of CHANGE_WORDS) hash = Math.imul(hash ^ (this.words[at] ?? 0), 0x9e3779b1) ^ (hash >>> 15);
    return hash >>> 0;
  }
  /** Mount the object was reached through; valid with `STATX.MNT_ID` in `mask`. */
  get mountId(): bigint {
    return this.#u64[18] ?? 0n;
  }

  #time(at: number): StatxTime {
    return { seconds: this.#i64[at / 8] ?? 0n, nanoseconds: this.words[at / 4 + 2] ?? 0 };
  }
}

/** A device number in 64 bits from its parts, each a u32. @spec glibc makedev(3) */
export function makedev(major: number, minor: number): bigint {
  const high = BigInt(major >>> 0);
  const low = BigInt(minor >>> 0);
  return ((high & 0xfffff000n) << 32n) | ((high & 0xfffn) << 8n) | ((low & 0xffffff00n) << 12n) | (low & 0xffn);
}

/**
 * Linux error numbers as 9P2000.L carries them in Rlerror, and the one object a backend throws for each.
 *
 * @spec 9P2000.L Rlerror: ecode is a Linux errno
 */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  E2BIG: 7,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  EXDEV: 18,
  ENODEV: 19,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  ETXTBSY: 26,
  EFBIG: 27,
  ENOSPC: 28,
  ESPIPE: 29,
  EROFS: 30,
  EMLINK: 31,
  EPIPE: 32,
  ERANGE: 34,
  EDEADLK: 35,
  ENAMETOOLONG: 36,
  ENOLCK: 37,
  ENOSYS: 38,
  ENOTEMPTY: 39,
  ELOOP: 40,
  ENODATA: 61,
  EPROTO: 71,
  EOVERFLOW: 75,
  EUSERS: 87,
  EMSGSIZE: 90,
  EOPNOTSUPP: 95,
  ESTALE: 116,
  EDQUOT: 122,
} as const;

export type ErrnoName = keyof typeof ERRNO;

/**
 * A 9P operation that failed, as a value to throw. Not an `Error`: these are everyday answers to a client (ENOENT on a
 * lookup), so they carry no stack and there is one shared object per number.
 */
export class Errno {
  readonly errno: number;
  readonly name: string;

  constructor(errno: number, name: string) {
    this.errno = errno;
    this.name = name;
  }

  toString(): string {
    return `${this.name} (errno ${this.errno})`;
  }
}

const byNumber = new Map<number, Errno>();
for (const [name, errno] of Object.entries(ERRNO)) byNumber.set(errno, new Errno(errno, name));

/** The shared object for a Linux error number, 1 to 4095; any other number is our bug and throws a RangeError. */
export function errnoOf(errno: number): Errno {
  let known = byNumber.get(errno);
  if (known === undefined) {
    if (!Number.isInteger(errno) || errno < 1 || errno > 4095) throw new RangeError(`not a Linux errno: ${errno}`);
    known = new Errno(errno, `E${errno}`);
    byNumber.set(errno, known);
  }
  return known;
}

/** Ends the operation under way with the named error. */
export function fail(name: ErrnoName): never {
  throw errnoOf(ERRNO[name]);
}

/** The name of a Linux error number for people, such as `ENOENT`; numbers without a name stay numbers. */
export function errnoName(errno: number): string {
  return byNumber.get(errno)?.name ?? String(errno);
}

/**
 * Linux error numbers as 9P2000.L carries them in Rlerror and 9P2000.u in Rerror, and the one object a backend throws for
 * each.
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
  /** What clients of 9P2000 and 9P2000.u are told. */
  readonly text: string;

  constructor(errno: number, name: string, text = name) {
    this.errno = errno;
    this.name = name;
    this.text = text;
  }

  toString(): string {
    return `${this.name} (errno ${this.errno})`;
  }
}

/**
 * What Rerror says for each: the words that Linux's client turns back into a number where no number is sent.
 *
 * @spec Linux net/9p error.c, strerror(3)
 */
const TEXTS: Record<ErrnoName, string> = {
  EPERM: 'Operation not permitted',
  ENOENT: 'No such file or directory',
  EINTR: 'Interrupted system call',
  EIO: 'Input/output error',
  ENXIO: 'No such device or address',
  E2BIG: 'Argument list too long',
  EBADF: 'Bad file descriptor',
  EAGAIN: 'Resource temporarily unavailable',
  ENOMEM: 'Cannot allocate memory',
  EACCES: 'Permission denied',
  EFAULT: 'Bad address',
  EBUSY: 'Device or resource busy',
  EEXIST: 'File exists',
  EXDEV: 'Invalid cross-device link',
  ENODEV: 'No such device',
  ENOTDIR: 'Not a directory',
  EISDIR: 'Is a directory',
  EINVAL: 'Invalid argument',
  ENFILE: 'Too many open files in system',
  EMFILE: 'Too many open files',
  ETXTBSY: 'Text file busy',
  EFBIG: 'File too large',
  ENOSPC: 'No space left on device',
  ESPIPE: 'Illegal seek',
  EROFS: 'Read-only file system',
  EMLINK: 'Too many links',
  EPIPE: 'Broken pipe',
  ERANGE: 'Numerical result out of range',
  EUSERS: 'Too many users',
  EDEADLK: 'Resource deadlock avoided',
  ENAMETOOLONG: 'File name too long',
  ENOLCK: 'No locks available',
  ENOSYS: 'Function not implemented',
  ENOTEMPTY: 'Directory not empty',
  ELOOP: 'Too many levels of symbolic links',
  ENODATA: 'No data available',
  EPROTO: 'Protocol error',
  EOVERFLOW: 'Value too large for defined data type',
  EMSGSIZE: 'Message too long',
  EOPNOTSUPP: 'Operation not supported',
  ESTALE: 'Stale file handle',
  EDQUOT: 'Disk quota exceeded',
};

function isErrnoName(name: string): name is ErrnoName {
  return Object.hasOwn(ERRNO, name);
}

const byNumber = new Map<number, Errno>();
const byText = new Map<string, Errno>();
for (const name of Object.keys(ERRNO).filter(isErrnoName)) {
  const errno = new Errno(ERRNO[name], name, TEXTS[name]);
  byNumber.set(errno.errno, errno);
  byText.set(errno.text, errno);
}

/** The shared object for a Linux error number, 1 to 4095; any other number is our bug and throws a RangeError. */
export function errnoOf(errno: number): Errno {
  let known = byNumber.get(errno);
  if (known === undefined) {
    if (!Number.isInteger(errno) || errno < 1 || errno > 4095) throw new RangeError(`not a Linux errno: ${errno}`);
    known = new Errno(errno, `E${errno}`, `Unknown error ${errno}`);
    byNumber.set(errno, known);
  }
  return known;
}

/** Ends the operation under way with the named error. */
export function fail(name: ErrnoName): never {
  throw errnoOf(ERRNO[name]);
}

/** The shared object for what Rerror says, or undefined for other words. */
export function errnoOfText(text: string): Errno | undefined {
  return byText.get(text);
}

/** The name of a Linux error number for people, such as `ENOENT`; numbers without a name stay numbers. */
export function errnoName(errno: number): string {
  return byNumber.get(errno)?.name ?? String(errno);
}

import { AT, E, errnoName, type Hostfs, loadHostfs, O, S, STATX, Statx } from 'node-hostfs';

/** A system call that the kernel refused. */
export class Refused extends Error {
  override readonly name = 'Refused';
  /** The name of its errno. */
  readonly errno: string;

  constructor(errno: string) {
    super(errno);
    this.errno = errno;
  }
}

export const NO_NAME = new Uint8Array(0);
export const hostfs: Hostfs = loadHostfs();

/** The result of a call, or its errno thrown. */
export function must(result: number): number {
  if (result < 0) throw new Refused(errnoName(result));
  return result;
}

export function refuse(errno: string): never {
  throw new Refused(errno);
}

/** Attributes of what a descriptor holds, in a buffer of their own. */
export function stat(fd: number): Statx {
  const answer = new Statx();
  must(hostfs.statx(fd, NO_NAME, AT.EMPTY_PATH, STATX.BASIC_STATS, answer.bytes));
  return answer;
}

export function formatOf(fd: number): number {
  return stat(fd).mode & S.IFMT;
}

/** One more descriptor of the same object, which no link leads away from. */
export function duplicate(fd: number): number {
  return must(hostfs.reopen(fd, O.PATH));
}

/** Looks up one name, a symbolic link being itself. */
export function lookUp(directory: number, name: Uint8Array): number {
  return must(hostfs.openat(directory, name, O.PATH | O.NOFOLLOW, 0));
}

/** The present name of an object: the kernel's own. ENOENT if that name is gone. */
export function pathOf(fd: number): Uint8Array {
  const path = new Uint8Array(4096);
  const length = must(hostfs.readlinkat(AT.FDCWD, Buffer.from(`/proc/self/fd/${fd}`), path));
  const text = Buffer.from(path.subarray(0, length));
  if (text.toString('latin1').endsWith(' (deleted)')) refuse('ENOENT');
  return text;
}

/** A whole attribute, or the whole list of names. */
export function whole(read: (out: Uint8Array) => number): Uint8Array {
  const value = new Uint8Array(must(read(NO_NAME)));
  return value.length === 0 ? value : value.subarray(0, must(read(value)));
}

export { E };

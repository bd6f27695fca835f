import { S } from 'node-hostfs';
import { hostfs, must, refuse, stat } from './system-calls.ts';

const latin1 = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));

/**
 * Where the server means to answer otherwise than the bare system call: the whole list, each with its reason. Whatever
 * else differs is a defect.
 */
export const INTENDED = {
  /** Opening a FIFO could block, a device could do things to the host: only files and directories are opened for I/O. */
  openOfSpecialFile(): never {
    return refuse('ENXIO');
  },

  /**
   * A server with CAP_FSETID writes in the stead of a user without: it takes setuid and setgid off as the kernel would
   * for that user.
   */
  dropSetIds(fd: number, user: number): void {
    if (user === 0) return;
    const { mode } = stat(fd);
    const setgid = (mode & S.IXGRP) !== 0 ? mode & S.ISGID : 0;
    const drop = (mode & S.ISUID) | setgid;
    if (drop !== 0) must(hostfs.fchmod(fd, mode & 0o7777 & ~drop));
  },

  /** A transfer of no bytes asks nothing of the file: it is answered whatever that was opened for. */
  transferOfNothing<T>(answer: T): T {
    return answer;
  },

  /** The kernel says EBADF, since a directory is never open for writing; a client learns more from EISDIR. */
  writeToDirectory(count: number): unknown {
    return count === 0 ? { count } : refuse('EISDIR');
  },

  /** `Tmknod` says what it makes: mknod(2) takes no type for a regular file, and the protocol has Tmkdir. */
  nodeMode(mode: number): number {
    const format = mode & S.IFMT;
    if (format === S.IFDIR) refuse('EPERM');
    return format === 0 ? mode | S.IFREG : mode;
  },

  /** Labels of the host's security modules and attributes of its own are no business of a client's. */
  showsAttribute(name: string, passthrough: boolean): boolean {
    if (name.startsWith('user.')) return true;
    return passthrough && PASSED.includes(name);
  },

  /** Attributes that are not shown cannot be asked for or set. */
  attributeName(name: string, passthrough: boolean): Uint8Array {
    return INTENDED.showsAttribute(name, passthrough) ? latin1(name) : refuse('EOPNOTSUPP');
  },
} as const;

const PASSED: readonly string[] = ['system.posix_acl_access', 'system.posix_acl_default', 'security.capability'];

import { S } from 'node-hostfs';
import type { Credential } from '../../backend.ts';
import { check } from './check.ts';
import type { Share } from './share.ts';

/**
 * Takes setuid and setgid off a file that a client's unprivileged user is about to change. The host's kernel does so
 * for unprivileged processes, but a server with CAP_FSETID writes in the user's stead and would leave them on.
 *
 * @spec POSIX.1-2017 write(): S_ISUID and S_ISGID
 */
export function dropSetIds(share: Share, fd: number, credential: Credential): void {
  if (credential.uid === 0) return;
  const { mode } = share.statOf(fd);
  // Without group execution the bit is no setgid: it means mandatory locking.
  const setgid = (mode & S.IXGRP) !== 0 ? mode & S.ISGID : 0;
  const drop = (mode & S.ISUID) | setgid;
  if (drop !== 0) check(share.hostfs.fchmod(fd, mode & 0o7777 & ~drop));
}

import { CAP, type Hostfs, type Statx } from 'node-hostfs';
import type { Credential, MaybeAsync } from '../../backend.ts';
import { check } from './check.ts';
import type { HostObject } from './host-object.ts';
import { type Stored, withoutSetIds } from './mapped/stored.ts';
import type { Share } from './share.ts';

/**
 * Whether the kernel takes setuid and setgid off by itself whatever this process writes to: it does so for all who lack
 * CAP_FSETID, on file systems that write by way of the page cache.
 *
 * @spec Linux capabilities(7)
 */
export function kernelDropsSetIds(hostfs: Hostfs): boolean {
  return hostfs.hasCapability(CAP.FSETID) === 0;
}

/**
 * Takes setuid and setgid off a regular file that a client's unprivileged user is about to change. The host's kernel does
 * so for unprivileged processes, but a server with CAP_FSETID writes in the user's stead and would leave them on; and
 * what a mapped model keeps, no kernel knows.
 *
 * @param fd any descriptor of the object
 * @param stat what it is like now, where that is known
 * @spec POSIX.1-2017 write(): S_ISUID and S_ISGID
 */
export function dropSetIds(
  share: Share,
  object: HostObject,
  fd: number,
  credential: Credential,
  stat?: Statx,
): MaybeAsync<void> {
  if (credential.uid === 0) return;
  if (share.store !== undefined) return dropStored(share, object);
  const mode = (stat ?? share.statOf(fd)).mode & 0o7777;
  const without = withoutSetIds(mode);
  if (without !== mode) check(share.hostfs.fchmod(fd, without));
}

function dropStored(share: Share, object: HostObject): MaybeAsync<void> {
  const { store } = share;
  const stored = store?.readMode(object);
  if (store === undefined || stored === undefined || without(stored) === stored) return;
  return store.change(object, without);
}

function without(stored: Stored): Stored {
  const { mode } = stored;
  if (mode === undefined || withoutSetIds(mode) === mode) return stored;
  return { ...stored, mode: withoutSetIds(mode) };
}

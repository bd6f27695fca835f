import { E, O, S } from 'node-hostfs';
import type { Credential, MaybeAsync, OpenFile } from '../../backend.ts';
import { errnoOf, fail } from '../../errno.ts';
import { after, attempt } from '../../maybe-async.ts';
import type { HostObject } from './host-object.ts';
import { LocalDirectory } from './local-directory.ts';
import { LocalFile } from './local-file.ts';
import { dropSetIds } from './set-ids.ts';
import { MANY_BLOCKS, type Share } from './share.ts';

/** Flags of a client's that reach the host. O_DIRECT does not: a client's buffers need not be aligned as the disk wants. */
const HONOURED = O.ACCMODE | O.TRUNC | O.APPEND | O.DSYNC | O.SYNC | O.NOATIME | O.DIRECTORY;

/** Flags that stay on an open descriptor and can be set there. */
const LASTING = O.APPEND | O.NOATIME;

/** What an open takes from a client's flags. Anything that could change a file is EROFS on a read-only share. */
export function openFlags(share: Share, flags: number): number {
  const access = flags & O.ACCMODE;
  if (access === O.ACCMODE) fail('EINVAL');
  if (access !== O.RDONLY || (flags & (O.TRUNC | O.APPEND)) !== 0) share.requireWritable();
  return flags & HONOURED;
}

/**
 * Opens an object for I/O, from its descriptor and not by name. Only regular files and directories can be: a device or a
 * FIFO of the host is ENXIO, since opening it could block, or do things to the host; a symbolic link is ELOOP.
 */
export function openObject(
  share: Share,
  object: HostObject,
  flags: number,
  credential: Credential,
): MaybeAsync<OpenFile> {
  const format = share.formatOf(object);
  if (format === S.IFLNK) fail('ELOOP');
  if (format !== S.IFREG && format !== S.IFDIR) fail('ENXIO');
  const wanted = openFlags(share, flags);
  if (!truncatesMuch(share, object, wanted)) {
    return after(reopen(share, object, wanted), (fd) => settle(share, object, fd, wanted, credential));
  }
  return after(reopen(share, object, wanted & ~O.TRUNC), async (fd) => {
    await truncateInPool(share, fd);
    return settle(share, object, fd, wanted, credential);
  });
}

/** Takes setuid and setgid off what was emptied; then the descriptor becomes an open file. */
function settle(share: Share, object: HostObject, fd: number, flags: number, credential: Credential) {
  if ((flags & O.TRUNC) === 0) return opened(share, object, fd, flags, credential);
  return attempt(
    () => dropSetIds(share, object, fd, credential),
    () => opened(share, object, fd, flags, credential),
    (error): OpenFile => {
      share.hostfs.close(fd);
      throw error;
    },
  );
}

/** Whether an open for writing gives back so many blocks that it takes long. */
function truncatesMuch(share: Share, object: HostObject, flags: number): boolean {
  if ((flags & O.TRUNC) === 0 || (flags & O.ACCMODE) === O.RDONLY || object.isDirectory) return false;
  return share.statOf(object.fd).blocks >= MANY_BLOCKS;
}

/** Empties the file; if that fails, closes it. */
async function truncateInPool(share: Share, fd: number): Promise<void> {
  const result = await share.hostfs.ftruncateAsync(fd, 0n);
  if (result >= 0) return;
  share.hostfs.close(fd);
  throw errnoOf(-result);
}

/**
 * Makes an open file of a descriptor just opened with `flags` and O_NONBLOCK; owns it from here on. Files of the kernel's own
 * (/proc/kmsg) could otherwise wait for their content for ever, and a thread of the pool with them.
 */
export function opened(share: Share, object: HostObject, fd: number, flags: number, credential: Credential): OpenFile {
  let counted = false;
  try {
    share.descriptors.take();
    counted = true;
    const stat = share.statOf(fd);
    if (object.isDirectory) return new LocalDirectory(share, object, fd, stat);
    return new LocalFile(share, object, fd, flags, stat, credential);
  } catch (error) {
    if (counted) share.descriptors.give();
    share.hostfs.close(fd);
    throw error;
  }
}

function reopen(share: Share, object: HostObject, wanted: number): MaybeAsync<number> {
  let flags = wanted | O.NOCTTY | O.NONBLOCK;
  let fd = share.hostfs.reopen(object.fd, flags);
  if (fd === -E.PERM && (flags & O.NOATIME) !== 0) {
    // Only the owner may ask for it, and it is but a wish.
    flags &= ~O.NOATIME;
    fd = share.hostfs.reopen(object.fd, flags);
  }
  // A lease is held on the host: wait for its holder, but not here.
  if (fd === -E.AGAIN) {
    const opening = object.during((held) => share.hostfs.reopenAsync(held, flags & ~O.NONBLOCK));
    return opening.then((late) => {
      if (late >= 0) share.hostfs.setFlags(late, (flags & LASTING) | O.NONBLOCK);
      return orThrow(late);
    });
  }
  return orThrow(fd);
}

function orThrow(fd: number): number {
  if (fd < 0) throw errnoOf(-fd);
  return fd;
}

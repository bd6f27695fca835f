import { O, S } from 'node-hostfs';
import { fail } from '../../errno.ts';
import { check } from './check.ts';
import type { HostObject } from './host-object.ts';
import { NO_NAME, type Share } from './share.ts';

/** Longest target a symbolic link can have, with the NUL that is not stored. */
const PATH_MAX = 4096;

/** A symbolic link's target: of one of the host's, or what a file holds that stands for one. EINVAL for anything else. */
export function readTarget(share: Share, object: HostObject): Uint8Array {
  if (share.formatOf(object) !== S.IFLNK) fail('EINVAL');
  const target = new Uint8Array(PATH_MAX);
  if (object.format === S.IFLNK) return target.slice(0, check(share.hostfs.readlinkat(object.fd, NO_NAME, target)));
  const fd = check(share.hostfs.reopen(object.fd, O.RDONLY | O.NONBLOCK | O.NOCTTY));
  try {
    const length = check(share.hostfs.preadv2(fd, target.subarray(0, PATH_MAX - 1), 0, 0));
    const end = target.indexOf(0);
    return target.slice(0, Math.min(length, end < 0 ? length : end));
  } finally {
    share.hostfs.close(fd);
  }
}

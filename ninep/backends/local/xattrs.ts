import { E } from 'node-hostfs';
import { errnoOf, fail } from '../../errno.ts';
import { check } from './check.ts';
import type { HostObject } from './host-object.ts';
import { letsThrough } from './security-model.ts';
import { NO_NAME, type Share } from './share.ts';

/** Extended attributes of an object, as far as the security model lets them through. */

/** How often a value may grow between asking for its size and reading it. */
const TRIES = 8;

/** The whole value. EOPNOTSUPP for a name the model keeps away, ENODATA if absent. */
export function getXattr(share: Share, object: HostObject, name: Uint8Array): Uint8Array {
  requireName(share, name);
  return readWhole((out) => share.hostfs.getxattr(object.fd, name, out));
}

/** The names the model lets through, each ended by NUL. */
export function listXattrs(share: Share, object: HostObject): Uint8Array {
  const all = readWhole((out) => share.hostfs.listxattr(object.fd, out));
  const kept: Uint8Array[] = [];
  for (let start = 0; start < all.length; ) {
    const end = all.indexOf(0, start);
    if (end < 0) break;
    if (letsThrough(share.model, all.subarray(start, end))) kept.push(all.subarray(start, end + 1));
    start = end + 1;
  }
  return Buffer.concat(kept);
}

export function setXattr(share: Share, object: HostObject, name: Uint8Array, value: Uint8Array, flags: number): void {
  share.requireWritable();
  requireName(share, name);
  check(share.hostfs.setxattr(object.fd, name, value, flags));
}

export function removeXattr(share: Share, object: HostObject, name: Uint8Array): void {
  share.requireWritable();
  requireName(share, name);
  check(share.hostfs.removexattr(object.fd, name));
}

function requireName(share: Share, name: Uint8Array): void {
  if (name.includes(0)) fail('EINVAL');
  if (!letsThrough(share.model, name)) fail('EOPNOTSUPP');
}

function readWhole(read: (out: Uint8Array) => number): Uint8Array {
  for (let tries = 0; tries < TRIES; tries++) {
    const size = check(read(NO_NAME));
    if (size === 0) return NO_NAME;
    const value = new Uint8Array(size);
    const length = read(value);
    if (length >= 0) return value.subarray(0, length);
    if (length !== -E.RANGE) throw errnoOf(-length);
  }
  return fail('ERANGE');
}

import { E } from 'node-hostfs';
import { errnoOf, fail } from '../../errno.ts';
import { clientAttribute, hostAttribute, readsRealAcls } from './attribute-names.ts';
import { check } from './check.ts';
import type { HostObject } from './host-object.ts';
import { NO_NAME, type Share } from './share.ts';

/** Extended attributes of an object, as far as the security model lets them through. */

/** How often a value may grow between asking for its size and reading it. */
const TRIES = 8;

/** The whole value. EOPNOTSUPP for a name the model keeps away, ENODATA if absent. */
export function getXattr(share: Share, object: HostObject, name: Uint8Array): Uint8Array {
  const attribute = hostAttribute(share.model, name, 'ENODATA');
  const kept = readIfThere(share, object, attribute.name);
  if (kept !== undefined) return kept;
  if (attribute.keptAcl && readsRealAcls(share.model)) return readIfThere(share, object, name) ?? fail('ENODATA');
  return fail('ENODATA');
}

/** The names the model lets through, each ended by NUL. */
export function listXattrs(share: Share, object: HostObject): Uint8Array {
  const all = readWhole((out) => share.hostfs.listxattr(object.fd, out));
  const seen = new Set<string>();
  for (let start = 0; start < all.length; ) {
    const end = all.indexOf(0, start);
    if (end < 0) break;
    const name = clientAttribute(share.model, all.subarray(start, end));
    if (name !== undefined) seen.add(Buffer.from(name).toString('latin1'));
    start = end + 1;
  }
  return Buffer.from([...seen].map((name) => `${name}\0`).join(''), 'latin1');
}

export function setXattr(share: Share, object: HostObject, name: Uint8Array, value: Uint8Array, flags: number): void {
  share.requireWritable();
  const attribute = hostAttribute(share.model, name, 'EACCES');
  check(share.hostfs.setxattr(object.fd, attribute.name, value, flags));
}

/** ENODATA if absent, but for ACLs under the mapped models, where removing what is not there is success, as in QEMU. */
export function removeXattr(share: Share, object: HostObject, name: Uint8Array): void {
  share.requireWritable();
  const attribute = hostAttribute(share.model, name, 'EACCES');
  const result = share.hostfs.removexattr(object.fd, attribute.name);
  if (!attribute.keptAcl) {
    check(result);
    return;
  }
  if (result !== -E.NODATA) check(result);
  if (!readsRealAcls(share.model)) return;
  const real = share.hostfs.removexattr(object.fd, name);
  if (real !== -E.NODATA && real !== -E.OPNOTSUPP) check(real);
}

function readIfThere(share: Share, object: HostObject, name: Uint8Array): Uint8Array | undefined {
  try {
    return readWhole((out) => share.hostfs.getxattr(object.fd, name, out));
  } catch (error) {
    if (error === errnoOf(E.NODATA)) return undefined;
    throw error;
  }
}

/** Room for most values. */
const usual = new Uint8Array(512);

function readWhole(read: (out: Uint8Array) => number): Uint8Array {
  const known = read(usual);
  if (known >= 0) return usual.slice(0, known);
  if (known !== -E.RANGE) throw errnoOf(-known);
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

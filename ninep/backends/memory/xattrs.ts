import { MODE, XATTR_FLAGS, XATTR_SIZE_MAX } from '../../constants.ts';
import { fail } from '../../errno.ts';
import { type Acl, aclPermissions, decodeAcl, encodeAcl, isExtended, requireValid, withPermissions } from './acl.ts';
import { type Attribute, attributeBytes, type Inode } from './inode.ts';
import { bytesKey } from './names.ts';

/** Extended attributes of an object, with what Linux says about each namespace. */

const ACCESS_ACL = 'system.posix_acl_access';
const DEFAULT_ACL = 'system.posix_acl_default';
const CAPABILITY = 'security.capability';
const NAMESPACES = ['user.', 'trusted.', 'security.'];

/** The nine bits that access control lists stand for. */
const RWX = 0o777;

/** The whole value, the caller's to keep. */
export function getAttribute(inode: Inode, name: Uint8Array): Uint8Array {
  const key = bytesKey(name);
  if (isAcl(key)) requireAcls(inode);
  else requireNamespace(inode, key, 'ENODATA');
  return (inode.attributes.get(key) ?? fail('ENODATA')).slice();
}

/** All names, each ended by NUL. */
export function listAttributes(inode: Inode): Uint8Array {
  const text = [...inode.attributes.keys()].map((key) => `${key}\0`).join('');
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

/** Sets a value. ENOSPC if it does not fit the tree's capacity, or the names of all no longer fit a list of 64 KiB. */
export function setAttribute(inode: Inode, name: Uint8Array, value: Uint8Array, flags: number): void {
  const key = bytesKey(name);
  if (isAcl(key)) {
    setAcl(inode, key, value.length === 0 ? undefined : decodeAcl(value));
    return;
  }
  requireNamespace(inode, key, 'EPERM');
  const old = inode.attributes.get(key);
  if (old === undefined && flags === XATTR_FLAGS.XATTR_REPLACE) fail('ENODATA');
  if (old !== undefined && flags === XATTR_FLAGS.XATTR_CREATE) fail('EEXIST');
  store(inode, key, value.slice());
  inode.ctime = inode.volume.now();
}

/** Removes an attribute. Removing an access control list that is not there succeeds. */
export function removeAttribute(inode: Inode, name: Uint8Array): void {
  const key = bytesKey(name);
  if (isAcl(key)) {
    setAcl(inode, key, undefined);
    return;
  }
  requireNamespace(inode, key, 'EPERM');
  if (!inode.attributes.has(key)) fail('ENODATA');
  store(inode, key, undefined);
  inode.ctime = inode.volume.now();
}

/** Takes away what a file may not keep when its content or owner changes. */
export function dropCapability(inode: Inode): void {
  store(inode, CAPABILITY, undefined);
}

/** Sets permission bits, and the access control list with them. */
export function setPermissions(inode: Inode, permissions: number): void {
  inode.permissions = permissions;
  const acl = inode.attributes.get(ACCESS_ACL);
  if (acl === undefined) return;
  // As many entries as before, so it takes the same room.
  inode.attributes.set(ACCESS_ACL, encodeAcl(withPermissions(decodeAcl(acl) ?? [], permissions)));
}

/** The attributes that something made in `directory` with these permission bits begins with. */
export function inheritedAttributes(directory: Inode, format: number, permissions: number): Attribute[] {
  const value = format === MODE.symlink ? undefined : directory.attributes.get(DEFAULT_ACL);
  if (value === undefined) return [];
  const acl = decodeAcl(value) ?? [];
  const inherited: Attribute[] = [];
  if (isExtended(acl)) inherited.push([ACCESS_ACL, encodeAcl(withPermissions(acl, permissions))]);
  if (format === MODE.directory) inherited.push([DEFAULT_ACL, value]);
  return inherited;
}

function setAcl(inode: Inode, key: string, acl: Acl | undefined): void {
  requireAcls(inode);
  if (key === DEFAULT_ACL && inode.format !== MODE.directory) {
    if (acl !== undefined) fail('EACCES');
    return;
  }
  if (acl !== undefined) requireValid(acl);
  else if (!inode.attributes.has(key)) return;

  // What the permission bits say as well is not kept twice.
  const kept = acl !== undefined && (key === DEFAULT_ACL || isExtended(acl));
  store(inode, key, kept ? encodeAcl(acl) : undefined);
  if (key === ACCESS_ACL && acl !== undefined) {
    inode.permissions = (inode.permissions & ~RWX) | aclPermissions(acl);
  }
  inode.ctime = inode.volume.now();
}

function store(inode: Inode, key: string, value: Uint8Array | undefined): void {
  const { attributes, volume } = inode;
  const old = attributes.get(key);
  const before = old === undefined ? 0 : attributeBytes([key, old]);
  if (value !== undefined) {
    if (old === undefined) requireListRoom(inode, key);
    const growth = attributeBytes([key, value]) - before;
    if (growth > 0) volume.take(growth);
    else volume.give(-growth);
    attributes.set(key, value);
  } else if (attributes.delete(key)) {
    volume.give(before);
  }
}

function requireListRoom(inode: Inode, key: string): void {
  let length = key.length + 1;
  for (const name of inode.attributes.keys()) length += name.length + 1;
  if (length > XATTR_SIZE_MAX) fail('ENOSPC');
}

function isAcl(key: string): boolean {
  return key === ACCESS_ACL || key === DEFAULT_ACL;
}

/** Symbolic links have no permissions, and so no access control lists: EOPNOTSUPP. */
function requireAcls(inode: Inode): void {
  if (inode.format === MODE.symlink) fail('EOPNOTSUPP');
}

/**
 * Fails with EOPNOTSUPP outside the namespaces there are, with EINVAL for a bare namespace, and with `elsewhere` for a
 * `user.` attribute of anything but files and directories.
 */
function requireNamespace(inode: Inode, key: string, elsewhere: 'EPERM' | 'ENODATA'): void {
  const namespace = NAMESPACES.find((prefix) => key.startsWith(prefix)) ?? fail('EOPNOTSUPP');
  if (namespace === 'user.' && inode.format !== MODE.file && inode.format !== MODE.directory) fail(elsewhere);
  if (key.length === namespace.length) fail('EINVAL');
}

import { fail } from '../../errno.ts';
import type { SecurityModel } from './security-model.ts';

/**
 * Which extended attributes of the host a client sees, and by which names. All that are not named here are EOPNOTSUPP and
 * not listed: the labels of the host's own security modules are no business of a guest.
 */

const USER = 'user.';
const CAPABILITY = 'security.capability';
const ACLS: readonly string[] = ['system.posix_acl_access', 'system.posix_acl_default'];

/** What the mapped models keep is named so. @spec QEMU 9pfs, security_model=mapped-xattr */
const KEPT = 'user.virtfs.';

/** The attribute of the host that a client's name stands for. */
export interface HostAttribute {
  readonly name: Uint8Array;
  /** A POSIX ACL that is kept under another name. */
  readonly keptAcl: boolean;
}

/**
 * The host's attribute for a client's name. Fails with EINVAL for a name with NUL, EOPNOTSUPP for one the model keeps
 * away, and with `hidden` for what the mapped models keep for themselves.
 */
export function hostAttribute(model: SecurityModel, name: Uint8Array, hidden: 'ENODATA' | 'EACCES'): HostAttribute {
  if (name.includes(0)) fail('EINVAL');
  const text = textOf(name);
  if (model.keptIn !== undefined && text.startsWith(KEPT)) fail(hidden);
  if (ACLS.includes(text)) {
    if (model.acls === 'none') fail('EOPNOTSUPP');
    if (model.acls === 'kept') return { name: Buffer.from(KEPT + text), keptAcl: true };
    return { name, keptAcl: false };
  }
  if (!text.startsWith(USER) && !(model.capabilities && text === CAPABILITY)) fail('EOPNOTSUPP');
  return { name, keptAcl: false };
}

/** The client's name for an attribute of the host, or undefined for one it does not see. */
export function clientAttribute(model: SecurityModel, name: Uint8Array): Uint8Array | undefined {
  const text = textOf(name);
  if (ACLS.includes(text)) return model.acls === 'real' || readsRealAcls(model) ? name : undefined;
  if (model.keptIn !== undefined && text.startsWith(KEPT)) {
    const acl = text.slice(KEPT.length);
    return ACLS.includes(acl) ? name.subarray(KEPT.length) : undefined;
  }
  return text.startsWith(USER) || (model.capabilities && text === CAPABILITY) ? name : undefined;
}

/**
 * Under mapped-file QEMU gives the client's ACLs to the host's files. They are read, and removed, where they are; new ones
 * are kept, since users of the client's are not those of the host and must get no rights there.
 */
export function readsRealAcls(model: SecurityModel): boolean {
  return model.keptIn === 'files';
}

function textOf(name: Uint8Array): string {
  return Buffer.from(name.buffer, name.byteOffset, name.byteLength).toString('latin1');
}

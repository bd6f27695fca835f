import { ByteReader, ByteWriter } from '../../../bytes/cursor.ts';
import { fail } from '../../errno.ts';

/**
 * POSIX access control lists as the attributes `system.posix_acl_access` and `system.posix_acl_default` carry them, and how
 * they and the permission bits are one thing seen twice.
 *
 * @spec POSIX.1e draft 17 §23.1 Access Control Lists; Linux posix_acl_xattr.h: version 2
 */

const VERSION = 2;
const HEADER_SIZE = 4;
const ENTRY_SIZE = 8;
const NO_ID = 0xffff_ffff;

/** @spec Linux posix_acl.h: e_tag */
const TAG = { userObj: 0x01, user: 0x02, groupObj: 0x04, group: 0x08, mask: 0x10, other: 0x20 } as const;

const TAGS: readonly number[] = Object.values(TAG);

/** Which tags may follow a tag; a list begins as after 0 and ends with `other`. */
const NEXT: ReadonlyMap<number, readonly number[]> = new Map([
  [0, [TAG.userObj]],
  [TAG.userObj, [TAG.user, TAG.groupObj]],
  [TAG.user, [TAG.user, TAG.groupObj]],
  [TAG.groupObj, [TAG.group, TAG.mask, TAG.other]],
  [TAG.group, [TAG.group, TAG.mask]],
  [TAG.mask, [TAG.other]],
]);

/** One line of a list. */
export interface AclEntry {
  readonly tag: number;
  /** rwx bits. */
  readonly permissions: number;
  /** User or group, or all ones where the tag names none. */
  readonly id: number;
}

/** An access control list. */
export type Acl = readonly AclEntry[];

/**
 * Reads an attribute's value, in whatever order its entries are. Returns undefined for a list without entries. Fails with
 * EINVAL if it is no list, with EOPNOTSUPP if it is of another version.
 */
export function decodeAcl(value: Uint8Array): Acl | undefined {
  if (value.length < HEADER_SIZE || (value.length - HEADER_SIZE) % ENTRY_SIZE !== 0) fail('EINVAL');
  const from = new ByteReader(value);
  if (from.u32() !== VERSION) fail('EOPNOTSUPP');
  const entries: AclEntry[] = [];
  while (from.remaining > 0) entries.push(readEntry(from));
  return entries.length === 0 ? undefined : entries;
}

/** The attribute's value for a list. */
export function encodeAcl(acl: Acl): Uint8Array {
  const value = new Uint8Array(HEADER_SIZE + ENTRY_SIZE * acl.length);
  const to = new ByteWriter(value);
  to.u32(VERSION);
  for (const { tag, permissions, id } of acl) {
    to.u16(tag);
    to.u16(permissions);
    to.u32(id);
  }
  return value;
}

/** The nine permission bits that a list amounts to: the mask, if there is one, stands for the group. */
export function aclPermissions(acl: Acl): number {
  const of = (tag: number) => acl.find((entry) => entry.tag === tag)?.permissions;
  const group = of(TAG.mask) ?? of(TAG.groupObj) ?? 0;
  return ((of(TAG.userObj) ?? 0) << 6) | (group << 3) | (of(TAG.other) ?? 0);
}

/** Whether the list says more than nine permission bits can. */
export function isExtended(acl: Acl): boolean {
  return acl.length > 3;
}

/** The list after a chmod to these permission bits. */
export function withPermissions(acl: Acl, permissions: number): Acl {
  const groupTag = acl.some(({ tag }) => tag === TAG.mask) ? TAG.mask : TAG.groupObj;
  const shifts = new Map<number, number>([
    [TAG.userObj, 6],
    [groupTag, 3],
    [TAG.other, 0],
  ]);
  return acl.map((entry) => {
    const shift = shifts.get(entry.tag);
    return shift === undefined ? entry : { ...entry, permissions: (permissions >> shift) & 7 };
  });
}

/** Fails with EINVAL unless the entries are those a list must have, in their order, with a mask where one is needed. */
export function requireValid(acl: Acl): void {
  let last = 0;
  let named = false;
  for (const { tag, permissions } of acl) {
    if (permissions > 7) fail('EINVAL');
    if (NEXT.get(last)?.includes(tag) !== true) fail('EINVAL');
    if (tag === TAG.user || tag === TAG.group) named = true;
    // Named users and groups are nothing without a mask.
    if (tag === TAG.other && named && last !== TAG.mask) fail('EINVAL');
    last = tag;
  }
  if (last !== TAG.other) fail('EINVAL');
}

function readEntry(from: ByteReader): AclEntry {
  const tag = from.u16();
  const permissions = from.u16();
  const id = from.u32();
  if (!TAGS.includes(tag)) fail('EINVAL');
  if (tag !== TAG.user && tag !== TAG.group) return { tag, permissions, id: NO_ID };
  if (id === NO_ID) fail('EINVAL');
  return { tag, permissions, id };
}

import { ByteReader, ByteWriter } from '../../../bytes/cursor.ts';

/**
 * The users and groups that access control lists name.
 *
 * @spec Linux posix_acl_xattr.h: version 2; posix_acl.h: e_tag
 */

const VERSION = 2;
const HEADER_SIZE = 4;
const ENTRY_SIZE = 8;
const USER = 0x02;
const GROUP = 0x08;

const LISTS: readonly string[] = ['system.posix_acl_access', 'system.posix_acl_default'];

/** What becomes of the number of a user and of a group. */
export interface IdChange {
  readonly user: (id: number) => number;
  readonly group: (id: number) => number;
}

/** Whether an extended attribute is an access control list. */
export function isAcl(name: Uint8Array): boolean {
  return LISTS.includes(String.fromCharCode(...name));
}

/** The list with other numbers; what is no list stays as it is, for the backend to judge. */
export function changeAclIds(value: Uint8Array, change: IdChange): Uint8Array {
  if (value.length < HEADER_SIZE || (value.length - HEADER_SIZE) % ENTRY_SIZE !== 0) return value;
  const from = new ByteReader(value);
  if (from.u32() !== VERSION) return value;
  const changed = new Uint8Array(value.length);
  const to = new ByteWriter(changed);
  to.u32(VERSION);
  while (from.remaining > 0) {
    const tag = from.u16();
    to.u16(tag);
    to.u16(from.u16());
    const id = from.u32();
    if (tag === USER) to.u32(change.user(id));
    else to.u32(tag === GROUP ? change.group(id) : id);
  }
  return changed;
}

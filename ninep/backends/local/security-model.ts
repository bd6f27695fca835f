/**
 * What the security models differ in. Both keep owners and modes as real owners and modes of the host; they differ in
 * what happens where the server may not set them.
 */

const USER = 'user.';
const ACCESS_ACL = 'system.posix_acl_access';
const DEFAULT_ACL = 'system.posix_acl_default';
const CAPABILITY = 'security.capability';

/** One security model. */
export interface SecurityModel {
  readonly name: string;
  /** Whether an owner that cannot be set fails the operation. */
  readonly ownersMustHold: boolean;
  /**
   * Extended attributes that go through to the host: a name that ends in '.' stands for all that begin so. All others
   * are EOPNOTSUPP and are not listed: the labels of the host's own security modules are no business of a guest.
   */
  readonly attributes: readonly string[];
}

/** The models by their names on the command line. */
export const SECURITY_MODELS = {
  passthrough: {
    name: 'passthrough',
    ownersMustHold: true,
    attributes: [USER, ACCESS_ACL, DEFAULT_ACL, CAPABILITY],
  },
  none: { name: 'none', ownersMustHold: false, attributes: [USER] },
} as const satisfies Record<string, SecurityModel>;

export type SecurityModelName = keyof typeof SECURITY_MODELS;

/** Whether the model lets an attribute of this name through. */
export function letsThrough(model: SecurityModel, name: Uint8Array): boolean {
  const text = Buffer.from(name.buffer, name.byteOffset, name.byteLength).toString('latin1');
  return model.attributes.some((known) => (known.endsWith('.') ? text.startsWith(known) : text === known));
}

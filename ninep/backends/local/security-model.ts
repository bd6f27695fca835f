/**
 * What the security models differ in. Two keep owners and modes as real owners and modes of the host, and differ in what
 * happens where the server may not set them. The mapped ones keep them, with types and device numbers, beside the host's:
 * there everything belongs to the server's user, and what is no directory is a regular file.
 */

/** One security model. */
export interface SecurityModel {
  readonly name: string;
  /** Whether an owner that cannot be set fails the operation. */
  readonly ownersMustHold: boolean;
  /** What the client's POSIX ACLs are on the host: its own, kept in attributes of another name, or nothing at all. */
  readonly acls: 'real' | 'kept' | 'none';
  /** File capabilities are the host's. */
  readonly capabilities: boolean;
  /** Where owners, modes, types and device numbers are kept instead of being real. */
  readonly keptIn?: 'attributes' | 'files';
}

const MAPPED_XATTR = {
  name: 'mapped-xattr',
  ownersMustHold: true,
  acls: 'kept',
  capabilities: false,
  keptIn: 'attributes',
} as const;

/** The models by their names on the command line. @spec QEMU 9psetup, security_model */
export const SECURITY_MODELS = {
  passthrough: { name: 'passthrough', ownersMustHold: true, acls: 'real', capabilities: true },
  none: { name: 'none', ownersMustHold: false, acls: 'none', capabilities: false },
  'mapped-xattr': MAPPED_XATTR,
  mapped: MAPPED_XATTR,
  'mapped-file': { ...MAPPED_XATTR, name: 'mapped-file', keptIn: 'files' },
} as const satisfies Record<string, SecurityModel>;

export type SecurityModelName = keyof typeof SECURITY_MODELS;

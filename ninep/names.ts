import type { Name } from './backend.ts';
import { NAME_MAX, TARGET_MAX } from './constants.ts';
import { type ErrnoName, fail } from './errno.ts';

/**
 * The one place where names from a client are judged. No backend ever sees an empty name, one with '/' or NUL, or one
 * of more than 255 bytes.
 */

const SLASH = 0x2f;
const DOT = 0x2e;

/** A name to look up: '.' and '..' are allowed. Fails with ENOENT (no file can be called that) or ENAMETOOLONG. */
export function checkName(name: Name): void {
  const length = name.length;
  if (length === 0) fail('ENOENT');
  if (length > NAME_MAX) fail('ENAMETOOLONG');
  for (let i = 0; i < length; i++) {
    const byte = name[i];
    if (byte === SLASH || byte === 0) fail('ENOENT');
  }
}

/** How an operation that makes or takes away a name refuses '.' and '..'. */
export interface DotErrors {
  readonly dot: ErrnoName;
  readonly dotdot: ErrnoName;
}

/** '.' and '..' exist already wherever one would create them. */
export const ON_CREATE: DotErrors = { dot: 'EEXIST', dotdot: 'EEXIST' };

/** '.' and '..' are directories that cannot be moved or overwritten. */
export const ON_RENAME: DotErrors = { dot: 'EISDIR', dotdot: 'EISDIR' };

/** As unlinkat(2) answers for them. */
export const ON_UNLINK: DotErrors = { dot: 'EINVAL', dotdot: 'ENOTEMPTY' };

/** A name to create, move or remove: as `checkName`, and '.' and '..' fail as `errors` says. */
export function checkEntryName(name: Name, errors: DotErrors): void {
  checkName(name);
  if (name[0] !== DOT) return;
  if (name.length === 1) fail(errors.dot);
  if (name.length === 2 && name[1] === DOT) fail(errors.dotdot);
}

/** A symlink's target: ENOENT if empty, ENAMETOOLONG beyond 4095 bytes, EINVAL with a NUL in it. */
export function checkTarget(target: Uint8Array): void {
  if (target.length === 0) fail('ENOENT');
  if (target.length > TARGET_MAX) fail('ENAMETOOLONG');
  if (target.includes(0)) fail('EINVAL');
}

/** The name of an extended attribute: ERANGE if empty or longer than 255 bytes, as Linux says; EINVAL with a NUL in it. */
export function checkAttributeName(name: Uint8Array): void {
  if (name.length === 0 || name.length > NAME_MAX) fail('ERANGE');
  if (name.includes(0)) fail('EINVAL');
}

import type { Name } from '../../../backend.ts';
import { fail } from '../../../errno.ts';
import { checkEntryName, type DotErrors } from '../../../names.ts';

/** The directory beside the files that holds their metadata, a file for each of the same name. */
export const METADATA_DIRECTORY = '.virtfs_metadata';
/** The metadata of the exported directory itself, in it. */
export const METADATA_ROOT = '.virtfs_metadata_root';

const UNDERSCORE = 0x5f;

/**
 * Whether a name is kept from clients under `mapped-file`. Also what a file system that ignores case, or characters
 * that cannot be seen, would take for one of the two.
 */
export function isMetadataName(name: Name): boolean {
  // Almost every name ends here.
  if (name.length < METADATA_DIRECTORY.length || !name.includes(UNDERSCORE)) return false;
  const folded = Buffer.from(name)
    .toString('utf8')
    .normalize('NFKD')
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .toUpperCase()
    .toLowerCase();
  return folded === METADATA_DIRECTORY || folded === METADATA_ROOT;
}

/** As `checkEntryName`, and EINVAL for a name that is kept from clients. */
export function checkNoMetadata(name: Name): void {
  if (isMetadataName(name)) fail('EINVAL');
}

/** A name to make, move or remove under `mapped-file`. */
export function checkMappedName(name: Name, errors: DotErrors): void {
  checkEntryName(name, errors);
  checkNoMetadata(name);
}

import type { Stored } from './stored.ts';

/**
 * What a metadata file of `mapped-file` holds: lines of a name and a decimal number.
 *
 *     virtfs.uid=1000
 *     virtfs.gid=1000
 *     virtfs.mode=33188
 *
 * Lines nobody knows are passed over, by QEMU too. While a rename replaces a file, an entry holds both files' lines, each
 * part after a line with its inode number, so that whichever of the two the name means, it keeps its own attributes.
 *
 * @spec QEMU 9pfs, security_model=mapped-file
 */
const INODE = 'tsvmm.inode';

const FIELDS: Readonly<Record<string, (number: bigint) => Stored>> = {
  'virtfs.uid': (number) => ({ uid: asU32(number) }),
  'virtfs.gid': (number) => ({ gid: asU32(number) }),
  'virtfs.mode': (number) => ({ mode: asU32(number) }),
  'virtfs.rdev': (number) => ({ rdev: BigInt.asUintN(64, number) }),
};

/** QEMU prints ids as signed numbers. */
function asU32(number: bigint): number {
  return Number(BigInt.asUintN(32, number));
}

/** What the text says of inode `ino`; where it has parts and none is for that one, what its last part says. */
export function parseMetadata(text: string, ino: bigint): Stored {
  let stored: Stored = {};
  let found = false;
  for (const line of text.split('\n')) {
    const match = /^([a-z.]+)=(-?\d{1,20})$/.exec(line.trimEnd());
    if (match === null) continue;
    const [, name = '', digits = ''] = match;
    const number = BigInt(digits);
    if (name === INODE) {
      if (found) break;
      found = number === ino;
      stored = {};
    } else if (Object.hasOwn(FIELDS, name)) stored = { ...stored, ...FIELDS[name]?.(number) };
  }
  return stored;
}

/** The lines of one file, in QEMU's order. */
export function formatMetadata({ uid, gid, mode, rdev }: Stored): string {
  const lines = [
    ['virtfs.uid', uid],
    ['virtfs.gid', gid],
    ['virtfs.mode', mode],
    ['virtfs.rdev', rdev],
  ] as const;
  return lines.map(([name, number]) => (number === undefined ? '' : `${name}=${number}\n`)).join('');
}

/** The lines of two files, of which the name means one. QEMU would take the second. */
export function formatBoth(parts: readonly (readonly [ino: bigint, stored: Stored])[]): string {
  return parts.map(([ino, stored]) => `${INODE}=${ino}\n${formatMetadata(stored)}`).join('');
}

import { MODE } from './constants.ts';
import { DM, PERMISSIONS } from './plan9.ts';
import type { Version } from './versions.ts';

/** How modes of Linux and of one of the two older dialects translate. */
export interface ModeTable {
  /** File types by bit; a mode without any is a regular file's. */
  readonly types: readonly { readonly bit: number; readonly types: readonly number[] }[];
  /** Bits that stand for Linux's setuid, setgid and sticky. */
  readonly extras: readonly { readonly bit: number; readonly mode: number }[];
}

/** 9P2000 tells directories from files and knows nothing else. @spec Plan 9 stat(5) */
const PLAIN: ModeTable = {
  types: [{ bit: DM.DMDIR, types: [MODE.directory] }],
  extras: [],
};

/** @spec 9P2000.u: mode */
const UNIX: ModeTable = {
  types: [
    ...PLAIN.types,
    { bit: DM.DMSYMLINK, types: [MODE.symlink] },
    { bit: DM.DMDEVICE, types: [MODE.character, MODE.block] },
    { bit: DM.DMNAMEDPIPE, types: [MODE.fifo] },
    { bit: DM.DMSOCKET, types: [MODE.socket] },
  ],
  extras: [
    { bit: DM.DMSETUID, mode: 0o4000 },
    { bit: DM.DMSETGID, mode: 0o2000 },
    { bit: DM.DMSETVTX, mode: 0o1000 },
  ],
};

/** The table of 9P2000 or 9P2000.u. */
export function modeTable(version: PlainVersion): ModeTable {
  return version === '9P2000' ? PLAIN : UNIX;
}

/** The dialects that have stat and wstat. */
export type PlainVersion = Exclude<Version, '9P2000.L'>;

/** The bits of a Linux mode's file type. */
export function typeBits(table: ModeTable, mode: number): number {
  return table.types.find(({ types }) => types.includes(mode & MODE.type))?.bit ?? 0;
}

/** A Linux mode as the dialect has it. */
export function toPerm(table: ModeTable, mode: number): number {
  let perm = typeBits(table, mode) | (mode & PERMISSIONS);
  for (const { bit, mode: extra } of table.extras) if ((mode & extra) !== 0) perm |= bit;
  return perm >>> 0;
}

/** The permission bits of Linux in a mode of the dialect, setuid and its like among them where it has them. */
export function toPermissions(table: ModeTable, perm: number): number {
  let mode = perm & PERMISSIONS;
  for (const { bit, mode: extra } of table.extras) if ((perm & bit) !== 0) mode |= extra;
  return mode;
}

/** The bits of permission, setuid and its like that the dialect can tell of. */
export function knownPermissions(table: ModeTable): number {
  return table.extras.reduce((all, { mode }) => all | mode, PERMISSIONS);
}

/** The bits above the permissions, less what `toPermissions` understands: the type, and what no server here can do. */
export function otherBits(table: ModeTable, perm: number): number {
  const known = table.extras.reduce((all, { bit }) => all | bit, PERMISSIONS);
  return (perm & ~known) >>> 0;
}

import type { Credential } from '../../backend.ts';
import { MODE } from '../../constants.ts';
import { fail } from '../../errno.ts';
import { type Birth, FileInode, type Inode, SpecialInode } from './inode.ts';
import type { Volume } from './volume.ts';
import { inheritedAttributes } from './xattrs.ts';

const SETGID = 0o2000;
const UNCHANGED_ID = 0xffff_ffff;

/** Where something is made, and for whom. */
export interface Maker {
  readonly directory: Inode;
  readonly credential: Credential;
  readonly gid: number;
}

/**
 * Makes an object that has no name yet. Its owner is the attached user, or that of the root for one without a number; its
 * group is the one asked for, or that of a setgid directory, which a directory made in it becomes too.
 */
export function makeInode<T extends Inode>(
  { directory, credential, gid }: Maker,
  format: number,
  mode: number,
  make: (volume: Volume, birth: Birth) => T,
): T {
  const inherits = (directory.permissions & SETGID) !== 0;
  const permissions = (mode & MODE.permissions) | (inherits && format === MODE.directory ? SETGID : 0);
  return make(directory.volume, {
    permissions,
    uid: credential.uid ?? directory.volume.uid,
    gid: inherits ? directory.gid : gid === UNCHANGED_ID ? directory.volume.gid : gid,
    attributes: inheritedAttributes(directory, format, permissions),
  });
}

const DEVICES: readonly number[] = [MODE.character, MODE.block];
const NODES: readonly number[] = [...DEVICES, MODE.fifo, MODE.socket, MODE.file];

/** Fails with EINVAL for what mknod does not make, and for numbers Linux has no room for: majors have 12 bits, minors 20. */
export function requireDevice(mode: number, major: number, minor: number): void {
  if (!NODES.includes(mode & MODE.type) || major > 0xfff || minor > 0xf_ffff) fail('EINVAL');
}

/** Makes a device, a FIFO, a socket or an empty regular file, as the type bits of `mode` say. */
export function makeDevice(maker: Maker, mode: number, major: number, minor: number): Inode {
  const format = mode & MODE.type;
  if (format === MODE.file) return makeInode(maker, format, mode, (volume, birth) => new FileInode(volume, birth));
  const rdev = DEVICES.includes(format) ? deviceNumber(major, minor) : 0n;
  return makeInode(maker, format, mode, (volume, birth) => new SpecialInode(volume, birth, format, rdev));
}

/** @spec glibc makedev(3) */
function deviceNumber(major: number, minor: number): bigint {
  return (BigInt(minor & 0xfff00) << 12n) | BigInt((major << 8) | (minor & 0xff));
}

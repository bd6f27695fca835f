import { AT, Dirents, type Hostfs, O, STATX, Statfs, Statx } from 'node-hostfs';

/**
 * What tells a file system from others and is the same after the host has restarted, in this order:
 *
 * 1. statfs's f_fsid, where the file system has one of its own, from its UUID (ext4, btrfs, overlayfs, tmpfs); not where that
 *    is but the device number (xfs, vfat, all of 9p, proc), which depends on what else was found at boot;
 * 2. the UUID by which udev names its block device in /dev/disk/by-uuid;
 * 3. its type and source in /proc/self/mountinfo: `nfs4 server:/export`.
 */

const BY_UUID = Buffer.from('/dev/disk/by-uuid');
const MOUNTINFO = Buffer.from('/proc/self/mountinfo');
const MOUNTINFO_BYTES = 1 << 20;

/** The device that something is on. */
interface OnDevice {
  readonly devMajor: number;
  readonly devMinor: number;
}

/** The identification, or undefined where there is nothing but the device number. */
export function fileSystemId(hostfs: Hostfs, fd: number, { devMajor, devMinor }: OnDevice): string | undefined {
  return (
    ownId(hostfs, fd, devMajor, devMinor) ??
    blockDeviceId(hostfs, devMajor, devMinor) ??
    mountId(hostfs, devMajor, devMinor)
  );
}

function ownId(hostfs: Hostfs, fd: number, major: number, minor: number): string | undefined {
  const status = new Statfs();
  if (hostfs.fstatfs(fd, status.bytes) < 0) return undefined;
  const { fsid, type } = status;
  return fsid === 0n || fsid === encodedDevice(major, minor) ? undefined : `fsid ${type} ${fsid}`;
}

/** A device number as file systems without a UUID give it for f_fsid. @spec Linux kdev_t.h: new_encode_dev */
function encodedDevice(major: number, minor: number): bigint {
  return BigInt(((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0);
}

function blockDeviceId(hostfs: Hostfs, major: number, minor: number): string | undefined {
  if (major === 0) return undefined;
  const directory = hostfs.openat(AT.FDCWD, BY_UUID, O.RDONLY | O.DIRECTORY, 0);
  if (directory < 0) return undefined;
  try {
    const dirents = new Dirents(8192);
    const stat = new Statx();
    for (;;) {
      const length = hostfs.getdents64(directory, dirents.bytes);
      if (length <= 0) return undefined;
      dirents.fill(length);
      while (dirents.next()) {
        // The links are udev's: they lead to devices.
        if (hostfs.statx(directory, dirents.name, 0, STATX.TYPE, stat.bytes) < 0) continue;
        if (stat.rdevMajor === major && stat.rdevMinor === minor) return `uuid ${Buffer.from(dirents.name).toString()}`;
      }
    }
  } finally {
    hostfs.close(directory);
  }
}

/** @spec Linux proc(5), /proc/pid/mountinfo: the third field, and two after the lone hyphen */
function mountId(hostfs: Hostfs, major: number, minor: number): string | undefined {
  const fd = hostfs.openat(AT.FDCWD, MOUNTINFO, O.RDONLY, 0);
  if (fd < 0) return undefined;
  try {
    const bytes = Buffer.alloc(MOUNTINFO_BYTES);
    let length = 0;
    for (let got = 1; got > 0 && length < bytes.length; length += Math.max(got, 0)) {
      got = hostfs.preadv2(fd, bytes.subarray(length), length, 0);
    }
    for (const line of bytes.toString('latin1', 0, length).split('\n')) {
      const match = /^\d+ \d+ (\d+):(\d+) .* - (\S+) (\S+)/.exec(line);
      if (Number(match?.[1]) === major && Number(match?.[2]) === minor) return `mount ${match?.[3]} ${match?.[4]}`;
    }
    return undefined;
  } finally {
    hostfs.close(fd);
  }
}

import { AT, E, errnoName, type Hostfs, LOCK_TYPE, O, S, SEEK, STATX, Statx } from 'node-hostfs';
import { SECTOR } from '../../devices/virtio/block-store.ts';
import type { ImageDisk } from '../config.ts';
import { UsageError } from '../usage-error.ts';

/** A disk image that is open, and locked against whoever else would write to it. */
export interface ImageFile {
  readonly fd: number;
  /** Bytes: a multiple of 512, at least one. */
  readonly length: number;
}

/** Images that are not raw, by the bytes they begin with. @spec QEMU qcow2 and vmdk formats; VDI and VHDX headers */
const FORMATS: readonly { readonly name: string; readonly magic: string }[] = [
  { name: 'qcow2', magic: 'QFI\u00fb' },
  { name: 'vmdk', magic: 'KDMV' },
  { name: 'vhdx', magic: 'vhdxfile' },
  { name: 'vdi', magic: '<<< ' },
];
const MAGIC_BYTES = 8;

const NO_IMAGE: Readonly<Record<number, string>> = {
  [S.IFDIR]: 'is a directory',
  [S.IFIFO]: 'is a FIFO',
  [S.IFSOCK]: 'is a socket',
  [S.IFCHR]: 'is a character device',
};

/**
 * Opens a raw image or a block device. Nothing but these is opened for I/O: no FIFO blocks, no device wakes.
 *
 * @throws UsageError, one line, for what cannot be a disk
 */
export function openImage(hostfs: Hostfs, { path, readonly = false, format }: ImageDisk): ImageFile {
  const refuse = (line: string): never => {
    throw new UsageError(`disk ${path}: ${line}`);
  };
  if (path.includes('\0')) refuse('the path holds a NUL byte; leave it out');
  const found = hostfs.openat(AT.FDCWD, Buffer.from(path), O.PATH, 0);
  if (found < 0) refuse(refusal(-found, readonly));
  let fd = -1;
  try {
    const stat = new Statx();
    hostfs.statx(found, new Uint8Array(0), AT.EMPTY_PATH, STATX.BASIC_STATS, stat.bytes);
    const wrong = NO_IMAGE[stat.mode & S.IFMT];
    if (wrong !== undefined) refuse(`${wrong}; name an image file or a block device`);
    fd = hostfs.reopen(found, readonly ? O.RDONLY : O.RDWR);
    if (fd < 0) refuse(refusal(-fd, readonly));
    const length = hostfs.lseek(fd, 0, SEEK.END);
    if (length < 0) refuse(`its size cannot be told (${errnoName(-length)}); name an image file or a block device`);
    if (length === 0) refuse('is empty; give it a size with truncate -s 1G, for instance');
    if (length % SECTOR !== 0) {
      refuse(`has ${length} bytes, no multiple of ${SECTOR}; round it up with truncate -s %${SECTOR}`);
    }
    const other = format === 'raw' ? undefined : formatOf(hostfs, fd);
    if (other !== undefined) {
      refuse(
        `is a ${other} image; convert it with qemu-img convert -O raw, or say that it is what it looks like with format=raw`,
      );
    }
    if (hostfs.ofdSetLock(fd, readonly ? LOCK_TYPE.RDLCK : LOCK_TYPE.WRLCK, 0, 0) === -E.AGAIN) {
      refuse(
        `is in use by another machine or disk; ${readonly ? 'end that first' : 'end that first, or add readonly=on to both'}`,
      );
    }
    return { fd, length };
  } catch (error) {
    if (fd >= 0) hostfs.close(fd);
    throw error;
  } finally {
    hostfs.close(found);
  }
}

function formatOf(hostfs: Hostfs, fd: number): string | undefined {
  const head = Buffer.alloc(MAGIC_BYTES);
  hostfs.preadv2(fd, head, 0, 0);
  const text = head.toString('latin1');
  return FORMATS.find(({ magic }) => text.startsWith(magic))?.name;
}

function refusal(errno: number, readonly: boolean): string {
  switch (errno) {
    case E.NOENT:
      return 'does not exist; make it with truncate -s 1G, for instance, or correct the path';
    case E.ACCES:
    case E.PERM:
      return readonly
        ? 'cannot be read by this user; change its permissions'
        : 'cannot be written by this user; change its permissions, or add readonly=on';
    case E.ROFS:
      return 'is on a read-only file system; add readonly=on';
    default:
      return `cannot be opened (${errnoName(errno)}); correct the path`;
  }
}

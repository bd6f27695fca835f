import type { ImageDisk } from '../config.ts';
import { UsageError } from '../usage-error.ts';
import { splitOptionString } from './option-string.ts';
import { readPairs } from './option-table.ts';
import { identifier, integer, oneOf, onOff, text } from './value-type.ts';

/** Words of QEMU's for how the host keeps what is written, and what they come to here. @spec QEMU invocation, -drive cache= */
const CACHES = {
  writeback: 'writeback',
  none: 'writeback',
  writethrough: 'writethrough',
  directsync: 'writethrough',
  unsafe: 'unsafe',
} as const;

/** The keys of `--drive`. @spec QEMU invocation, -drive */
export const DRIVE = {
  file: { type: text('FILE'), doc: 'raw image, or block device of this host', required: true },
  if: {
    type: oneOf('virtio', 'none', 'ide', 'scsi', 'sd', 'floppy', 'pflash'),
    doc: 'virtio: a disk of its own (default); none: the half of a --device with drive=ID',
    notYet: ['ide', 'scsi', 'sd', 'floppy', 'pflash'],
    instead: 'use virtio',
  },
  id: { type: identifier, doc: 'name of the disk, which if=none needs' },
  readonly: { type: onOff, doc: 'the guest cannot change anything (default off)' },
  format: {
    type: oneOf('raw', 'qcow2', 'qcow', 'vmdk', 'vdi', 'vhdx', 'vpc'),
    doc: 'raw: not even looked at for other formats',
    notYet: ['qcow2', 'qcow', 'vmdk', 'vdi', 'vhdx', 'vpc'],
    instead: 'convert the image with qemu-img convert -O raw',
  },
  media: {
    type: oneOf('disk', 'cdrom'),
    doc: 'what it is to the guest',
    notYet: ['cdrom'],
    instead: 'use disk with readonly=on',
  },
  cache: {
    type: oneOf('writeback', 'writethrough', 'none', 'directsync', 'unsafe'),
    doc: 'when a write is safe: once flushed (writeback, none), once completed (writethrough, directsync), or never',
  },
  discard: {
    type: oneOf('unmap', 'ignore', 'on', 'off'),
    doc: 'give storage back that the guest discards (default unmap)',
  },
  aio: { type: oneOf('threads', 'native', 'io_uring'), doc: 'accepted: I/O is done by threads in any case' },
  index: { type: integer(0, 31), doc: 'number of the disk', notYet: true },
  snapshot: {
    type: onOff,
    doc: 'throw away what is written',
    notYet: ['on'],
    instead: 'work on a copy: cp --reflink=auto',
  },
} as const;

/** What `--drive` describes. */
export interface DriveOption {
  /** False for the half of a disk that a `--device` completes. */
  readonly whole: boolean;
  readonly disk: ImageDisk;
}

/** Reads the value of `--drive`. Throws UsageError. */
export function parseDrive(string: string): DriveOption {
  const values = readPairs(DRIVE, splitOptionString(string), {
    option: '--drive',
    elsewhere: (key) => (key === 'serial' ? 'serial belongs to the --device with drive=ID' : undefined),
  });
  const { file, if: where, id, readonly, format, cache, discard } = values;
  if (where === 'none' && id === undefined) {
    throw new UsageError('--drive: if=none needs a name; add id=ID, and --device virtio-blk-pci,drive=ID');
  }
  const disk: ImageDisk = {
    kind: 'disk',
    path: file,
    ...(id === undefined ? {} : { id }),
    ...(readonly === undefined ? {} : { readonly }),
    ...(format === undefined ? {} : { format }),
    ...(cache === undefined ? {} : { cache: CACHES[cache] }),
    ...(discard === undefined ? {} : { discard: discard === 'unmap' || discard === 'on' ? 'unmap' : 'ignore' }),
  };
  return { whole: where !== 'none', disk };
}

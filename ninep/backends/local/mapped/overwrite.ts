import type { Hostfs } from 'node-hostfs';
import { fail } from '../../../errno.ts';
import { check } from '../check.ts';
import type { MetadataFile } from './metadata-files.ts';

/**
 * Changing a metadata file where it is, for those that hard links share: a new file in its place would part them. What is
 * written is one sector, all of which the file has had before, so that a disk writes all of it or nothing. A file that is
 * shorter first grows by empty lines, which must be on the disk before the rest is written.
 */

/** What disks write in one piece, in bytes. */
const SECTOR = 512;

/** Writes the whole text at once; or, with a promise, only makes room for it, and is to be called again after that. */
export function overwrite(hostfs: Hostfs, file: MetadataFile, text: string): Promise<void> | undefined {
  const { fd, size, links } = file;
  if (size < SECTOR && links > 0) {
    write(hostfs, fd, '\n'.repeat(SECTOR - size), size);
    return hostfs.fdatasyncAsync(fd).then((result) => void check(result));
  }
  write(hostfs, fd, text.padEnd(Math.max(size, SECTOR), '\n'), 0);
  return undefined;
}

function write(hostfs: Hostfs, fd: number, text: string, offset: number): void {
  if (check(hostfs.pwritev2(fd, Buffer.from(text), offset, 0)) !== text.length) fail('EIO');
}

/** Kernels and initrds as files of the host. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { loadHostfs } from 'node-hostfs';
import { BootError } from './boot-error.ts';
import { type KernelBits, type LinuxImage, openLinuxImage } from './linux-image.ts';
import { unpack } from './unpack.ts';

/** The largest file that is read, in bytes: what an initrd can fill of the memory it may be in. */
const MOST_BYTES = 2 * 1024 * 1024 * 1024 - 1;

/** Bytes of a huge page on x86. */
const HUGE_PAGE = 2 * 1024 * 1024;

/** What an errno of the host means for somebody who gave a path. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'a part of the path is not a directory',
  EACCES: 'you may not read it: change its permissions or copy it',
  EPERM: 'you may not read it',
  ELOOP: 'its symbolic links form a loop',
  ENAMETOOLONG: 'the path is too long',
};

/**
 * Reads and opens a kernel, unpacking it if it is packed. `bits` is what the machine can run.
 *
 * Rejects with BootError; the message begins with the path.
 */
export async function readKernelFile(path: string, bits: KernelBits = 64): Promise<LinuxImage> {
  const bytes = await readWhole('kernel', path);
  try {
    return await openLinuxImage(bytes, unpack, bits);
  } catch (error) {
    if (!(error instanceof BootError)) throw error;
    throw new BootError(error.fault, `kernel ${path}: ${error.message}`, { cause: error });
  }
}

/**
 * Reads an initrd as it is: the kernel unpacks it.
 *
 * Rejects with BootError; the message begins with the path.
 */
export async function readInitrdFile(path: string): Promise<Uint8Array> {
  const bytes = await readWhole('initrd', path);
  if (bytes.length === 0) throw new BootError('unreadable', `initrd ${path}: the file is empty: leave --initrd out`);
  return bytes;
}

async function readWhole(role: 'kernel' | 'initrd', path: string): Promise<Uint8Array> {
  let file: FileHandle | undefined;
  try {
    // A named pipe would otherwise wait for somebody to write into it.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = await file.stat();
    if (stat.isDirectory())
      throw new BootError('unreadable', `${role} ${path}: this is a directory: give a file in it`);
    if (!stat.isFile())
      throw new BootError('unreadable', `${role} ${path}: this is not a regular file: copy it into one`);
    if (stat.size > MOST_BYTES) {
      throw new BootError(
        'unreadable',
        `${role} ${path}: the file has ${stat.size} bytes, too many to load: give another`,
      );
    }
    return await readInto(roomFor(stat.size), file);
  } catch (error) {
    if (error instanceof BootError) throw error;
    throw new BootError('unreadable', `${role} ${path}: ${reason(error)}`, { cause: error });
  } finally {
    await file?.close();
  }
}

/** Memory for a file. What is larger than a huge page gets some: touching page by page takes longer than reading. */
function roomFor(size: number): Uint8Array {
  const room = Buffer.allocUnsafeSlow(size);
  if (size > HUGE_PAGE) loadHostfs().hugePages(room);
  return room;
}

/** Fills `room` from the start of the file; of one that has become shorter it is as much as there is. */
async function readInto(room: Uint8Array, file: FileHandle): Promise<Uint8Array> {
  let length = 0;
  while (length < room.length) {
    const { bytesRead } = await file.read(room, length, room.length - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return room.subarray(0, length);
}

function reason(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  return REASONS[code] ?? String(error);
}

/** A directory for one test file on the real file system, and what tests ask of it. Not part of the package. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { O } from './constants.ts';
import { loadHostfs } from './load.ts';

/** Text as name bytes. */
export function bytes(text: string): Uint8Array {
  return Buffer.from(text);
}

/** The empty name, by which the `*at` calls mean the descriptor itself. */
export const NO_NAME = new Uint8Array(0);

/** How many descriptors this process has open now. */
export function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

/** A fresh directory: its path, an O_PATH descriptor of it, and `remove`, which closes the one and deletes the other. */
export interface ScratchDirectory {
  readonly path: string;
  readonly fd: number;
  remove(): void;
}

/** Makes a scratch directory under the system's temporary directory. */
export function scratchDirectory(): ScratchDirectory {
  const hostfs = loadHostfs();
  const path = mkdtempSync(join(tmpdir(), 'hostfs-'));
  const fd = hostfs.openat(-100, bytes(path), O.PATH | O.DIRECTORY, 0);
  if (fd < 0) throw new Error(`cannot open ${path}: ${fd}`);
  return {
    path,
    fd,
    remove() {
      hostfs.close(fd);
      rmSync(path, { recursive: true, force: true });
    },
  };
}

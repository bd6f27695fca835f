/** The files that guests and bare system calls work on. */
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Bytes of `file` and `scratch`, as the bench guest and bare.h know them. */
const FILE_BYTES = 16 << 20;

/** Makes a directory with `file`, `scratch`, and for each number of entries a directory `many-N` of so many empty files. */
export function makeShare(path: string, listings: readonly number[]): void {
  mkdirSync(path, { recursive: true });
  for (const name of ['file', 'scratch']) writeFileSync(join(path, name), Buffer.alloc(FILE_BYTES, name));
  for (const entries of listings) {
    const directory = join(path, `many-${entries}`);
    mkdirSync(directory);
    for (let i = 0; i < entries; i++) closeSync(openSync(`${directory}/entry-${i}`, 'wx'));
  }
}

/** A share with a file that answers late, as one of a hung or throttled file system does: a thread of the pool waits in its read. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, openSync, readlinkSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { E, type Hostfs, type Int64 } from 'node-hostfs';
import { UNCACHED } from './operations.ts';

/** How often a read of the slow file is let go. */
const EVERY_MS = 20;

/** A FIFO that gets a byte now and then; returns a descriptor whose reads wait for it. */
export function slowFifo(): number {
  const folder = mkdtempSync(join(tmpdir(), 'tsvmm-bench-slow-'));
  const path = join(folder, 'fifo');
  execFileSync('mkfifo', [path]);
  const fifo = openSync(path, 'r+');
  rmSync(folder, { recursive: true });
  const byte = new Uint8Array(1);
  setInterval(() => void writeSync(fifo, byte), EVERY_MS).unref();
  return fifo;
}

/** The host's calls, but that reads of `slow` wait for `fifo`, and that no page cache knows of a file what is behind `UNCACHED`. */
export function withSlowFile(real: Hostfs, fifo: number): Hostfs {
  const slow = new Map<number, boolean>();
  const isSlow = (fd: number): boolean => {
    const known = slow.get(fd) ?? readlinkSync(`/proc/self/fd/${fd}`).endsWith('/slow');
    slow.set(fd, known);
    return known;
  };
  const isCached = (fd: number, offset: Int64) => !isSlow(fd) && offset < UNCACHED;
  return {
    ...real,
    pread: (fd, into, from, to, offset, flags) =>
      isCached(fd, offset) ? real.pread(fd, into, from, to, offset, flags) : -E.AGAIN,
    preadv2: (fd, buffers, offset, flags) =>
      isCached(fd, offset) ? real.preadv2(fd, buffers, offset, flags) : -E.AGAIN,
    preadv2Async: (fd, buffers, offset, flags) =>
      isSlow(fd) ? real.preadv2Async(fifo, buffers, -1, 0) : real.preadv2Async(fd, buffers, offset, flags),
  };
}

import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { AT, O } from 'node-hostfs';
import { hostfs, must, whole } from './system-calls.ts';

const SET_BY_HAND_NS = 1_000_000_000n * 1_000_000_000n;
/** Files beyond are holes nearly all through; their first bytes tell. */
const READ_WHOLE = 1n << 24n;

/** Everything in a directory of the host, by path: what `stat`, `cat`, `readlink` and `getfattr` say, and which names are one file. */
export function hostTree(root: string): string[] {
  const lines: string[] = [];
  const numbers = new Map<bigint, number>();
  const visit = (path: Buffer): void => {
    const s = lstatSync(path, { bigint: true });
    if (!numbers.has(s.ino)) numbers.set(s.ino, numbers.size);
    const size = s.isDirectory() ? 'directory' : s.size;
    const mtime = s.mtimeNs > SET_BY_HAND_NS ? 'clock' : s.mtimeNs;
    const shown = path.toString('latin1').slice(root.length);
    const parts = [shown, numbers.get(s.ino), s.mode.toString(8), s.uid, s.gid, s.nlink, s.rdev, size, mtime];
    lines.push([...parts, contentOf(path, s), ...attributesOf(path)].join(' '));
    if (!s.isDirectory()) return;
    const names = readdirSync(path, { encoding: 'buffer' }).sort(Buffer.compare);
    for (const name of names) visit(Buffer.concat([path, Buffer.from('/'), name]));
  };
  visit(Buffer.from(root));
  return lines;
}

function contentOf(path: Buffer, stat: { isFile(): boolean; isSymbolicLink(): boolean; size: bigint }): string {
  if (stat.isSymbolicLink()) return `-> ${readlinkSync(path, { encoding: 'latin1' })}`;
  if (!stat.isFile()) return '';
  const hash = createHash('sha256');
  if (stat.size <= READ_WHOLE) return hash.update(readFileSync(path)).digest('hex');
  const fd = must(hostfs.openat(AT.FDCWD, path, O.RDONLY, 0));
  const start = new Uint8Array(1 << 20);
  try {
    must(hostfs.preadv2(fd, start, 0, 0));
  } finally {
    hostfs.close(fd);
  }
  return `${hash.update(start).digest('hex')} at its start`;
}

function attributesOf(path: Buffer): string[] {
  const fd = must(hostfs.openat(AT.FDCWD, path, O.PATH | O.NOFOLLOW, 0));
  try {
    const names = Buffer.from(whole((out) => hostfs.listxattr(fd, out)))
      .toString('latin1')
      .split('\0');
    return names
      .filter((name) => name !== '')
      .sort()
      .map(
        (name) =>
          `${name}=${Buffer.from(whole((out) => hostfs.getxattr(fd, Buffer.from(name, 'latin1'), out))).toString('hex')}`,
      );
  } finally {
    hostfs.close(fd);
  }
}

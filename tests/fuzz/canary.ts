import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a client must never read. */
export const SECRET = Buffer.from('canary: no client of the share may ever see this');

/**
 * A tree beside a share that nobody in it may reach: a file, a directory, a link, and a directory whose name begins as
 * the share's does.
 */
export class Canary {
  private readonly roots: readonly string[];
  private readonly before: string;
  /** Inode numbers of everything in it. */
  readonly inodes = new Set<bigint>();

  constructor(around: string, share: string) {
    this.roots = [join(around, 'outside'), `${share}-not`];
    for (const root of this.roots) {
      mkdirSync(join(root, 'dir'), { recursive: true });
      writeFileSync(join(root, 'secret'), SECRET);
      writeFileSync(join(root, 'dir', 'a'), SECRET);
      symlinkSync('secret', join(root, 'link'));
    }
    this.before = this.describe();
  }

  /** Ways to it that a client may try as targets of symbolic links. */
  get targets(): string[] {
    return this.roots.flatMap((root) => [root, join(root, 'secret'), join('..', root.split('/').pop() ?? '', 'dir')]);
  }

  /** What has changed, or undefined. */
  changed(): string | undefined {
    const now = this.describe();
    return now === this.before ? undefined : `outside the share was\n${this.before}\nand is now\n${now}`;
  }

  private describe(): string {
    const lines: string[] = [];
    const visit = (path: string): void => {
      const stat = lstatSync(path, { bigint: true });
      this.inodes.add(stat.ino);
      const { ino, mode, nlink, uid, gid, rdev, size, mtimeNs, ctimeNs } = stat;
      let content = '';
      if (stat.isFile()) content = readFileSync(path, 'latin1');
      if (stat.isSymbolicLink()) content = readlinkSync(path);
      lines.push([path, ino, mode, nlink, uid, gid, rdev, size, mtimeNs, ctimeNs, content].join(' '));
      if (stat.isDirectory()) for (const name of readdirSync(path).sort()) visit(join(path, name));
    };
    for (const root of this.roots) visit(root);
    return lines.join('\n');
  }
}

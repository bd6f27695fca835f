import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Who makes a file system out of a directory without being root; from Debian's e2fsprogs. */
const MKE2FS = ['/usr/sbin/mke2fs', '/sbin/mke2fs', '/usr/bin/mke2fs'].find((path) => existsSync(path));

/** Why no disk image can be made here, or undefined where it can. */
export const withoutMke2fs = MKE2FS === undefined ? 'there is no mke2fs; apt-get install e2fsprogs' : undefined;

/** Makes an ext4 image of `size`, such as 24M, at `image` with the files of `directory`. */
export function makeImage(image: string, directory: string, size: string): void {
  if (MKE2FS === undefined) throw new Error(withoutMke2fs);
  execFileSync(MKE2FS, ['-q', '-t', 'ext4', '-d', directory, image, size], { stdio: ['ignore', 'ignore', 'inherit'] });
}

/**
 * Makes a small system at `directory` out of the fixture root: busybox by the names in `applets`, and our init. The fixture
 * has a hard link for each of a thousand names, which no mke2fs keeps.
 */
export function makeSystem(directory: string, fixtureRoot: string, applets: readonly string[]): void {
  for (const name of ['bin', 'dev', 'mnt', 'proc', 'root', 'run', 'sys', 'tmp']) {
    mkdirSync(join(directory, name), { recursive: true });
  }
  for (const name of ['bin/busybox', '.tsvmm', 'etc']) {
    cpSync(join(fixtureRoot, name), join(directory, name), { recursive: true });
  }
  for (const applet of applets) symlinkSync('busybox', join(directory, 'bin', applet));
}

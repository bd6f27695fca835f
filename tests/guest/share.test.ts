import { createHash } from 'node:crypto';
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { bootOnce, describeGuest, GUEST_TIMEOUT_MS, scratchDirectory } from '../support/guest.ts';

const sha256 = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

/** Bytes that compress badly and differ at every page. */
function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = 0x9e3779b9;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

describeGuest('a guest over a shared host directory', (accel) => {
  const host = scratchDirectory();
  const inHost = (...names: string[]) => join(host, ...names);
  const guest = bootOnce(() => ({ accel, shares: [{ path: host, mountTag: 'host', securityModel: 'passthrough' }] }));
  const onBoth = (name: string, run: () => Promise<void>) => test(name, run, GUEST_TIMEOUT_MS);
  /** What no accelerator can make a difference to: the guest's kernel and the device are the same under KVM, where it is slow. */
  const cases = accel === 'software' ? onBoth : () => {};

  /** Runs a script in the share; anything but a clean success fails the test with what the script said. */
  const inShare = async (script: string): Promise<string> => {
    const { status, stdout, stderr } = await guest.sh(`set -e; cd /mnt/host; ${script}`);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout;
  };

  onBoth('lists and reads what the host wrote', async () => {
    mkdirSync(inHost('listing', 'sub'), { recursive: true });
    writeFileSync(inHost('listing', 'a'), 'alpha\n');
    writeFileSync(inHost('listing', 'b'), noise(70_000));
    expect(await inShare('ls -a listing; cat listing/a')).toBe('.\n..\na\nb\nsub\nalpha\n');
    expect(await inShare('sha256sum listing/b')).toBe(`${sha256(inHost('listing', 'b'))}  listing/b\n`);
  });

  onBoth('writes, appends and truncates', async () => {
    await inShare('echo one > w; echo two >> w');
    expect(readFileSync(inHost('w'), 'utf8')).toBe('one\ntwo\n');
    await inShare('truncate -s 3 w');
    expect(readFileSync(inHost('w'), 'utf8')).toBe('one');
    await inShare('truncate -s 5 w');
    expect([...readFileSync(inHost('w'))]).toEqual([0x6f, 0x6e, 0x65, 0, 0]);
  });

  cases('renames across directories, over an existing file too', async () => {
    await inShare('mkdir from to; echo x > from/f; echo y > to/g; mv from/f to/f; mv -f to/f to/g');
    expect(readdirSync(inHost('from'))).toEqual([]);
    expect(readFileSync(inHost('to', 'g'), 'utf8')).toBe('x\n');
  });

  cases('makes hard links and symbolic links', async () => {
    await inShare('echo l > linked; ln linked hard; ln -s linked soft; ln -s /nowhere/at/all dangling');
    expect(lstatSync(inHost('hard')).ino).toBe(lstatSync(inHost('linked')).ino);
    expect(readlinkSync(inHost('soft'))).toBe('linked');
    expect(readlinkSync(inHost('dangling'))).toBe('/nowhere/at/all');
    expect(await inShare('cat soft; readlink dangling; stat -c %h linked')).toBe('l\n/nowhere/at/all\n2\n');
  });

  cases('makes device nodes as the passthrough model says', async () => {
    await inShare('mknod pipe p; mknod null c 1 3');
    expect(lstatSync(inHost('pipe')).isFIFO()).toBe(true);
    expect(lstatSync(inHost('null')).isCharacterDevice()).toBe(true);
    expect(lstatSync(inHost('null')).rdev).toBe(0x103);
    expect(await inShare('stat -c %t:%T null')).toBe('1:3\n');
  });

  cases('changes modes, owners and times', async () => {
    await inShare("echo a > attr; chmod 4751 attr; chown 12:34 attr; touch -d '2001-02-03 04:05:06' attr");
    const { mode, uid, gid, mtimeMs } = statSync(inHost('attr'));
    expect({ mode: mode & 0o7777, uid, gid }).toEqual({ mode: 0o751, uid: 12, gid: 34 });
    expect(mtimeMs).toBe(Date.UTC(2001, 1, 3, 4, 5, 6));
  });

  cases('goes on reading and writing a file that was unlinked while open', async () => {
    const script =
      'echo before > gone; exec 3<> gone; rm gone; test ! -e gone; cat <&3; echo after >&3; stat -L -c %s /proc/self/fd/3';
    expect(await inShare(script)).toBe('before\n13\n');
  });

  cases('tells the file system status of the host', async () => {
    expect(await inShare('stat -f -c "%T %l" .')).toMatch(/^\S+ 255\n$/);
  });

  cases('keeps a sparse file of 1 GiB sparse', async () => {
    await inShare('truncate -s 1G sparse; printf end | dd of=sparse bs=1 seek=1073741821 conv=notrunc 2>/dev/null');
    const { size, blocks } = statSync(inHost('sparse'));
    expect(size).toBe(2 ** 30);
    expect(blocks * 512).toBeLessThan(2 ** 20);
    expect(await inShare('tail -c 3 sparse')).toBe('end');
  });

  cases('takes names of 255 bytes and in UTF-8, and no longer ones', async () => {
    const long = 'x'.repeat(255);
    const greek = 'Ωμέγα ☃ "quote" $dollar';
    writeFileSync(inHost(greek), 'snow');
    await inShare(`echo 1 > ${long}`);
    expect(readFileSync(inHost(long), 'utf8')).toBe('1\n');
    expect(await inShare(`cat '${greek}'`)).toBe('snow');
    const tooLong = await guest.sh(`echo 1 > /mnt/host/${'x'.repeat(256)}`);
    expect(tooLong.status).not.toBe(0);
    expect(tooLong.stderr).toContain('File name too long');
  });

  onBoth('unpacks a tar to the same bytes as the host', async () => {
    const tree = inHost('tar-source', 'deep', 'er');
    mkdirSync(tree, { recursive: true });
    for (let i = 0; i < 12; i++) writeFileSync(join(tree, `f${i}`), noise(1 + i * 4099));
    chmodSync(join(tree, 'f3'), 0o640);
    await inShare('tar cf tree.tar tar-source; mkdir unpacked; tar xf tree.tar -C unpacked');
    for (let i = 0; i < 12; i++) {
      const copy = inHost('unpacked', 'tar-source', 'deep', 'er', `f${i}`);
      expect(sha256(copy)).toBe(sha256(join(tree, `f${i}`)));
      expect(statSync(copy).mode).toBe(statSync(join(tree, `f${i}`)).mode);
    }
  });

  cases('copies a tree there and back with cp -a, equal in bytes, modes, times and links', async () => {
    const tree = inHost('copy-source');
    mkdirSync(join(tree, 'dir'), { recursive: true });
    writeFileSync(join(tree, 'dir', 'file'), noise(20_000), { mode: 0o604 });
    linkSync(join(tree, 'dir', 'file'), join(tree, 'hard'));
    symlinkSync('dir/file', join(tree, 'soft'));
    await inShare('cp -a copy-source /tmp/there; cp -a /tmp/there copy-back');
    const describe = (root: string) =>
      ['dir/file', 'hard', 'soft'].map((name) => {
        const { mode, size, mtimeMs, nlink } = lstatSync(join(root, name));
        // busybox leaves the times of symbolic links alone.
        return { name, mode, size, nlink, mtime: name === 'soft' ? undefined : Math.floor(mtimeMs / 1000) };
      });
    expect(describe(inHost('copy-back'))).toEqual(describe(tree));
    expect(sha256(inHost('copy-back', 'hard'))).toBe(sha256(join(tree, 'hard')));
  });

  cases('sees what the host changes meanwhile, and the other way round', async () => {
    writeFileSync(inHost('shared'), 'first\n');
    expect(await inShare('cat shared')).toBe('first\n');
    writeFileSync(inHost('shared'), 'second, and longer\n');
    expect(await inShare('cat shared; ls')).toContain('second, and longer\n');
    await inShare('echo third > shared');
    expect(readFileSync(inHost('shared'), 'utf8')).toBe('third\n');
  });
});

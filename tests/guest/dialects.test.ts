import {
  chmodSync,
  existsSync,
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

/** What Linux calls them in `version=`. */
const MOUNTED = ['9p2000.u', '9p2000'] as const;

describeGuest(
  'a guest that mounts in an older dialect',
  (accel) => {
    const host = scratchDirectory();
    const inHost = (...names: string[]) => join(host, ...names);
    const guest = bootOnce(() => ({
      accel,
      shares: [{ path: host, mountTag: 'host', securityModel: 'passthrough', mountAt: false }],
    }));

    /** Runs a script in a directory of its own on the share; anything but a clean success fails the test with what it said. */
    const mounted = (version: string, msize = 65_536) => {
      let number = 0;
      return async (script: string): Promise<string> => {
        const at = `/tmp/${version}-${msize}-${number++}`;
        const options = `trans=virtio,version=${version},msize=${msize}`;
        const mount = `set -e; mkdir -p ${at}; mount -t 9p -o ${options} host ${at}; mkdir -p ${at}/${version}; cd ${at}/${version}`;
        const { status, stdout, stderr } = await guest.sh(`${mount}; ${script}; cd /; umount ${at}`);
        expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
        return stdout;
      };
    };

    for (const version of MOUNTED) {
      const run = mounted(version);
      const inShare = (...names: string[]) => inHost(version, ...names);
      const check = (name: string, body: () => Promise<void>) => test(`${version} ${name}`, body, GUEST_TIMEOUT_MS);

      check('is what the kernel speaks', async () => {
        const shown = version === '9p2000' ? 'noextend' : `version=${version}`;
        expect(await run('grep " 9p " /proc/mounts | tail -1')).toContain(shown);
      });

      check('lists, reads and writes', async () => {
        mkdirSync(inShare('listing', 'sub'), { recursive: true });
        writeFileSync(inShare('listing', 'a'), 'alpha\n');
        expect(await run('ls listing; cat listing/a; echo beta > listing/b; echo gamma >> listing/b')).toBe(
          'a\nsub\nalpha\n',
        );
        expect(readFileSync(inShare('listing', 'b'), 'utf8')).toBe('beta\ngamma\n');
      });

      check('lists 400 names in messages of 4096 bytes, and removes them', async () => {
        mkdirSync(inShare('many'), { recursive: true });
        for (let i = 0; i < 400; i++) writeFileSync(inShare('many', `name-${i}`), '');
        const small = mounted(version, 4096);
        expect(await small('ls many | sort | uniq | wc -l; rm -r many')).toBe('400\n');
        expect(existsSync(inShare('many'))).toBe(false);
      });

      check('copies a megabyte there and back', async () => {
        await run(
          'dd if=/dev/urandom of=/tmp/noise bs=64k count=16 2>/dev/null; cp /tmp/noise copy; cmp /tmp/noise copy',
        );
        expect(statSync(inShare('copy')).size).toBe(2 ** 20);
      });

      check('makes directories, renames files and directories, and removes them', async () => {
        await run('mkdir dir; echo x > dir/old; mv dir/old dir/new; mv dir moved; mv moved/new moved/newer');
        expect(readFileSync(inShare('moved', 'newer'), 'utf8')).toBe('x\n');
        await run('rm moved/newer; rmdir moved');
        expect(existsSync(inShare('moved'))).toBe(false);
        expect(await run('mkdir full; echo > full/x; if rmdir full 2>/dev/null; then echo gone; fi')).toBe('');
      });

      check('changes modes, lengths and times', async () => {
        const script =
          "echo content > attr; chmod 604 attr; truncate -s 3 attr; touch -d '2001-02-03 04:05:06' attr; stat -c '%a %s %Y' attr";
        expect(await run(script)).toBe(`604 3 ${Date.UTC(2001, 1, 3, 4, 5, 6) / 1000}\n`);
        const { mode, size, mtimeMs } = statSync(inShare('attr'));
        expect({ mode: mode & 0o7777, size, mtimeMs }).toEqual({
          mode: 0o604,
          size: 3,
          mtimeMs: Date.UTC(2001, 1, 3, 4, 5, 6),
        });
      });

      check('tells one error from another', async () => {
        const said = await run(
          'cat absent 2>&1 || true; mkdir there; mkdir there 2>&1 || true; cat there 2>&1 || true',
        );
        expect(said).toContain('No such file or directory');
        expect(said).toContain('File exists');
        expect(said).toContain('Is a directory');
      });

      check('goes on with a file that was renamed while open, and syncs', async () => {
        expect(await run('exec 3<> open; echo one >&3; mv open shut; echo two >&3; exec 3>&-; sync; cat shut')).toBe(
          'one\ntwo\n',
        );
      });
    }

    const unix = mounted('9p2000.u');
    const inUnix = (...names: string[]) => inHost('9p2000.u', ...names);
    const check = (name: string, body: () => Promise<void>) => test(`9p2000.u ${name}`, body, GUEST_TIMEOUT_MS);

    check('makes and reads links of both kinds', async () => {
      expect(
        await unix('echo l > linked; ln linked hard; ln -s linked soft; cat soft; readlink soft; stat -c %h linked'),
      ).toBe('l\nlinked\n2\n');
      expect(lstatSync(inUnix('hard')).ino).toBe(lstatSync(inUnix('linked')).ino);
      expect(readlinkSync(inUnix('soft'))).toBe('linked');
      symlinkSync('/nowhere', inUnix('dangling'));
      linkSync(inUnix('linked'), inUnix('third'));
      expect(await unix('readlink dangling; stat -c %h linked')).toBe('/nowhere\n3\n');
    });

    check('makes devices, pipes and sockets', async () => {
      expect(await unix('mknod null c 1 3; mknod disk b 259 300; mkfifo pipe; stat -c "%F %t:%T" null disk pipe')).toBe(
        'character special file 1:3\nblock special file 103:12c\nfifo 0:0\n',
      );
      expect(lstatSync(inUnix('null')).isCharacterDevice()).toBe(true);
      expect(lstatSync(inUnix('pipe')).isFIFO()).toBe(true);
    });

    check('has owners, setuid, and renames over files', async () => {
      await unix('echo a > a; chown 12:34 a; chmod 4751 a; echo b > b; mv -f a b');
      expect(readdirSync(inUnix()).includes('a')).toBe(false);
      const { mode, uid, gid } = statSync(inUnix('b'));
      expect({ mode: mode & 0o7777, uid, gid }).toEqual({ mode: 0o4751, uid: 12, gid: 34 });
    });

    check('unpacks a tar to the same tree', async () => {
      mkdirSync(inUnix('source', 'deep'), { recursive: true });
      writeFileSync(inUnix('source', 'deep', 'file'), 'content');
      chmodSync(inUnix('source', 'deep', 'file'), 0o640);
      symlinkSync('deep/file', inUnix('source', 'soft'));
      await unix('tar cf tree.tar source; mkdir unpacked; tar xf tree.tar -C unpacked');
      expect(readFileSync(inUnix('unpacked', 'source', 'soft'), 'utf8')).toBe('content');
      expect(statSync(inUnix('unpacked', 'source', 'deep', 'file')).mode & 0o7777).toBe(0o640);
    });
  },
  ['software'],
);

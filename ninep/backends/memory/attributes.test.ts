import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../../../bytes/wire.ts';
import { Tree } from '../../client/tree.ts';
import { type Bench, onBench } from '../../contract/fixture.ts';
import { errno } from '../../contract/sessions.ts';
import { createMemory, type Memory } from './memory.ts';

/** A bench with a clock that moves by one nanosecond each time it is looked at, and a second user. */
function on(run: (bench: Bench & { memory: Memory; user: Tree }) => Promise<void>) {
  let nanoseconds = 0;
  const clock = () => ({ seconds: 1_900_000_000n, nanoseconds: nanoseconds++ });
  const memory = createMemory({ clock });
  return onBench(
    () => ({ backend: memory }),
    async (bench) => {
      const user = await Tree.attach(bench.client, { uname: 'user', uid: 1000, firstFid: 100_000 });
      await run({ ...bench, memory, user });
    },
  );
}

/** Which of a file's times move while something is done: a, m and c. */
async function moved({ tree }: Bench, path: string, act: () => Promise<unknown>): Promise<string> {
  const before = await tree.getattr(path);
  await act();
  const after = await tree.getattr(path);
  return (['atime', 'mtime', 'ctime', 'btime'] as const)
    .filter((time) => before[`${time}_nsec`] !== after[`${time}_nsec`])
    .map((time) => time[0])
    .join('');
}

describe('times', () => {
  test('move as POSIX says', () =>
    on(async (bench) => {
      const { tree, memory } = bench;
      memory.mkdir('dir');
      memory.writeFile('dir/file', 'content');
      const open = await tree.open('dir/file', 2);
      const noatime = await tree.open('dir/file', 0o1000000);
      expect(await moved(bench, 'dir/file', () => tree.read(open, 0n, 3))).toBe('a');
      expect(await moved(bench, 'dir/file', () => tree.read(noatime, 0n, 3))).toBe('');
      expect(await moved(bench, 'dir/file', () => tree.write(open, 0n, utf8('x')))).toBe('mc');
      expect(await moved(bench, 'dir/file', () => tree.setattr('dir/file', { mode: 0o600 }))).toBe('c');
      expect(await moved(bench, 'dir/file', () => tree.setattr('dir/file', { uid: 7 }))).toBe('c');
      expect(await moved(bench, 'dir/file', () => tree.setattr('dir/file', { size: 1n }))).toBe('mc');
      expect(await moved(bench, 'dir/file', () => tree.setattr('dir/file', { atime: 'now' }))).toBe('ac');
      expect(await moved(bench, 'dir/file', () => tree.setxattr('dir/file', 'user.x', utf8('1')))).toBe('c');
      expect(await moved(bench, 'dir/file', () => tree.removexattr('dir/file', 'user.x'))).toBe('c');
      expect(await moved(bench, 'dir/file', () => tree.link('dir/other', 'dir/file'))).toBe('c');
      expect(await moved(bench, 'dir/file', () => tree.unlink('dir/other'))).toBe('c');
      expect(await moved(bench, 'dir', () => tree.writeFile('dir/new', ''))).toBe('mc');
      expect(await moved(bench, 'dir', () => tree.rename('dir/new', 'new'))).toBe('mc');
      expect(await moved(bench, '', () => tree.rename('new', 'dir/new'))).toBe('mc');
      expect(await moved(bench, 'dir', () => tree.unlink('dir/new'))).toBe('mc');
      expect(await moved(bench, 'dir', () => tree.list('dir'))).toBe('a');
    }));

  test('a Tsetattr for ctime alone moves that alone', () =>
    on(async (bench) => {
      bench.memory.writeFile('file', '');
      expect(await moved(bench, 'file', async () => bench.memory.setattr('file', { ctime: true }))).toBe('c');
    }));

  test('the present time is that of the clock, to the nanosecond', () => {
    const memory = createMemory({ clock: () => ({ seconds: -3n, nanoseconds: 999_999_999 }) });
    memory.writeFile('file', '');
    expect(memory.stat('file').btime).toEqual({ seconds: -3n, nanoseconds: 999_999_999 });
  });
});

describe('versions', () => {
  test('the data version and the qid version change with the content and nothing else', () =>
    on(async ({ tree, memory }) => {
      memory.writeFile('file', 'content');
      const first = await tree.getattr('file');
      expect(first.valid).toBe(0x3fffn);
      expect(first.qid.version).not.toBe(0);
      await tree.setattr('file', { mode: 0o600, mtime: 'now' });
      await tree.readFile('file');
      expect(await tree.getattr('file')).toMatchObject({ data_version: first.data_version, qid: first.qid });
      await tree.setattr('file', { size: 3n });
      const second = await tree.getattr('file');
      expect(second.data_version).toBeGreaterThan(first.data_version);
      expect(second.qid.version).not.toBe(first.qid.version);
      const open = await tree.open('file', 1);
      await tree.write(open, 0n, utf8('x'));
      expect((await tree.getattr('file')).data_version).toBeGreaterThan(second.data_version);
    }));
});

describe('setuid, setgid and capabilities', () => {
  const modeOf = async (tree: Tree, path: string) => (await tree.getattr(path)).mode & 0o7777;

  test.each([
    ['a write', (user: Tree) => user.open('file', 1).then((fid) => user.write(fid, 0n, utf8('x')))],
    ['a truncation', (user: Tree) => user.setattr('file', { size: 0n })],
    ['opening with O_TRUNC', (user: Tree) => user.open('file', 0o1001)],
  ])('%s by a user takes them away, by the superuser only the capability', (_, act) =>
    on(async ({ tree, user }) => {
      for (const [who, mode] of [
        [user, 0o755],
        [tree, 0o6755],
      ] as const) {
        await tree.writeFile('file', 'content', 0o6755);
        await tree.setxattr('file', 'security.capability', utf8('inert'));
        await act(who);
        expect(await modeOf(tree, 'file')).toBe(mode);
        await expect(tree.getxattr('file', 'security.capability')).rejects.toBe(errno('ENODATA'));
        await tree.unlink('file');
      }
    }),
  );

  test('setgid without group execution means something else and stays', () =>
    on(async ({ tree, user }) => {
      await tree.writeFile('file', 'content', 0o2644);
      await user.setattr('file', { size: 0n });
      expect(await modeOf(tree, 'file')).toBe(0o2644);
    }));

  test('an owner takes them away from files, and not from directories', () =>
    on(async ({ tree }) => {
      await tree.writeFile('file', '', 0o6755);
      await tree.mkdir('dir', 0o2755);
      await tree.setattr('file', { uid: 5 });
      await tree.setattr('dir', { gid: 5 });
      expect([await modeOf(tree, 'file'), await modeOf(tree, 'dir')]).toEqual([0o755, 0o2755]);
      await tree.setattr('file', { uid: 6, mode: 0o4700 });
      expect(await modeOf(tree, 'file')).toBe(0o4700);
    }));

  test('what is made in a setgid directory has its group, and a directory the bit', () =>
    on(async ({ tree, user }) => {
      await tree.mkdir('shared', 0o2775, 50);
      await user.mkdir('shared/dir', 0o755, 1000);
      await user.clunk(await user.create('shared/file', { gid: 1000 }));
      await user.mkdir('own', 0o755, 1000);
      expect(await tree.getattr('shared/dir')).toMatchObject({ uid: 1000, gid: 50, mode: 0o042755 });
      expect(await tree.getattr('shared/file')).toMatchObject({ uid: 1000, gid: 50, mode: 0o100644 });
      expect(await tree.getattr('own')).toMatchObject({ uid: 1000, gid: 1000, mode: 0o040755 });
    }));
});

describe('extended attributes', () => {
  test.each([
    ['nonsense', 'EOPNOTSUPP'],
    ['system.other', 'EOPNOTSUPP'],
    ['user.', 'EINVAL'],
    ['trusted.', 'EINVAL'],
  ] as const)('%s is %s', (name, error) =>
    on(async ({ tree }) => {
      await tree.writeFile('file', '');
      await expect(tree.setxattr('file', name, utf8('x'))).rejects.toBe(errno(error));
      await expect(tree.getxattr('file', name)).rejects.toBe(errno(error));
    }),
  );

  test('user attributes belong to files and directories only, the others to anything', () =>
    on(async ({ tree }) => {
      await tree.symlink('link', 'x');
      await tree.mknod('fifo', 0o010644);
      for (const path of ['link', 'fifo']) {
        await expect(tree.setxattr(path, 'user.x', utf8('x'))).rejects.toBe(errno('EPERM'));
        await expect(tree.getxattr(path, 'user.x')).rejects.toBe(errno('ENODATA'));
        await tree.setxattr(path, 'trusted.x', utf8('value'));
        await tree.setxattr(path, 'security.x', utf8(''));
        expect(await tree.getxattr(path, 'trusted.x')).toEqual(utf8('value'));
        expect(await tree.getxattr(path, '')).toEqual(utf8('trusted.x\0security.x\0'));
      }
    }));

  test('a value of 64 KiB is kept, and names whose list would be longer are ENOSPC', () =>
    on(async ({ tree }) => {
      await tree.writeFile('file', '');
      await tree.setxattr('file', 'user.large', new Uint8Array(65_536).fill(3));
      expect(await tree.getxattr('file', 'user.large')).toHaveLength(65_536);
      const name = (i: number) => `user.${String(i).padStart(250, '0')}`;
      let i = 0;
      const fill = async () => {
        for (; i < 300; i++) await tree.setxattr('file', name(i), utf8('x'));
      };
      await expect(fill()).rejects.toBe(errno('ENOSPC'));
      expect(i).toBe(Math.floor((65_536 - 'user.large\0'.length) / 256));
      expect(await tree.getxattr('file', '')).toHaveLength('user.large\0'.length + i * 256);
      await tree.setxattr('file', name(0), utf8('changed'));
    }));

  test('an access control list and the mode are one thing', () =>
    on(async ({ tree }) => {
      const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'));
      const acl = (user: string, mask: string, other: string) =>
        hex(`020000000100${user}00ffffffff02000700e803000004000500ffffffff1000${mask}00ffffffff2000${other}00ffffffff`);
      await tree.mkdir('dir', 0o700);
      await tree.setxattr('dir', 'system.posix_acl_access', acl('07', '04', '01'));
      expect((await tree.getattr('dir')).mode).toBe(0o040741);
      await tree.setattr('dir', { mode: 0o652 });
      expect(await tree.getxattr('dir', 'system.posix_acl_access')).toEqual(acl('06', '05', '02'));
      await tree.setxattr('dir', 'system.posix_acl_default', acl('07', '07', '00'));
      await tree.writeFile('dir/file', '', 0o640);
      expect(await tree.getxattr('dir/file', 'system.posix_acl_access')).toEqual(acl('06', '04', '00'));
      await tree.mkdir('dir/below', 0o755);
      expect(await tree.getxattr('dir/below', 'system.posix_acl_default')).toEqual(acl('07', '07', '00'));
      await tree.symlink('dir/link', 'x');
      expect(await tree.getxattr('dir/link', '')).toHaveLength(0);
      await expect(tree.setxattr('dir/file', 'system.posix_acl_default', acl('07', '07', '00'))).rejects.toBe(
        errno('EACCES'),
      );
    }));
});

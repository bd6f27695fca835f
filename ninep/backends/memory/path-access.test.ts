import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../../../bytes/wire.ts';
import { createMemory } from './memory.ts';
import { MemoryPathError } from './path-access.ts';

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe('failures', () => {
  const memory = createMemory({ capacity: 4096 + 'dir/file'.length });
  memory.mkdir('/dir');
  memory.writeFile('/dir/file', 'x');
  memory.symlink('/link', 'dir/file');

  test.each([
    ['ENOENT', () => memory.readFile('/absent/file'), 'cannot read "/absent/file" in the memory tree: ENOENT'],
    ['ENOTDIR', () => memory.readFile('/dir/file/x'), 'cannot read "/dir/file/x" in the memory tree: ENOTDIR'],
    ['EISDIR', () => memory.readFile('/dir'), 'cannot read "/dir" in the memory tree: EISDIR'],
    ['ELOOP', () => memory.readFile('/link'), 'cannot read "/link" in the memory tree: ELOOP'],
    ['ENOSPC', () => memory.writeFile('/new', 'x'), 'cannot write "/new" in the memory tree: ENOSPC'],
    ['EISDIR', () => memory.writeFile('/dir', 'x'), 'cannot write "/dir" in the memory tree: EISDIR'],
    ['EEXIST', () => memory.mkdir('/'), 'cannot make "/" in the memory tree: EEXIST'],
    ['EEXIST', () => memory.mkdir('/dir/..'), 'cannot make "/dir/.." in the memory tree: EEXIST'],
    ['ENOENT', () => memory.mkdir('/a\0b'), 'cannot make "/a\\u0000b" in the memory tree: ENOENT'],
    ['ENAMETOOLONG', () => memory.list(`/${'x'.repeat(256)}`), /cannot list .* ENAMETOOLONG/],
    ['ENOENT', () => memory.symlink('/s', ''), 'cannot make "/s" in the memory tree: ENOENT'],
    ['ENOTDIR', () => memory.list('/dir/file'), 'cannot list "/dir/file" in the memory tree: ENOTDIR'],
    ['EBUSY', () => memory.remove('/'), 'cannot remove "/" in the memory tree: EBUSY'],
    ['ENOTEMPTY', () => memory.remove('/dir'), 'cannot remove "/dir" in the memory tree: ENOTEMPTY'],
    ['EINVAL', () => memory.rename('/dir', '/dir/x'), 'cannot move to "/dir/x" in the memory tree: EINVAL'],
    ['ENOENT', () => memory.link('/absent', '/x'), 'cannot link "/absent" in the memory tree: ENOENT'],
    ['EEXIST', () => memory.link('/dir/file', '/link'), 'cannot make "/link" in the memory tree: EEXIST'],
    ['EINVAL', () => memory.readlink('/dir/file'), 'cannot read "/dir/file" in the memory tree: EINVAL'],
  ] as const)('%s says what, where and why', (name, act, message) => {
    expect(act).toThrow(MemoryPathError);
    expect(act).toThrow(message);
    expect(act).toThrow(expect.objectContaining({ errno: expect.objectContaining({ name }) }));
    expect(memory.usage.handles).toBe(0);
  });
});

test('a tree is written and read by paths', () => {
  const memory = createMemory({ uid: 5, gid: 6 });
  memory.mkdir('/a', 0o2750);
  memory.mkdir('a//b/');
  memory.writeFile('/a/b/file', 'text', 0o600);
  memory.writeFile('/a/b/file', Uint8Array.of(1, 2, 3));
  memory.symlink('/a/link', 'b/file');
  expect([...memory.readFile('/a/b/../b/./file')]).toEqual([1, 2, 3]);
  expect(textOf(memory.readlink('/a/link'))).toBe('b/file');
  expect(memory.list('/a')).toEqual(['b', 'link']);
  expect(memory.stat('/a/b/file')).toMatchObject({ mode: 0o100600, uid: 5, gid: 6, size: 3n });
  memory.link('/a/b/file', '/a/again');
  expect(memory.stat('/a/again').qid.path).toBe(memory.stat('/a/b/file').qid.path);
  memory.remove('/a/again');
  memory.setattr('/a/b/file', { mode: 0o644, gid: 9 });
  memory.rename('/a/b/file', '/moved');
  expect(memory.stat('/moved')).toMatchObject({ mode: 0o100644, gid: 9 });
  for (const path of ['/a/b', '/a/link', '/a', '/moved']) memory.remove(path);
  expect(memory.list('/')).toEqual([]);
  expect(memory.usage).toMatchObject({ bytes: 0, inodes: 1, handles: 0 });
});

test('names are bytes', () => {
  const memory = createMemory();
  memory.writeFile(Uint8Array.of(0x2f, 0xff, 0xfe), 'x');
  memory.writeFile('/ü', 'y');
  expect(memory.names('/').map((name) => [...name])).toEqual([[0xff, 0xfe], [...utf8('ü')]]);
  expect(memory.list('/')).toEqual(['\ufffd\ufffd', 'ü']);
  expect(textOf(memory.readFile(Uint8Array.of(0xff, 0xfe)))).toBe('x');
});

test('content is copied on the way in and on the way out', () => {
  const memory = createMemory();
  const content = utf8('content');
  memory.writeFile('file', content);
  content.fill(0);
  memory.readFile('file').fill(0);
  expect(textOf(memory.readFile('file'))).toBe('content');
});

import { execFileSync } from 'node:child_process';
import { chmodSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createMemory } from '../../ninep/backends/memory/memory.ts';
import { UsageError } from '../usage-error.ts';
import { fillFromTar } from './tar-tree.ts';

describe('a tree filled from a tar archive', () => {
  let directory = '';
  const long = 'n'.repeat(120);
  const archive = () => execFileSync('tar', ['-C', directory, '-c', '.']);

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'tsvmm-test-'));
    mkdirSync(join(directory, 'bin', 'deep', long), { recursive: true });
    writeFileSync(join(directory, 'bin', 'program'), 'code');
    chmodSync(join(directory, 'bin', 'program'), 0o4755);
    writeFileSync(join(directory, 'empty'), '');
    writeFileSync(join(directory, 'bin', 'deep', long, long), 'far down');
    linkSync(join(directory, 'bin', 'program'), join(directory, 'bin', 'alias'));
    symlinkSync('/bin/program', join(directory, 'soft'));
    execFileSync('mkfifo', [join(directory, 'pipe')]);
    chmodSync(directory, 0o711);
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  test('has its files, directories, links and permissions, and leaves pipes out', async () => {
    const tree = createMemory();
    await fillFromTar(tree, archive());
    const text = (path: string) => new TextDecoder().decode(tree.readFile(path));
    expect(tree.list('/').sort()).toEqual(['bin', 'empty', 'soft']);
    expect(tree.stat('/').mode & 0o7777).toBe(0o711);
    expect(text('/bin/program')).toBe('code');
    expect(tree.stat('/bin/program')).toMatchObject({ mode: 0o104755, nlink: 2n });
    expect(tree.stat('/bin/alias').qid.path).toBe(tree.stat('/bin/program').qid.path);
    expect(new TextDecoder().decode(tree.readlink('/soft'))).toBe('/bin/program');
    expect(text(`/bin/deep/${long}/${long}`)).toBe('far down');
    expect(tree.stat('/empty').size).toBe(0n);
    expect(tree.usage.handles).toBe(0);
  });

  test('refuses what is no archive, and what does not fit, in one line', async () => {
    const noArchive = fillFromTar(createMemory(), new Uint8Array(1024).fill(0x41));
    await expect(noArchive).rejects.toThrow(UsageError);
    await expect(noArchive).rejects.toThrow(/^the tar archive cannot be read: .+/);
    const tooSmall = fillFromTar(createMemory({ inodes: 2 }), archive());
    await expect(tooSmall).rejects.toThrow(/^entry ".+" of the tar archive: cannot .+: ENOSPC$/);
  });
});

import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readInitrdFile, readKernelFile } from './kernel-file.ts';
import { packedKernel } from './testdata/packed-kernels.ts';
import { tinyBzImage, tinyVmlinux } from './testdata/tiny-kernel.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tsvmm-kernel-file-'));
  await writeFile(join(folder, 'empty'), '');
  await writeFile(join(folder, 'script'), '#!/bin/sh\nexit 0\n');
  await writeFile(join(folder, 'bzImage'), tinyBzImage(packedKernel('xz')).subarray(0, 1100));
  await writeFile(join(folder, 'vmlinuz'), tinyBzImage(packedKernel('gzip')));
  await writeFile(join(folder, 'vmlinux'), tinyVmlinux());
  await symlink('loop', join(folder, 'loop'));
  execFileSync('mkfifo', [join(folder, 'pipe')]);
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe('a file that cannot be a kernel is refused with its path', () => {
  test.each([
    ['missing', 'unreadable', 'there is no such file'],
    ['script/x', 'unreadable', 'a part of the path is not a directory'],
    ['loop', 'unreadable', 'its symbolic links form a loop'],
    ['.', 'unreadable', 'this is a directory: give a file in it'],
    ['pipe', 'unreadable', 'this is not a regular file: copy it into one'],
    ['x'.repeat(256), 'unreadable', 'the path is too long'],
    ['empty', 'not-a-kernel', 'the file is empty: give a vmlinuz (bzImage) or an uncompressed vmlinux for x86-64'],
    ['script', 'not-a-kernel', 'this is a script: give a vmlinuz (bzImage) or an uncompressed vmlinux for x86-64'],
    ['bzImage', 'damaged', "the bzImage's payload ends at byte 1180, but the file has 1100: it is truncated"],
  ])('%s', async (name, fault, message) => {
    const path = `${folder}/${name}`;
    await expect(readKernelFile(path)).rejects.toMatchObject({ fault, message: `kernel ${path}: ${message}` });
  });

  test('the null device', async () => {
    await expect(readKernelFile('/dev/null')).rejects.toMatchObject({
      message: 'kernel /dev/null: this is not a regular file: copy it into one',
    });
  });
});

describe('an initrd', () => {
  test.each([
    ['missing', 'there is no such file'],
    ['.', 'this is a directory: give a file in it'],
    ['empty', 'the file is empty: leave --initrd out'],
  ])('that is %s is refused with its path', async (name, message) => {
    const path = `${folder}/${name}`;
    await expect(readInitrdFile(path)).rejects.toMatchObject({ message: `initrd ${path}: ${message}` });
  });

  test('is read as it is', async () => {
    expect(new TextDecoder().decode(await readInitrdFile(`${folder}/script`))).toBe('#!/bin/sh\nexit 0\n');
  });
});

test('a vmlinux and the bzImage made of it load the same bytes at the same addresses', async () => {
  const vmlinux = await readKernelFile(`${folder}/vmlinux`);
  const bzImage = await readKernelFile(`${folder}/vmlinuz`);
  expect(vmlinux.kind).toBe('vmlinux');
  expect(bzImage.kind).toBe('bzImage');
  expect(bzImage.program.entry).toBe(vmlinux.program.entry);
  expect(bzImage.program.segments.map(({ address, memoryLength }) => [address, memoryLength])).toEqual(
    vmlinux.program.segments.map(({ address, memoryLength }) => [address, memoryLength]),
  );
  for (const [index, { bytes }] of vmlinux.program.segments.entries()) {
    expect(Buffer.compare(bytes, bzImage.program.segments[index]?.bytes ?? new Uint8Array(0))).toBe(0);
  }
});

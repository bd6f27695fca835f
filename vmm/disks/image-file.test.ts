import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { loadHostfs } from 'node-hostfs';
import type { ImageDisk } from '../config.ts';
import { openImage } from './image-file.ts';

const hostfs = loadHostfs();
const scratch = mkdtempSync(join(tmpdir(), 'tsvmm-image-'));
const at = (name: string) => join(scratch, name);
const open = (name: string, rest: Partial<ImageDisk> = {}) =>
  openImage(hostfs, { kind: 'disk', path: at(name), ...rest });

beforeAll(() => {
  writeFileSync(at('good'), Buffer.alloc(4096, 1));
  mkdirSync(at('directory'));
  execFileSync('mkfifo', [at('fifo')]);
  writeFileSync(at('empty'), '');
  writeFileSync(at('odd'), Buffer.alloc(1000));
  writeFileSync(at('qcow2'), Buffer.concat([Buffer.from('QFI\u00fb', 'latin1'), Buffer.alloc(508)]));
  symlinkSync('circle', at('circle'));
  symlinkSync('good', at('link'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const REFUSED: readonly (readonly [name: string, line: string])[] = [
  ['missing', 'does not exist; make it with truncate -s 1G, for instance, or correct the path'],
  ['directory', 'is a directory; name an image file or a block device'],
  ['fifo', 'is a FIFO; name an image file or a block device'],
  ['empty', 'is empty; give it a size with truncate -s 1G, for instance'],
  ['odd', 'has 1000 bytes, no multiple of 512; round it up with truncate -s %512'],
  ['circle', 'cannot be opened (ELOOP); correct the path'],
  ['good/below', 'cannot be opened (ENOTDIR); correct the path'],
  [
    'qcow2',
    'is a qcow2 image; convert it with qemu-img convert -O raw, or say that it is what it looks like with format=raw',
  ],
  ['nul\0', 'the path holds a NUL byte; leave it out'],
];

describe('what is no disk is refused in one line, whether it is to be written or not', () => {
  test.each(REFUSED)('%j', (name, line) => {
    for (const readonly of [false, true]) expect(() => open(name, { readonly })).toThrow(`disk ${at(name)}: ${line}`);
  });

  test('a character device and a socket', async () => {
    const device = () => openImage(hostfs, { kind: 'disk', path: '/dev/null' });
    expect(device).toThrow('disk /dev/null: is a character device; name an image file or a block device');
    const server = createServer().listen(at('socket'));
    await new Promise((resolve) => server.once('listening', resolve));
    expect(() => open('socket')).toThrow('is a socket; name');
    server.close();
  });
});

test('an image is opened through links, as raw whatever is in it, and lets go when closed', () => {
  for (const [name, rest] of [['good'], ['link'], ['qcow2', { format: 'raw' }]] as const) {
    const { fd, length } = open(name, rest);
    expect(length).toBe(name === 'qcow2' ? 512 : 4096);
    hostfs.close(fd);
  }
});

test('an image that is written to is nobody else’s; readers may be several', () => {
  const writer = open('good');
  expect(() => open('link')).toThrow(
    'is in use by another machine or disk; end that first, or add readonly=on to both',
  );
  expect(() => open('good', { readonly: true })).toThrow('is in use by another machine or disk; end that first');
  hostfs.close(writer.fd);
  const readers = [open('good', { readonly: true }), open('good', { readonly: true })];
  expect(() => open('good')).toThrow('is in use');
  for (const { fd } of readers) hostfs.close(fd);
});

test('no descriptor is left of what was refused', () => {
  const count = () => Number(execFileSync('sh', ['-c', `ls /proc/${process.pid}/fd | wc -l`], { encoding: 'utf8' }));
  const before = count();
  for (let round = 0; round < 20; round += 1) {
    for (const [name] of REFUSED) expect(() => open(name)).toThrow('disk ');
  }
  expect(count()).toBe(before);
});

const asRoot = process.getuid?.() === 0;
(asRoot ? test.skip : test)(
  `what may only be read asks for readonly=on${asRoot ? ' [root may write everything]' : ''}`,
  () => {
    writeFileSync(at('mine'), Buffer.alloc(512));
    chmodSync(at('mine'), 0o400);
    expect(() => open('mine')).toThrow('cannot be written by this user; change its permissions, or add readonly=on');
    hostfs.close(open('mine', { readonly: true }).fd);
  },
);

test('more than 4 GiB', () => {
  writeFileSync(at('large'), '');
  truncateSync(at('large'), 2 ** 33 + 512);
  const { fd, length } = open('large');
  expect(length).toBe(2 ** 33 + 512);
  hostfs.close(fd);
});

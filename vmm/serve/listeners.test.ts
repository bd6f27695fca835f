import { once } from 'node:events';
import { existsSync, lstatSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { runProcess } from '../../tests/support/tsvmm.ts';
import { serve } from './serve.ts';
import { isLoopback } from './tcp-listener.ts';
import { scratchDirectory, served } from './test-support/served.ts';
import { treeOf } from './test-support/socket-client.ts';

describe('a socket file', () => {
  test('is for its owner alone, and gone after close', async () => {
    const path = join(scratchDirectory(), 's');
    const before = process.umask(0);
    const { server } = await served({ listen: [`unix:${path}`] }).finally(() => process.umask(before));
    expect(lstatSync(path).mode & 0o7777).toBe(0o600);
    expect(process.umask()).toBe(before);
    await server.close();
    expect(existsSync(path)).toBe(false);
  });

  test('of a server that runs is not taken', async () => {
    const path = join(scratchDirectory(), 's');
    const { address } = await served({ listen: [`unix:${path}`] });
    await expect(served({ listen: [`unix:${path}`] })).rejects.toThrow(
      `listen: ${path} is in use by a server that runs; choose another path, or end that server`,
    );
    const { tree, handler } = await treeOf(address);
    expect(await tree.list('')).toHaveLength(2);
    await handler.reset();
  });

  test('left behind by a server that was killed is replaced', async () => {
    const path = join(scratchDirectory(), 's');
    const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    await runProcess(process.execPath, ['-e', script]);
    expect(lstatSync(path).isSocket()).toBe(true);
    const { address } = await served({ listen: [`unix:${path}`] });
    const { handler } = await treeOf(address);
    await handler.reset();
  });

  test.each([
    ['a file', 'file', 'exists and is no socket; choose another path, or remove it'],
    ['a directory', 'directory', 'exists and is no socket; choose another path, or remove it'],
    [
      'in no directory',
      'none/s',
      'lies in a directory that does not exist; make it with mkdir -p, or correct the path',
    ],
    ['in a file', 'file/s', 'lies in something that is no directory; correct the path'],
  ])('cannot be %s', async (_what, name, line) => {
    const directory = scratchDirectory();
    writeFileSync(join(directory, 'file'), 'kept');
    mkdirSync(join(directory, 'directory'));
    const path = join(directory, name);
    await expect(served({ listen: [`unix:${path}`] })).rejects.toThrow(`listen: ${path} ${line}`);
    expect(lstatSync(join(directory, 'file')).size).toBe(4);
  });

  test('of another server is not removed', async () => {
    const path = join(scratchDirectory(), 's');
    const { server } = await served({ listen: [`unix:${path}`] });
    const { unlinkSync } = await import('node:fs');
    unlinkSync(path);
    writeFileSync(path, 'somebody else');
    server.removeSocketFiles();
    expect(existsSync(path)).toBe(true);
  });
});

describe('a TCP port', () => {
  test('that is taken is refused, and nothing stays open of the rest', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const path = join(scratchDirectory(), 's');
    await expect(served({ listen: [`unix:${path}`, `tcp:127.0.0.1:${port}`] })).rejects.toThrow(
      `listen: tcp:127.0.0.1:${port} is in use by another program; choose another port, or 0 for a free one`,
    );
    expect(existsSync(path)).toBe(false);
    other.close();
  });

  test.each(['0.0.0.0', '[::]', '192.0.2.1'])('on %s needs allowRemote', async (host) => {
    await expect(served({ listen: [`tcp:${host}:0`] })).rejects.toThrow(/can be reached from other .* --allow-remote$/);
  });

  test('on all addresses, where that is allowed', async () => {
    const { address } = await served({ listen: ['tcp:0.0.0.0:0'], allowRemote: true });
    expect(address).toMatch(/^tcp:0\.0\.0\.0:[1-9]\d*$/);
  });

  test('of an address that is not here is refused', async () => {
    await expect(served({ listen: ['tcp:192.0.2.1:0'], allowRemote: true })).rejects.toThrow(
      'listen: tcp:192.0.2.1:0 is no address of this machine; use one that ip address lists',
    );
  });

  test.each([
    ['127.0.0.1', true],
    ['127.255.0.9', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['0.0.0.0', false],
    ['::', false],
    ['10.0.0.1', false],
    ['128.0.0.1', false],
  ])('%s is loopback: %s', (address, expected) => {
    expect(isLoopback(address)).toBe(expected);
  });
});

describe('a configuration', () => {
  const share = { path: '/', mountTag: 'host' };
  const listen = ['tcp:127.0.0.1:0'];
  test.each([
    [{ shares: [], listen }, 'nothing to serve; add --virtfs local,path=DIR,mount_tag=TAG'],
    [{ shares: [share], listen: [] }, 'nowhere to listen; add --listen unix:PATH or --listen tcp:HOST:PORT'],
    [{ shares: [share], listen: ['unix:a', 'unix:a'] }, 'listen: unix:a is given twice; give it once'],
    [{ shares: [share, { ...share, mountTag: 'b', id: 'host' }], listen }, "two shares have the name 'host'"],
    [{ shares: [{ ...share, mountTag: '' }], listen }, 'a share has an empty name; give it a mount tag'],
    [{ shares: [{ ...share, mountTag: 'ctl' }], listen, ctl: true }, "a share has the name 'ctl', which --ctl gives"],
    [{ shares: [share], listen, maxConnections: 0 }, '0 connections: give 1 to 65536'],
    [{ shares: [share], listen, msize: 4095 }, 'an msize of 4095 bytes: give 4096 to 16777216'],
    [{ shares: [{ ...share, path: '/nonesuch' }], listen }, '/nonesuch'],
  ])('%j is refused', async (config, line) => {
    await expect(serve(config)).rejects.toThrow(line);
  });
});

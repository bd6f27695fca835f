import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Backend } from '../../ninep/backend.ts';
import { createMemory } from '../../ninep/backends/memory/memory.ts';
import { CONFINED } from '../../ninep/backends/proxy/hello.ts';
import { serveLink } from '../../ninep/backends/proxy/serve-link.ts';
import { Client } from '../../ninep/client/client.ts';
import { Tree } from '../../ninep/client/tree.ts';
import { describeObjectContract } from '../../ninep/contract/object-contract.ts';
import { describeWritingContract } from '../../ninep/contract/writing-contract.ts';
import { createSession } from '../../ninep/session.ts';
import type { SecurityModel } from '../export-config.ts';
import { launcherArguments } from './confinement.ts';
import { helperFiles } from './helper-files.ts';
import { serveHelper } from './helper-server.ts';
import { openProxyShare, type ProxyShareConfig } from './open-proxy-share.ts';
import { socketLink } from './socket-link.ts';

// Each test starts processes, on hosts that may be busy.
jest.setTimeout(300_000);

const scratch = () => realpathSync(mkdtempSync(join(tmpdir(), 'proxy-share-')));

function allChildren(): number[] {
  const text = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

/** The compiler of the test runner, which stays. */
const others = new Set(allChildren());

/** The processes these tests have started and not buried yet. */
function children(): number[] {
  return allChildren().filter((pid) => !others.has(pid));
}

/** Waits for something that happens soon, or fails. */
async function until(what: () => boolean): Promise<void> {
  for (let left = 3000; !what(); left--) {
    if (left === 0) throw new Error('it did not happen');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const models: SecurityModel[] = process.geteuid?.() === 0 ? ['passthrough', 'none'] : ['none'];
for (const securityModel of models) {
  const prepare = async () => {
    const path = scratch();
    const backend = await openProxyShare({ path, securityModel });
    return { backend, cleanUp: () => rmSync(path, { recursive: true, force: true }) };
  };
  describeWritingContract(`a confined helper, ${securityModel}`, prepare);
  describeObjectContract(`a confined helper, ${securityModel}`, prepare, { xattrs: true, locks: true });
}

describe('a share through a helper process', () => {
  let around = '';
  let path = '';
  let share: Backend | undefined;
  const notices: string[] = [];
  const closing: (() => Promise<void>)[] = [];

  beforeEach(() => {
    around = scratch();
    path = join(around, 'share');
    mkdirSync(path);
    writeFileSync(join(path, 'file'), 'content');
    notices.length = 0;
  });

  afterEach(async () => {
    await share?.close();
    share = undefined;
    for (const close of closing.splice(0)) await close();
    rmSync(around, { recursive: true, force: true });
    await until(() => children().length === 0);
  });

  async function open(config: ProxyShareConfig, pulse = { intervalMs: 1000, patience: 60 }): Promise<Tree> {
    share = await openProxyShare(config, { notice: (line) => notices.push(line), pulse });
    const client = new Client(createSession(share));
    await client.version();
    return Tree.attach(client);
  }

  const read = async (tree: Tree, name: string) => new TextDecoder().decode(await tree.readFile(name));

  test('every thread of the helper is confined, and nothing but its sockets and the share is open in it', async () => {
    await (await open({ path })).readFile('file');
    const [helper] = children();
    for (const thread of readdirSync(`/proc/${helper}/task`)) {
      const status = readFileSync(`/proc/${helper}/task/${thread}/status`, 'utf8');
      expect(status).toMatch(/NoNewPrivs:\s*1\n/);
      expect(status).toMatch(/Seccomp:\s*2\n/);
      expect(status).toMatch(/CapEff:\s*0+\n/);
    }
    const environment = readFileSync(`/proc/${helper}/environ`, 'utf8');
    expect(
      environment
        .split('\0')
        .map((entry) => entry.split('=')[0])
        .sort(),
    ).toEqual(
      ['', 'CONFINED', 'LD_LIBRARY_PATH', 'OPENSSL_CONF', 'UV_THREADPOOL_SIZE'].filter(
        (name) => name !== 'LD_LIBRARY_PATH' || process.env.LD_LIBRARY_PATH !== undefined,
      ),
    );
    expect(notices).toEqual([]);
  });

  test('goes on after the helper was killed, also on open files, and leaves no zombie', async () => {
    const tree = await open({ path });
    const fid = await tree.open('file', 2);
    const [first] = children();
    process.kill(first ?? 0, 'SIGKILL');
    await until(() => notices.length >= 1);
    expect(new TextDecoder().decode(await tree.read(fid, 0n, 100))).toBe('content');
    await tree.write(fid, 7n, new TextEncoder().encode(', more'));
    expect(await read(tree, 'file')).toBe('content, more');
    expect(children()).toHaveLength(1);
    expect(children()).not.toContain(first);
    expect(notices).toEqual([
      'the helper is lost: it was ended by SIGKILL; what was under way failed with EIO',
      'the helper is back',
    ]);
  });

  test('a helper that stands still is taken for dead, and the next one serves', async () => {
    // The next one has as long to begin, on a host that may be busy.
    const tree = await open({ path }, { intervalMs: 100, patience: 40 });
    const [first] = children();
    process.kill(first ?? 0, 'SIGSTOP');
    await expect(tree.readFile('file')).rejects.toMatchObject({ name: 'EIO' });
    await until(() => notices.includes('the helper is back'));
    expect(await read(tree, 'file')).toBe('content');
    expect(notices[0]).toBe('the helper is lost: it does not answer any more; what was under way failed with EIO');
    expect(children()).not.toContain(first);
  });

  test('ends with the process that started it, however that ends', async () => {
    const program = `
      const { spawn } = require('node:child_process');
      const [confine, ...args] = process.argv.slice(1);
      args.splice(args.indexOf('--parent') + 1, 1, String(process.pid));
      const child = spawn(confine, args, { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] });
      console.log(child.pid);
      setInterval(() => {}, 1000);`;
    const { confine, readable } = helperFiles();
    const config = { path, securityModel: 'none', readonly: true } as const;
    const args = launcherArguments(config, [...readable, '/bin', '/usr/bin'], ['/bin/sleep', '100']);
    const parent = spawn(process.execPath, ['-e', program, confine, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    const pid = await new Promise<number>((resolve) => parent.stdout.once('data', (text) => resolve(Number(text))));
    const lives = () => {
      try {
        return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
      } catch {
        return false;
      }
    };
    await until(() => lives() && readFileSync(`/proc/${pid}/comm`, 'utf8') === 'sleep\n');
    parent.kill('SIGKILL');
    await until(() => !lives());
  });

  test('a helper at a socket serves several, each by a process of its own, and is reached again', async () => {
    const socket = join(around, 'socket');
    const config = { path, securityModel: 'none', readonly: false, socket } as const;
    let service = await serveHelper(config, () => {});
    closing.push(() => service.close());
    const one = await open({ socket });
    const other = await openProxyShare({ socket });
    closing.push(async () => other.close());
    await until(() => children().length === 2);
    await expect(serveHelper(config, () => {})).rejects.toThrow(`somebody listens at ${socket} already`);
    await service.close();
    await until(() => notices.length >= 1);
    service = await serveHelper(config, () => {});
    expect(await read(one, 'file')).toBe('content');
  });

  test('a read-only helper refuses changes itself', async () => {
    const tree = await open({ path, readonly: true });
    await expect(tree.writeFile('new', 'x')).rejects.toMatchObject({ name: 'EROFS' });
    expect(await read(tree, 'file')).toBe('content');
  });

  test.each([
    ['a directory that is not there', () => ({ path: join(around, 'absent') }), /absent: no such directory/],
    ['a file', () => ({ path: join(path, 'file') }), /file: it is not a directory/],
    ['a socket nobody is at', () => ({ socket: join(around, 'none') }), /no helper: .*none: ENOENT; start one with/],
    ['two ways at once', () => ({ path, socket: '/s' }), /one of path, socket and sock_fd/],
    ['no way at all', () => ({}), /one of path, socket and sock_fd/],
  ] as const)('%s is refused in one line', async (_, config, line) => {
    const refused = openProxyShare(config());
    await expect(refused).rejects.toMatchObject({ name: 'UsageError', message: expect.stringMatching(line) });
  });

  test('something that is no helper is refused', async () => {
    const socket = join(around, 'socket');
    const server = createServer((client) => {
      client.resume().end('HTTP/1.1 400 Bad Request, this is no helper at all\r\n');
    });
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    closing.push(() => new Promise((resolve) => server.close(() => resolve())));
    await expect(openProxyShare({ socket })).rejects.toThrow('it speaks something else than the proxy protocol');
  });

  test('a helper without Landlock will not do where all is asked for', async () => {
    const socket = join(around, 'socket');
    const hello = { confined: CONFINED.seccomp | CONFINED.noNewPrivs, landlock: 0, readonly: 0 };
    const server = createServer((client) => {
      void serveLink(socketLink(client), { handler: createSession(createMemory()), hello, msize: 4_186_112 });
    });
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    closing.push(() => new Promise((resolve) => server.close(() => resolve())));
    await expect(openProxyShare({ socket, strict: true })).rejects.toThrow('without Landlock');
    await open({ socket });
    expect(notices).toEqual([expect.stringMatching(/^the helper is confined without Landlock/)]);
  });
});

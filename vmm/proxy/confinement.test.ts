import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CONFINED } from '../../ninep/backends/proxy/hello.ts';
import type { SecurityModel } from '../export-config.ts';
import { lackOf, launcherArguments } from './confinement.ts';
import { helperFiles } from './helper-files.ts';

const PROBE = fileURLToPath(new URL('./test-support/probe.mjs', import.meta.url));
const isRoot = process.geteuid?.() === 0;

interface Probed {
  readonly confined: string;
  readonly seccomp: number;
  readonly threads: readonly string[];
  readonly [attempt: string]: unknown;
}

describe('a confined helper', () => {
  const around = realpathSync(mkdtempSync(join(tmpdir(), 'confine-')));
  const share = join(around, 'share');
  const neighbour = join(around, 'neighbour');
  let server: Server;
  let port = 0;
  beforeAll(async () => {
    mkdirSync(share);
    writeFileSync(neighbour, 'secret', { mode: 0o600 });
    server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address !== null && typeof address === 'object') port = address.port;
  });
  afterAll(() => {
    server.close();
    rmSync(around, { recursive: true, force: true });
  });

  function launch(
    securityModel: SecurityModel,
    readonly: boolean,
    options: readonly string[],
  ): SpawnSyncReturns<string> {
    const { confine, node, readable } = helperFiles();
    const addon = join(dirname(confine), 'hostfs.node');
    const program = [node, PROBE, addon, share, '/etc/passwd', neighbour, String(port)];
    const plan = launcherArguments({ path: share, securityModel, readonly }, [...readable, dirname(PROBE)], program);
    return spawnSync(confine, [...options, ...plan], {
      encoding: 'utf8',
      env: { OPENSSL_CONF: '/tsvmm-none' },
      stdio: ['ignore', 'pipe', 'pipe', 'ignore'],
      timeout: 60_000,
    });
  }

  function probe(securityModel: SecurityModel, readonly: boolean, options: readonly string[] = []): Probed {
    const { stdout, stderr, status } = launch(securityModel, readonly, options);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return JSON.parse(stdout) as Probed;
  }

  /** With a root directory of its own what is outside does not exist; without, Landlock refuses it. */
  const ways: [string, readonly string[], string, number][] = [['by Landlock alone', ['--no-mounts'], 'EACCES', -13]];
  if (isRoot) ways.unshift(['in a root directory of its own', [], 'ENOENT', -2]);

  test.each(ways)('%s, reaches nothing outside its share from any thread', (_, options, error, number) => {
    const found = probe('none', false, options);
    expect(found.confined).toMatch(/landlock=\d/);
    expect(found).toMatchObject({
      seccomp: 0,
      main: error,
      pool: [error],
      native: number,
      worker: error,
      share: 'done',
      environ: 'EACCES',
      neighbour: error,
    });
    // Landlock is about opening files: what else takes a path, only a root directory of its own keeps away.
    if (options.length === 0) expect(found.chmod).toBe('ENOENT');
    // Whether the way is barred by seccomp or because nothing is there.
    expect(found.exec).toBe('EPERM');
    expect(found.connect).toBe('EPERM');
    // All of them: those that were there before the first line of the program ran as well.
    expect(found.threads.length).toBeGreaterThan(5);
    for (const thread of found.threads) expect(thread).toMatch(/^1 2 0{16} /);
    if (isRoot) for (const thread of found.threads) expect(thread).toBe(`1 2 ${'0'.repeat(16)} ${'0'.repeat(16)}`);
  });

  test('may not write to a share that is read-only', () => {
    expect(probe('none', true).share).toBe(isRoot ? 'EROFS' : 'EACCES');
    expect(probe('none', true, ['--no-mounts']).share).toBe('EACCES');
  });

  (isRoot ? test : test.skip)('keeps the capabilities of its security model, and no others', () => {
    const kept = ((1n << 0n) | (1n << 1n) | (1n << 3n) | (1n << 4n) | (1n << 27n) | (1n << 31n)).toString(16);
    const expected = kept.padStart(16, '0');
    for (const thread of probe('passthrough', false).threads) expect(thread).toBe(`1 2 ${expected} ${expected}`);
  });

  test.each([
    [['--share', '/nonexistent', '--', '/bin/true'], 125, /^confine: cannot find? .*\/nonexistent: No such file/],
    [['--share', 'relative', '--', '/bin/true'], 2, /^confine: --share needs an absolute path/],
    [['--share', '/'], 2, /^confine: no program/],
    [['--share', '/', '--frobnicate', 'x', '--', '/bin/true'], 2, /^confine: unknown option --frobnicate/],
    [['--share', '/', '--keep', 'x', '--', '/bin/true'], 2, /^confine: not a number: x/],
    [['--parent', '1', '--share', '/', '--', '/bin/true'], 125, /^$/],
  ] as const)('the launcher refuses %j', (args, status, stderr) => {
    const result = spawnSync(helperFiles().confine, args, { encoding: 'utf8' });
    expect(result.status).toBe(status);
    expect(result.stderr.replace('cannot open', 'cannot find')).toMatch(stderr);
  });

  test('what the kernel could not do is said in one line', () => {
    const all = Object.values(CONFINED).reduce((bits, bit) => bits | bit, 0);
    const hello = { protocol: 1, confined: all, landlock: 7, readonly: 0 };
    expect(lackOf(hello)).toBeUndefined();
    expect(lackOf({ ...hello, confined: all & ~CONFINED.landlock })).toBe(
      'the helper is confined without Landlock, so it can open what its user can (Linux 5.19 has it)',
    );
  });
});

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type ServeProcess, startServe } from '../support/serve-process.ts';
import { runProcess } from '../support/tsvmm.ts';

/** diod's programs are in directories that are not always searched. */
const PATH = `${process.env.PATH}:/usr/sbin:/sbin`;
const isInstalled = (program: string): boolean =>
  spawnSync('sh', ['-c', `command -v ${program}`], { env: { PATH } }).status === 0;
const withDiod = isInstalled('diodls') ? describe : describe.skip;
const reason = isInstalled('diodls') ? '' : ' (skipped: the Debian package diod is not installed)';

const scratch = mkdtempSync(join(tmpdir(), 'tsvmm-diod-'));
const directory = join(scratch, 'share');
const socket = join(scratch, 's');
const large = Buffer.alloc(3_000_001, 'twelve bytes');
let server: ServeProcess;

/** Runs one of diod's programs, for a minute at most. */
function diod(program: string, ...args: readonly string[]) {
  return runProcess('env', [`PATH=${PATH}`, program, ...args], { timeoutMs: 280_000 });
}

afterAll(() => rmSync(scratch, { recursive: true }));

withDiod(`diod's tools${reason}`, () => {
  beforeAll(async () => {
    mkdirSync(join(directory, 'sub'), { recursive: true });
    mkdirSync(join(scratch, 'other'));
    writeFileSync(join(directory, 'a'), 'hello\n');
    writeFileSync(join(directory, 'large'), large);
    writeFileSync(join(directory, 'sub', 'deep'), 'deep down\n');
    writeFileSync(join(scratch, 'other', 'b'), 'of the other\n');
    symlinkSync('a', join(directory, 'link'));
    const shares = ['--fsdev', `local,id=share,path=${directory}`, '--fsdev', `local,id=other,path=${scratch}/other`];
    server = await startServe([...shares, '--ctl', '--listen', `unix:${socket}`, '--listen', 'tcp:127.0.0.1:0'], 2);
  }, 300_000);

  afterAll(async () => {
    expect(await server?.end('SIGTERM')).toEqual({ status: 0, stderr: '' });
    expect(readdirSync(scratch)).not.toContain('s');
  });

  /** The server as diod's tools name it: a path, or host and port. */
  const places = { unix: () => socket, tcp: () => (server.addresses[1] ?? '').replace('tcp:', '') };

  describe.each(['unix', 'tcp'] as const)('over %s', (kind) => {
    test('diodls lists names, kinds and sizes', async () => {
      const { status, stdout } = await diod('diodls', '-l', '-s', places[kind](), '-a', 'share');
      const lines = stdout
        .trim()
        .split('\n')
        .map((line) => line.split(/\s+/));
      const seen = lines.map((words) => [words[0]?.slice(0, 10), words[4], words.at(-1)]);
      expect(status).toBe(0);
      expect(seen).toContainEqual(['-rw-r--r--', '6', 'a']);
      expect(seen).toContainEqual(['-rw-r--r--', String(large.length), 'large']);
      expect(seen.map(([, , name]) => name).sort()).toEqual(['.', '..', 'a', 'large', 'link', 'sub']);
    }, 300_000);

    test('diodcat reads files whole, at every msize', async () => {
      for (const msize of ['8192', '65536', '1048576']) {
        const { status, stdout } = await diod('diodcat', '-s', places[kind](), '-m', msize, '-a', directory, 'large');
        expect([status, stdout === large.toString()]).toEqual([0, true]);
      }
    }, 180_000);

    test('shares are told apart by aname, and an unknown one is refused', async () => {
      const other = await diod('diodcat', '-s', places[kind](), '-a', 'other', 'b');
      expect([other.status, other.stdout]).toEqual([0, 'of the other\n']);
      const deep = await diod('diodcat', '-s', places[kind](), '-a', 'share', 'sub/deep');
      expect([deep.status, deep.stdout]).toEqual([0, 'deep down\n']);
      const none = await diod('diodls', '-s', places[kind](), '-a', 'none');
      expect(none.status).not.toBe(0);
      expect(none.stderr).toContain('No such file or directory');
    }, 300_000);

    test('dioddate and diodshowmount read the ctl tree', async () => {
      const { status, stdout } = await diod('dioddate', '-s', places[kind]());
      expect(status).toBe(0);
      expect(stdout).toContain(String(new Date().getUTCFullYear()));
      const mounts = await diod('diodshowmount', '-l', '-s', places[kind]());
      expect([mounts.status, mounts.stdout]).toEqual([0, kind === 'unix' ? 'localhost\n' : '127.0.0.1\n']);
    }, 300_000);

    test('diodload copies with many threads without an error', async () => {
      const { status, stderr } = await diod('diodload', '-s', places[kind](), '-r', '1', '-n', '16');
      expect(status).toBe(0);
      expect(Number(/^diodload: (\d+) ops\/s.*\n$/.exec(stderr)?.[1])).toBeGreaterThan(0);
    }, 300_000);
  });
});

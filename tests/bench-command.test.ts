import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from '@jest/globals';
import type { Row } from '../bench/compare/results.ts';
import { runProcess } from './support/tsvmm.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const QEMU = 'qemu-system-x86_64';
const withoutQemu =
  spawnSync(QEMU, ['--version']).status === 0 ? undefined : `${QEMU} is not installed: apt-get install qemu-system-x86`;
const LIMIT_MS = 240_000;

const scratch = mkdtempSync(join(tmpdir(), 'tsvmm-bench-command-'));
afterAll(() => rmSync(scratch, { recursive: true }));

/** `npm run bench`, with its files in `scratch`. */
function bench(...args: string[]) {
  const command = [`TMPDIR=${scratch}`, process.execPath, 'scripts/run.mjs', 'bench/compare.ts', ...args];
  return runProcess('env', command, { cwd: ROOT, timeoutMs: LIMIT_MS });
}

/** Processes that have `text` in their arguments. */
function processesWith(text: string): string[] {
  const numbers = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return numbers.flatMap((number) => {
    try {
      const words = readFileSync(`/proc/${number}/cmdline`, 'utf8');
      return words.includes(text) ? [words.replaceAll('\0', ' ')] : [];
    } catch {
      return [];
    }
  });
}

describe('npm run bench', () => {
  test.each([
    [['--only', 'fly'], /^bench: 'fly' is no operation; give some of [^\n]+\n$/],
    [['--runs', 'many'], /^bench: --runs has 'many'; give a whole number from 1 to 1000\n$/],
    [['--accel', 'tcg', '--qemu', '/nowhere/qemu'], /^bench: \/nowhere\/qemu is no QEMU that runs here; [^\n]+\n$/],
  ])(
    'refuses %j with one line and status 2',
    async (args, line) => {
      expect(await bench(...args)).toEqual({ status: 2, stdout: '', stderr: expect.stringMatching(line) });
    },
    LIMIT_MS,
  );

  const onlyWithoutKvm = existsSync('/dev/kvm') ? test.skip : test;
  onlyWithoutKvm(
    'asked for KVM where there is none says so, and what can be measured without it, with status 125 [needs a host without /dev/kvm]',
    async () => {
      const { status, stdout, stderr } = await bench('--accel', 'kvm');
      expect({ status, stdout }).toEqual({ status: 125, stdout: '' });
      expect(stderr).toContain('/dev/kvm cannot be opened (ENOENT)');
      expect(stderr).toContain('without it, --accel qtest compares the devices alone');
    },
    LIMIT_MS,
  );

  const run = withoutQemu === undefined ? test : test.skip;
  run(
    `ends on SIGTERM with status 130, its machine and its files with it${withoutQemu === undefined ? '' : ` [${withoutQemu}]`}`,
    async () => {
      const command = ['scripts/run.mjs', 'bench/compare.ts', '--accel', 'tcg', '--only', 'getattr', '--ms', '60000'];
      const child = spawn(process.execPath, command, { cwd: ROOT, env: { ...process.env, TMPDIR: scratch } });
      const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
      const killer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
      for await (const line of createInterface({ input: child.stderr })) {
        if (line.startsWith('run 1 of 5')) setTimeout(() => child.kill('SIGTERM'), 500);
      }
      expect(await closed).toBe(130);
      clearTimeout(killer);
      expect(processesWith(scratch)).toEqual([]);
      expect(readdirSync(scratch)).toEqual([]);
    },
    LIMIT_MS,
  );

  run(
    `measures QEMU's interpreter beside bare system calls, as a table and as JSON${withoutQemu === undefined ? '' : ` [${withoutQemu}]`}`,
    async () => {
      const json = join(scratch, 'figures.json');
      const args = [
        '--accel',
        'tcg',
        '--only',
        'getattr,read-512k:2,readdir-50',
        '--runs',
        '2',
        '--ms',
        '30',
        '--warm',
        '5',
      ];
      const { status, stdout } = await bench(...args, '--devices', '1,3', '--json', json);
      expect(status).toBe(0);
      expect(stdout).toContain('no figures of a machine with KVM');
      expect(stdout).toMatch(/^\| getattr \| [\d.,]+ us ±\d+% \| [\d.,]+ us \| 1\.00 \| [\d.,]+ us ±\d+% \|$/m);
      expect(stdout).toContain('| QEMU: speed against 256 MiB, devices: 1, fids held: 0 |');
      const { host, setups } = JSON.parse(readFileSync(json, 'utf8'));
      expect(host).toMatchObject({ accel: 'tcg', qemu: expect.stringMatching(/^\d/) });
      expect(setups).toHaveLength(2);
      const rows: Row[] = setups[0].rows;
      expect(rows.map(({ name }) => name)).toEqual(['getattr', 'read-512k:2', 'readdir-50', 'resident']);
      for (const { columns } of rows.slice(0, 3)) {
        expect(columns.QEMU?.runs).toHaveLength(2);
        expect(columns.QEMU?.figure.median).toBeGreaterThan(0);
        expect(columns['bare system calls']?.runs).toHaveLength(2);
      }
      // A system call is not a machine's whole way to one.
      expect(rows[0]?.columns.QEMU?.toLimit?.median).toBeLessThan(1);
      expect(readdirSync(scratch)).toEqual(['figures.json']);
    },
    LIMIT_MS,
  );
});

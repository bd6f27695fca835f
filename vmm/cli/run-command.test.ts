import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import type { VirtualMachineConfig } from '../config.ts';
import type { MachineReport } from '../dry-run/machine-report.ts';
import { showReport } from '../dry-run/show-report.ts';
import type { Finding } from '../host/finding.ts';
import { showFindings } from '../host/table.ts';
import { HostError, UsageError } from '../usage-error.ts';
import { FakeProcess } from './test-support/fake-process.ts';
import { run } from './test-support/fake-run.ts';

const scratch = mkdtempSync(join(tmpdir(), 'tsvmm-cli-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const SHARE = ['--virtfs', `local,path=${scratch},mount_tag=host`];

describe('--dry-run', () => {
  const REPORT: MachineReport = {
    accelerator: 'software',
    cpus: 1,
    memory: { bytes: 2 ** 28, map: [] },
    ports: [],
    pci: [],
    mmio: [],
    shares: [],
    devices: [],
    boot: { kernel: { path: '/k', state: 'present' }, commandLine: 'quiet' },
  };

  function describeOnly(args: readonly string[], io = new FakeProcess()) {
    const asked: VirtualMachineConfig[] = [];
    const { configs, status } = run(['run', ...args], io, {
      describeMachine: async (config, hooks) => {
        asked.push(config);
        hooks.notice?.('a hint');
        return REPORT;
      },
    });
    return { io, asked, configs, status };
  }

  test.each<[string[], string, 'shell' | 'commands']>([
    [['--dry-run'], showReport(REPORT), 'shell'],
    [['--dry-run=text', '--', 'ls'], showReport(REPORT), 'commands'],
    [['--dry-run', 'json', '--', 'ls'], `${JSON.stringify(REPORT, null, 2)}\n`, 'commands'],
  ])('%j prints the machine and starts none', async (args, text, session) => {
    const { io, asked, configs, status } = describeOnly([...SHARE, ...args]);
    expect(await status).toBe(0);
    expect([io.stdout.text, io.stderr.text]).toEqual([text, 'tsvmm: a hint\n']);
    expect(asked).toMatchObject([{ session, shares: [{ path: scratch, mountTag: 'host' }] }]);
    expect(configs).toEqual([]);
  });

  test('the terminal is told of as it would be', async () => {
    const { asked, status } = describeOnly(['--dry-run'], new FakeProcess().onTerminal());
    expect(await status).toBe(0);
    expect(asked).toMatchObject([{ terminal: { rows: 24, columns: 80, term: 'xterm' } }]);
  });

  test.each([
    [['--dry-run=xml'], "tsvmm: --dry-run: 'xml' is unknown; the values are text, json\n"],
    [['--dry-run', '--smp', '0'], 'tsvmm: --smp: cpus 0 is out of range; it goes from 1 to 16\n'],
    [
      ['--dry-run', '--virtfs', `local,path=${scratch}/none,mount_tag=host`],
      `tsvmm: share host: ${scratch}/none does not exist; make it with mkdir -p, or correct the path\n`,
    ],
  ])('%j is refused as without it', async (args, line) => {
    const { io, asked, status } = describeOnly(args);
    expect(await status).toBe(2);
    expect([io.stdout.text, io.stderr.text, asked]).toEqual(['', line, []]);
  });
});

describe('failures before the guest runs', () => {
  test.each<[string, Error, number, RegExp]>([
    ['UsageError', new UsageError('--kernel: no kernel'), 2, /^tsvmm: --kernel: no kernel\n$/],
    ['HostError', new HostError('/dev/kvm is missing'), 125, /^tsvmm: \/dev\/kvm is missing\n$/],
    ['our bug', new TypeError('x is not a function'), 125, /^tsvmm: internal error: x is not a function\n[\s\S]*at /],
  ])('%s becomes its line and status', async (_name, error, status, line) => {
    const { io, status: got } = run(['run'], undefined, { createMachine: () => Promise.reject(error) });
    expect(await got).toBe(status);
    expect(io.stderr.text).toMatch(line);
    expect(io.stdout.text).toBe('');
    expect(io.listeners).toEqual([]);
  });

  test('a bad option makes one line and no machine', async () => {
    const { io, configs, status } = run(['run', '--kernal']);
    expect(await status).toBe(2);
    expect(io.stderr.text).toBe("tsvmm: unknown option '--kernal'; did you mean --kernel?\n");
    expect(configs).toEqual([]);
  });

  test('control characters of a bad option do not reach the terminal', async () => {
    const { io, status } = run(['run', '--x\u001b[2J\n']);
    expect(await status).toBe(2);
    expect(io.stderr.text).toBe("tsvmm: unknown option '--x\\x1b[2J\\n'; see tsvmm run --help\n");
  });

  test.each<[string, string[], string]>([
    [
      'a missing share',
      ['--virtfs', `local,path=${scratch}/none,mount_tag=host`],
      `share host: ${scratch}/none does not exist; make it with mkdir -p, or correct the path`,
    ],
    [
      'a share that is a file',
      ['--virtfs', 'local,path=/etc/passwd,mount_tag=host'],
      'share host: /etc/passwd is not a directory; share the directory it is in',
    ],
    [
      'a share that is a device',
      ['--virtfs', 'local,path=/dev/null,mount_tag=host'],
      'share host: /dev/null is not a directory; share the directory it is in',
    ],
    [
      'a missing root',
      ['--root', `${scratch}/none`],
      `--root: ${scratch}/none does not exist; make it with mkdir -p, or correct the path`,
    ],
    [
      'a missing kernel',
      ['--kernel', `${scratch}/bzImage`],
      `--kernel: ${scratch}/bzImage does not exist; correct the path, or leave --kernel out for tsvmm's own`,
    ],
    [
      'a kernel that is a directory',
      ['--kernel', scratch],
      `--kernel: ${scratch} is not a file; correct the path, or leave --kernel out for tsvmm's own`,
    ],
    [
      'a missing initrd',
      ['--initrd', `${scratch}/i`],
      `--initrd: ${scratch}/i does not exist; correct the path, or leave --initrd out`,
    ],
    [
      'a trace file in no directory',
      ['--trace', `${scratch}/none/t`],
      `--trace: ${scratch}/none/t lies in a directory that does not exist; name a file that can be written, or none for stderr`,
    ],
    [
      'a trace file that is a directory',
      ['--trace', scratch],
      `--trace: ${scratch} is a directory; name a file that can be written, or none for stderr`,
    ],
  ])('%s', async (_name, args, line) => {
    const { io, configs, status } = run(['run', ...args]);
    expect(await status).toBe(2);
    expect(io.stderr.text).toBe(`tsvmm: ${line}\n`);
    expect(configs).toEqual([]);
  });

  test('a signal while the machine is made ends the process', async () => {
    const io = new FakeProcess();
    run(['run'], io, { createMachine: () => new Promise(() => {}) });
    io.events.emit('SIGTERM');
    expect(io.exits).toEqual([143]);
  });
});

describe('other commands', () => {
  test.each([
    [['kernel', 'build'], 'build false\n'],
    [['kernel', 'clean', '--downloads'], 'clean true\n'],
  ])('%j prints its lines', async (args, expected) => {
    const { io, status } = run(args);
    expect([await status, io.stdout.text, io.stderr.text]).toEqual([0, expected, '']);
  });

  const LACK: Finding = { check: '/dev/kvm', state: 'bad', found: 'does not exist', remedy: 'load it' };

  test('doctor gives 1 where guests cannot run, and 0 where they can', async () => {
    const ill = run(['doctor'], undefined, { inspectHost: async () => [LACK] });
    expect([await ill.status, ill.io.stdout.text]).toEqual([1, showFindings([LACK])]);
    const well = run(['doctor'], undefined, { inspectHost: async () => [{ ...LACK, state: 'warn' }] });
    expect(await well.status).toBe(0);
  });

  test('doctor --json prints the findings', async () => {
    const { io, status } = run(['doctor', '--json'], undefined, { inspectHost: async () => [LACK] });
    expect(await status).toBe(1);
    expect(JSON.parse(io.stdout.text)).toEqual([LACK]);
  });

  test('a kernel that cannot be built is one line and status 125', async () => {
    const kernel = () => Promise.reject(new HostError('gcc is missing; install it with: sudo apt-get install gcc'));
    const { io, status } = run(['kernel', 'build'], undefined, { kernel });
    expect(await status).toBe(125);
    expect(io.stderr.text).toBe('tsvmm: gcc is missing; install it with: sudo apt-get install gcc\n');
  });
});

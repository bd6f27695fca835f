import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import type { VirtualMachineConfig } from '../config.ts';
import type { MachineReport } from '../dry-run/machine-report.ts';
import { showReport } from '../dry-run/show-report.ts';
import type { Finding } from '../host/finding.ts';
import { showFindings } from '../host/table.ts';
import { HostError, UsageError } from '../usage-error.ts';
import type { MachineFactory } from './machine-port.ts';
import { type CommandLineParts, runCommand } from './run-command.ts';
import { FakeMachine, FakeProcess } from './test-support/fake-process.ts';

const scratch = mkdtempSync(join(tmpdir(), 'tsvmm-cli-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const SHARE = ['--virtfs', `local,path=${scratch},mount_tag=host`];

/** A run with fakes: the process, the machine, the configuration it was made with, and the status to come. */
function run(args: readonly string[], io = new FakeProcess(), parts: Partial<CommandLineParts> = {}) {
  const machine = new FakeMachine();
  const configs: VirtualMachineConfig[] = [];
  const createMachine: MachineFactory = async (config, hooks) => {
    configs.push(config);
    hooks.trace?.('host: Tversion tag 65535');
    hooks.notice?.('a hint\nin two lines');
    return machine;
  };
  const status = runCommand(args, io, {
    version: '1.2.3',
    createMachine,
    serve: () => Promise.reject(new Error('nothing is served here')),
    describeMachine: () => Promise.reject(new Error('no machine is described here')),
    startQtest: () => Promise.reject(new Error('nothing is driven here')),
    openMonitors: () => Promise.reject(new Error('there are no monitors here')),
    proxyHelper: () => Promise.reject(new Error('no helper is asked for here')),
    kernel: async (action, { downloads }) => [`${action} ${downloads}`],
    inspectHost: async () => [],
    ...parts,
  });
  return { io, machine, configs, status };
}

const NOTICE = 'tsvmm: a hint\\nin two lines\n';

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

describe('the console', () => {
  test('a guest that powers off ends the run with one line and status 0', async () => {
    const { io, machine, configs, status } = run(['run', ...SHARE]);
    await machine.started();
    machine.say('~ # poweroff\r\n');
    machine.finish('power-off');
    expect(await status).toBe(0);
    expect(io.stdout.text).toBe('~ # poweroff\r\n');
    expect(io.stderr.text).toBe(`${NOTICE}tsvmm: the guest powered off\n`);
    expect(configs).toEqual([
      {
        shares: [{ path: scratch, mountTag: 'host' }],
        cwd: '/mnt/host',
        session: 'shell',
        onReboot: 'restart',
      },
    ]);
    expect(io.listeners).toEqual([]);
  });

  test.each([
    ['halted', 120, 'the guest halted: every CPU waits with interrupts off'],
    ['reset', 121, 'the guest reset the machine'],
    ['panic', 122, 'the guest kernel panicked'],
    ['triple-fault', 123, 'triple fault: a CPU met an exception it could not deliver, and shut down'],
  ] as const)('%s ends it with status %i', async (reason, expected, line) => {
    const { io, machine, status } = run(['run']);
    await machine.started();
    machine.finish(reason);
    expect(await status).toBe(expected);
    expect(io.stderr.text).toBe(`${NOTICE}tsvmm: ${line}\n`);
  });

  test('a guest that begins anew is told of on a line of its own, with the terminal put back, and goes on', async () => {
    const { io, machine, status } = run(['run'], new FakeProcess().onTerminal());
    await machine.started();
    machine.say('\u001b[?1049hhalf');
    machine.events.emit('reset', { line: 'the guest reset the machine: it boots again' });
    machine.say('login: ');
    machine.finish('power-off');
    expect(await status).toBe(0);
    expect(io.stdout.text).toBe('\u001b[?1049hhalf\u001b[?1049l\u001b[m\nlogin: \n');
    expect(io.stderr.text).toContain('tsvmm: the guest reset the machine: it boots again\n');
  });

  test.each([
    [['run'], 'restart'],
    [['run', '--no-reboot'], 'end'],
    [['run', '--', 'true'], undefined],
    [['run', '-no-reboot', '--', 'true'], 'end'],
  ])('%j: a reset makes the machine %s', async (args, onReboot) => {
    const { machine, configs, status } = run(args);
    await machine.started();
    machine.finish('reset');
    expect(await status).toBe(121);
    expect(configs[0]?.onReboot).toBe(onReboot);
  });

  test('the report of an error follows its line, control characters made visible', async () => {
    const { io, machine, status } = run(['run']);
    await machine.started();
    machine.finish('error', 'KVM_RUN: emulation failed', 'rip 0x1000\ncode 0f c7 \u0007');
    expect(await status).toBe(125);
    expect(io.stderr.text).toBe(
      `${NOTICE}tsvmm: the host could not go on running the guest: KVM_RUN: emulation failed\n  rip 0x1000\n  code 0f c7 \\x07\n`,
    );
  });

  test('a pipe is read once the guest has spoken, and its end is Ctrl-D', async () => {
    const { io, machine, status } = run(['run']);
    io.stdin.end('ls\n');
    await machine.started();
    expect(machine.typed).toEqual([]);
    machine.say('~ # ');
    await new Promise((resolve) => io.stdin.on('end', resolve));
    await new Promise(setImmediate);
    expect(machine.typed).toEqual([0x6c, 0x73, 0x0a, 0x04]);
    machine.finish('power-off');
    expect(await status).toBe(0);
    expect(io.stdin.modes).toEqual([]);
  });

  test('on a terminal it is raw while the guest runs, and knows its size and name', async () => {
    const { io, machine, configs, status } = run(['run'], new FakeProcess().onTerminal());
    await machine.started();
    expect(io.stdin.modes).toEqual([true]);
    io.stdin.write(Uint8Array.of(0x03, 0x61));
    await new Promise(setImmediate);
    expect(machine.typed).toEqual([0x03, 0x61]);
    machine.say('half a line');
    machine.finish('power-off');
    expect(await status).toBe(0);
    expect(io.stdin.modes).toEqual([true, false]);
    expect(io.stdout.text).toBe('half a line\n');
    expect(configs[0]?.terminal).toEqual({ rows: 24, columns: 80, term: 'xterm' });
    expect(io.listeners).toEqual([]);
  });

  test.each([[undefined], [''], ['xterm quiet init=/bin/sh'], ['x'.repeat(65)]])(
    'TERM %j is replaced',
    async (term) => {
      const io = new FakeProcess().onTerminal();
      io.env.TERM = term;
      const { machine, configs, status } = run(['run'], io);
      await machine.started();
      machine.finish('power-off');
      await status;
      expect(configs[0]?.terminal?.term).toBe('vt100');
    },
  );

  test('Ctrl-A x stops the machine with status 0', async () => {
    const { io, machine, status } = run(['run'], new FakeProcess().onTerminal());
    await machine.started();
    io.stdin.write(Uint8Array.of(0x01, 0x78));
    expect(await status).toBe(0);
    expect(io.stderr.text).toMatch(/tsvmm: stopped by request\n$/);
    expect(io.stdin.modes).toEqual([true, false]);
  });

  test.each([
    ['SIGHUP', 129],
    ['SIGINT', 130],
    ['SIGQUIT', 131],
    ['SIGTERM', 143],
  ])('%s stops the machine, restores the terminal and gives %i', async (signal, expected) => {
    const { io, machine, status } = run(['run'], new FakeProcess().onTerminal());
    await machine.started();
    io.events.emit(signal);
    expect(await status).toBe(expected);
    expect(machine.stops).toBeGreaterThan(0);
    expect(io.stderr.text).toMatch(new RegExp(`tsvmm: stopped by ${signal}\n$`));
    expect(io.stdin.modes).toEqual([true, false]);
  });

  test('a second signal does not wait for a machine that will not stop', async () => {
    const { io, machine, status } = run(['run']);
    await machine.started();
    machine.obeys = false;
    io.events.emit('SIGTERM');
    expect(io.exits).toEqual([]);
    io.events.emit('SIGINT');
    expect(io.exits).toEqual([130]);
    machine.finish('stopped');
    await status;
  });

  test.each(['exit', 'uncaughtExceptionMonitor'])('the terminal is restored on %s', async (event) => {
    const { io, machine, status } = run(['run'], new FakeProcess().onTerminal());
    await machine.started();
    io.events.emit(event);
    expect(io.stdin.modes).toEqual([true, false]);
    machine.finish('power-off');
    await status;
    expect(io.stdin.modes).toEqual([true, false]);
  });

  test('suspended and continued, the terminal is lent back meanwhile', async () => {
    const { io, machine, status } = run(['run'], new FakeProcess().onTerminal());
    await machine.started();
    io.events.emit('SIGTSTP');
    expect([io.stdin.modes, io.suspensions]).toEqual([[true, false], 1]);
    io.events.emit('SIGCONT');
    expect(io.stdin.modes).toEqual([true, false, true]);
    machine.finish('power-off');
    await status;
  });

  test('output that nobody reads any more stops the machine quietly', async () => {
    const { io, machine, status } = run(['run']);
    await machine.started();
    io.stdout.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    expect(await status).toBe(141);
    expect(io.stderr.text).toBe(NOTICE);
  });

  test('a machine that cannot start is stopped all the same', async () => {
    const machine = new FakeMachine();
    machine.start = () => {
      throw new HostError('KVM_RUN failed');
    };
    const { io, status } = run(['run'], new FakeProcess().onTerminal(), { createMachine: async () => machine });
    expect(await status).toBe(125);
    expect(machine.stops).toBe(1);
    expect(io.stdin.modes).toEqual([]);
    expect(io.listeners).toEqual([]);
  });

  test('a trace goes to its file, or to stderr', async () => {
    const file = join(scratch, 'trace');
    const toFile = run(['run', '--trace', file]);
    toFile.machine.finish('power-off');
    await toFile.status;
    expect(readFileSync(file, 'utf8')).toBe('host: Tversion tag 65535\n');
    const toStderr = run(['run', '--trace']);
    toStderr.machine.finish('power-off');
    await toStderr.status;
    expect(toStderr.io.stderr.text).toMatch(/^host: Tversion tag 65535\n/);
  });
});

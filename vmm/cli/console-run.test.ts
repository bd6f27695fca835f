import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { HostError } from '../usage-error.ts';
import { FakeMachine, FakeProcess } from './test-support/fake-process.ts';
import { NOTICE, run } from './test-support/fake-run.ts';

const scratch = mkdtempSync(join(tmpdir(), 'tsvmm-cli-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const SHARE = ['--virtfs', `local,path=${scratch},mount_tag=host`];

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

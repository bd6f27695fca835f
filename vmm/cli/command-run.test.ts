import { PassThrough } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { machineEnd } from '../exit-status.ts';
import { runInGuest } from './command-run.ts';
import { SignalWatch } from './signals.ts';
import { FakeMachine, FakeProcess } from './test-support/fake-process.ts';

const COMMAND = { argv: ['cat', '-'], env: { A: '1' }, cwd: '/mnt/host' };

function run(io = new FakeProcess(), verbose = false) {
  const machine = new FakeMachine();
  const signals = new SignalWatch(io.events, () => {});
  const status = runInGuest(machine, COMMAND, io, signals, verbose);
  return { io, machine, status };
}

const bytes = (text: string) => Buffer.from(text);

describe('a command in the guest', () => {
  test.each([0, 1, 126, 127, 137, 255])('its status %i is that of the run, without a line', async (expected) => {
    const { io, machine, status } = run();
    const command = await machine.command();
    expect([command.argv, command.streams.env, command.streams.cwd]).toEqual([['cat', '-'], { A: '1' }, '/mnt/host']);
    command.finish(expected);
    expect(await status).toBe(expected);
    expect(io.stderr.text).toBe('');
  });

  test('stdout and stderr stay apart, and the console is not among them', async () => {
    const { io, machine, status } = run();
    const { streams, finish } = await machine.command();
    machine.say('[    0.0] Linux version');
    await streams.onStdout?.(bytes('out'));
    await streams.onStderr?.(bytes('err'));
    finish(0);
    await status;
    expect([io.stdout.text, io.stderr.text]).toEqual(['out', 'err']);
  });

  test('with --verbose the console goes to stderr', async () => {
    const { io, machine, status } = run(undefined, true);
    const { finish } = await machine.command();
    machine.say('[    0.0] Linux version\n');
    finish(0);
    await status;
    expect([io.stdout.text, io.stderr.text]).toEqual(['', '[    0.0] Linux version\n']);
  });

  test('stdin reaches it, end included, and is never raw', async () => {
    const { io, machine, status } = run();
    const { streams, finish } = await machine.command();
    io.stdin.end('one\ntwo\n');
    let text = '';
    for await (const chunk of streams.stdin ?? []) text += Buffer.from(chunk).toString();
    expect(text).toBe('one\ntwo\n');
    finish(0);
    await status;
    expect(io.stdin.modes).toEqual([]);
  });

  test('a stdin that cannot be read counts as ended', async () => {
    const { io, machine, status } = run();
    const { streams, finish } = await machine.command();
    io.stdin.destroy(Object.assign(new Error('read EISDIR'), { code: 'EISDIR' }));
    const chunks = [];
    for await (const chunk of streams.stdin ?? []) chunks.push(chunk);
    expect(chunks).toEqual([]);
    finish(0);
    await status;
    expect(io.stderr.text).toBe('tsvmm: stdin cannot be read and counts as ended: EISDIR\n');
  });

  test('a reader that does not read holds the writer back', async () => {
    const narrow = new PassThrough({ highWaterMark: 4 });
    const io = Object.assign(new FakeProcess(), { stdout: narrow });
    const { machine, status } = run(io);
    const { streams, finish } = await machine.command();
    let isTaken = false;
    const taken = Promise.resolve(streams.onStdout?.(bytes('more than four bytes'))).then(() => {
      isTaken = true;
    });
    await new Promise(setImmediate);
    expect(isTaken).toBe(false);
    narrow.resume();
    await taken;
    finish(0);
    await status;
  });

  test.each([
    ['SIGINT', 2, 130],
    ['SIGTERM', 15, 143],
  ])('%s goes to the command first, the second stops the machine', async (signal, number, expected) => {
    const { io, machine, status } = run();
    const command = await machine.command();
    io.events.emit(signal);
    expect([command.signals, machine.stops]).toEqual([[number], 0]);
    io.events.emit(signal);
    expect(command.signals).toEqual([number]);
    expect(await status).toBe(expected);
    expect(io.stderr.text).toBe(`tsvmm: stopped by ${signal}\n`);
  });

  test('a command ended by a forwarded signal gives its own status', async () => {
    const { io, machine, status } = run();
    const command = await machine.command();
    io.events.emit('SIGINT');
    command.finish(130);
    expect(await status).toBe(130);
    expect([machine.stops, io.stderr.text]).toEqual([0, '']);
  });

  test('SIGHUP stops the machine at once', async () => {
    const { io, machine, status } = run();
    await machine.command();
    io.events.emit('SIGHUP');
    expect(await status).toBe(129);
  });

  test('a signal before the command runs stops the machine', async () => {
    const machine = new FakeMachine();
    const io = new FakeProcess();
    let fail: (error: Error) => void = () => {};
    const start = new Promise<void>((_, reject) => {
      fail = reject;
    });
    const stuck = Object.assign(machine, { start: () => start });
    const status = runInGuest(stuck, COMMAND, io, new SignalWatch(io.events, () => {}), false);
    io.events.emit('SIGINT');
    expect(machine.stops).toBe(1);
    fail(new Error('stopped while starting'));
    await expect(status).rejects.toThrow('stopped while starting');
  });

  test('a machine that ends first gives its line and status', async () => {
    const { io, machine, status } = run();
    const command = await machine.command();
    machine.finish('panic', 'no init');
    command.fail(new Error('the machine ended'));
    expect(await status).toBe(122);
    expect(io.stderr.text).toBe('tsvmm: the guest kernel panicked: no init\n');
  });

  test('a command that fails just before the machine ends does the same', async () => {
    const { io, machine, status } = run();
    const command = await machine.command();
    command.fail(new Error('the machine ended'));
    setImmediate(() => machine.end(machineEnd('reset')));
    expect(await status).toBe(121);
    expect(io.stderr.text).toBe('tsvmm: the guest reset the machine\n');
  });

  test('output that nobody reads any more stops the machine quietly', async () => {
    const { io, machine, status } = run();
    await machine.command();
    io.stdout.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    expect(await status).toBe(141);
    expect(io.stderr.text).toBe('');
  });
});

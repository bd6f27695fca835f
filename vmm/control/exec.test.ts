import { describe, expect, test } from '@jest/globals';
import { execute } from './exec.ts';
import { type GuestCommand, GuestControl, type RunningCommand } from './guest-control.ts';
import { settled } from './test-support/turns.ts';

const bytes = (words: string) => new TextEncoder().encode(words);

/** A control that shows what it was asked to run. */
class FakeControl extends GuestControl {
  command: GuestCommand | undefined;
  readonly signals: number[] = [];
  end: (status: number) => void = () => {};
  fail: (error: Error) => void = () => {};

  override run(command: GuestCommand): RunningCommand {
    this.command = command;
    const status = new Promise<number>((resolve, reject) => {
      this.end = resolve;
      this.fail = reject;
    });
    return { status, signal: (number) => this.signals.push(number) };
  }
}

describe('exec', () => {
  test('an empty argv is refused', () => {
    expect(() => execute(new GuestControl(), [])).toThrow(TypeError);
  });

  test('on a machine that has ended it rejects and does not throw', async () => {
    const control = new GuestControl();
    control.abandon(new Error('the machine ended: the guest powered off'));
    const running = execute(control, ['true']);
    expect(() => running.signal(15)).not.toThrow();
    await expect(running).rejects.toThrow('the machine ended: the guest powered off');
  });

  test('a failure nobody waits for is no unhandled rejection, and is still there for who asks later', async () => {
    const seen: unknown[] = [];
    const note = (error: unknown) => seen.push(error);
    process.on('unhandledRejection', note);
    try {
      const control = new FakeControl();
      const running = execute(control, ['true']);
      control.fail(new Error('gone'));
      await settled();
      await settled();
      expect(seen).toEqual([]);
      await expect(running).rejects.toThrow('gone');
    } finally {
      process.off('unhandledRejection', note);
    }
  });

  test('defaults: the root directory, no variables, no input, output collected', async () => {
    const control = new FakeControl();
    const running = execute(control, ['ls', '-l']);
    expect(control.command).toMatchObject({ argv: ['ls', '-l'], env: {}, cwd: '', stdin: new Uint8Array(0) });
    control.command?.onStdout(bytes('a'));
    control.command?.onStderr(bytes('!'));
    control.command?.onStdout(bytes('bc'));
    control.end(3);
    expect(await running).toEqual({ status: 3, stdout: bytes('abc'), stderr: bytes('!') });
  });

  test('output beyond maxBuffer is refused, and was collected up to it', () => {
    const control = new FakeControl();
    execute(control, ['yes'], { maxBuffer: 4 });
    control.command?.onStdout(bytes('1234'));
    control.command?.onStderr(bytes('123'));
    const more = () => control.command?.onStdout(bytes('5'));
    expect(more).toThrow('the command wrote more than 4 bytes to stdout: take them with a callback');
  });

  test('what a callback takes is not collected', async () => {
    const control = new FakeControl();
    const heard: Uint8Array[] = [];
    const running = execute(control, ['ls'], { onStdout: (piece) => void heard.push(piece), cwd: '/tmp', stdin: 'x' });
    expect(control.command).toMatchObject({ cwd: '/tmp', stdin: 'x' });
    control.command?.onStdout(bytes('a'));
    control.command?.onStderr(bytes('b'));
    control.end(0);
    expect(await running).toEqual({ status: 0, stdout: new Uint8Array(0), stderr: bytes('b') });
    expect(heard).toEqual([bytes('a')]);
  });

  test('signals are passed on', () => {
    const control = new FakeControl();
    execute(control, ['sleep', '9']).signal(15);
    expect(control.signals).toEqual([15]);
  });
});

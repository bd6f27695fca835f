import { describe, expect, test } from '@jest/globals';
import { Client } from '../../ninep/client/client.ts';
import { Tree } from '../../ninep/client/tree.ts';
import { createSession } from '../../ninep/session.ts';
import { type GuestCommand, GuestControl } from './guest-control.ts';
import { isPending, settled } from './test-support/turns.ts';

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const bytes = (words: string) => new TextEncoder().encode(words);

function command(given: Partial<GuestCommand> = {}): GuestCommand {
  return { argv: ['true'], env: {}, cwd: '', stdin: '', onStdout: () => {}, onStderr: () => {}, ...given };
}

/** A guest that speaks 9P to the control tree. */
async function guest(control = new GuestControl()) {
  const bugs: unknown[] = [];
  const session = createSession(control.backend, { onBug: (error) => bugs.push(error) });
  const client = new Client(session);
  await client.version();
  const tree = await Tree.attach(client);
  const read = async (path: string) => text(await tree.read(await tree.open(path, 0), 0n, 4096));
  const write = async (path: string, words: string) => tree.write(await tree.open(path, 1), 0n, bytes(words));
  return { control, session, tree, read, write, bugs };
}

describe('a guest that does wrong', () => {
  test.each(['', '256', '-1', '1e1', '0x1', ' 1', '1 ', '1\n\n', '0001', '999', 'zero', '1'.repeat(5000)])(
    'status %j is EINVAL or nothing, and the command goes on',
    async (words) => {
      const { control, write } = await guest();
      const running = control.run(command());
      if (words === '') expect(await write('1/status', words).catch(() => 0)).toBe(0);
      else await expect(write('1/status', words)).rejects.toMatchObject({ errno: 22 });
      expect(await isPending(running.status)).toBe(true);
      await write('1/status', '7');
      expect(await running.status).toBe(7);
    },
  );

  test('a status written again, through a fid kept open, changes nothing', async () => {
    const { control, tree, bugs } = await guest();
    const first = control.run(command());
    const second = control.run(command());
    const fid = await tree.open('1/status', 1);
    for (const word of ['3', '4']) await tree.write(fid, 0n, bytes(word));
    expect(await first.status).toBe(3);
    expect(await isPending(second.status)).toBe(true);
    expect(bugs).toEqual([]);
  });

  test('a reset with reads and writes blocked everywhere comes to an end', async () => {
    const { control, session, tree } = await guest();
    control.run(
      command({
        stdin: (async function* () {
          await new Promise(() => {});
          yield bytes('');
        })(),
        onStdout: () => new Promise(() => {}),
      }),
    );
    const blocked: Promise<unknown>[] = [];
    for (const path of ['next', '1/stdin', '1/signal', 'next']) {
      blocked.push(tree.read(await tree.open(path), 0n, 64));
    }
    const out = await tree.open('1/stdout', 1);
    for (let i = 0; i < 3; i++) blocked.push(tree.write(out, 0n, bytes('x')));
    const outcomes = Promise.allSettled(blocked);
    await settled();
    expect(session.outstanding).toBe(6);
    await session.reset();
    expect((await outcomes).map(({ status }) => status)).toEqual(['fulfilled', ...new Array(6).fill('rejected')]);
    expect([session.outstanding, session.fidCount]).toEqual([0, 0]);
  });

  test('may not list or write what it is not meant to', async () => {
    const { control, write, bugs } = await guest();
    control.run(command());
    await expect(write('1/argv', 'x')).rejects.toMatchObject({ name: expect.stringMatching(/^E/) });
    await expect(write('1/stdin', 'x')).rejects.toMatchObject({ errno: 13 });
    expect(bugs).toEqual([]);
  });
});

describe('a host that does wrong', () => {
  test.each<[string, Partial<GuestCommand>]>([
    ['argv: a program is needed', { argv: [] }],
    ['argv: a string holds a NUL', { argv: ['echo', 'a\0b'] }],
    ['env: a string holds a NUL', { env: { A: '\0' } }],
    ["env: 'A=B' cannot be the name of a variable", { env: { 'A=B': 'c' } }],
    ["env: '' cannot be the name of a variable", { env: { '': 'c' } }],
    ['cwd: a string holds a NUL', { cwd: '/a\0' }],
    ["cwd: 'a' is not an absolute path", { cwd: 'a' }],
  ])('%s', async (message, given) => {
    const { control, read } = await guest();
    expect(() => control.run(command(given))).toThrow(new TypeError(message));
    await expect(read('1/argv')).rejects.toMatchObject({ errno: 2 });
  });

  test.each([0, 65, -1, 1.5, Number.NaN])('signal %p is a RangeError', async (number) => {
    const { control } = await guest();
    const running = control.run(command());
    expect(() => running.signal(number)).toThrow(RangeError);
  });

  test('a listener that fails: the status rejects at once, the guest gets EPIPE and may still report', async () => {
    const { control, write, bugs } = await guest();
    const running = control.run(
      command({
        onStdout: () => {
          throw new Error('disk full');
        },
      }),
    );
    await expect(write('1/stdout', 'x')).rejects.toMatchObject({ errno: 32 });
    await expect(running.status).rejects.toThrow('disk full');
    expect(await write('1/stderr', 'still works')).toBe(11);
    expect(await write('1/status', '0')).toBe(1);
    await expect(running.status).rejects.toThrow('disk full');
    expect(bugs).toEqual([]);
  });

  test('stdin that fails: the status rejects, the guest gets EIO', async () => {
    const { control, read, bugs } = await guest();
    const running = control.run(
      command({
        stdin: { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('torn')) }) },
      }),
    );
    await expect(read('1/stdin')).rejects.toMatchObject({ errno: 5 });
    await expect(running.status).rejects.toThrow('torn');
    expect(bugs).toEqual([]);
  });
});

describe('a command', () => {
  test('is described in its directory', async () => {
    const { control, read } = await guest();
    control.run(command({ argv: ['sh', '-c', '', 'ä b'], env: { A: '1', B: '' }, cwd: '/tmp', stdin: 'in' }));
    expect(await read('next')).toBe('1\n');
    expect(await read('1/argv')).toBe('sh\0-c\0\0ä b\0');
    expect(await read('1/env')).toBe('A=1\0B=\0');
    expect(await read('1/cwd')).toBe('/tmp');
    expect([await read('1/stdin'), await read('1/stdin')]).toEqual(['in', '']);
  });

  test('offered while the guest waits, and before it does', async () => {
    const { control, read } = await guest();
    const waiting = read('next');
    expect(await isPending(waiting)).toBe(true);
    control.run(command());
    control.run(command());
    expect([await waiting, await read('next')]).toEqual(['1\n', '2\n']);
  });

  test('gets its output where it belongs', async () => {
    const { control, write } = await guest();
    const heard: string[] = [];
    control.run(
      command({
        onStdout: (piece) => void heard.push(`out ${text(piece)}`),
        onStderr: (piece) => void heard.push(`err ${text(piece)}`),
      }),
    );
    expect([await write('1/stdout', 'one'), await write('1/stderr', 'two')]).toEqual([3, 3]);
    expect(heard).toEqual(['out one', 'err two']);
  });

  test('gets signals, those sent before it runs too', async () => {
    const { control, read } = await guest();
    const running = control.run(command());
    running.signal(15);
    expect(await read('1/signal')).toBe('15\n');
    const waiting = read('1/signal');
    running.signal(64);
    expect(await waiting).toBe('64\n');
  });

  test.each([
    ['0', 0],
    ['0\n', 0],
    ['127\n', 127],
    ['255', 255],
  ])('ends with status %j; its directory goes, its stdin is closed, its signals end', async (words, expected) => {
    const { control, read, write, tree } = await guest();
    let closed = false;
    const running = control.run(
      command({
        stdin: (async function* () {
          try {
            yield bytes('a');
            yield bytes('b');
          } finally {
            closed = true;
          }
        })(),
      }),
    );
    expect(await read('1/stdin')).toBe('a');
    const signals = tree.read(await tree.open('1/signal'), 0n, 64);
    expect(await write('1/status', words)).toBe(words.length);
    expect(await running.status).toBe(expected);
    expect(await signals).toHaveLength(0);
    await expect(read('1/argv')).rejects.toMatchObject({ errno: 2 });
    await settled();
    expect(closed).toBe(true);
    running.signal(9);
  });
});

describe('the end of the guest', () => {
  test('fails every command, lets go of its stdin, and fails what comes later', async () => {
    const { control, read } = await guest();
    let closed = 0;
    const stdin = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false as const, value: bytes('x') }),
        async return() {
          closed += 1;
          return { done: true as const, value: undefined };
        },
      }),
    };
    const running = [control.run(command({ stdin })), control.run(command({ stdin }))];
    const next = read('next');
    control.abandon(new Error('the machine ended'));
    control.abandon(new Error('twice'));
    const late = control.run(command({ stdin }));
    for (const { status } of [...running, late]) await expect(status).rejects.toThrow('the machine ended');
    for (const { signal } of [...running, late]) signal(15);
    await settled();
    expect(closed).toBe(3);
    expect(await next).toMatch(/^1\n$/);
  });

  test('a command nobody waits for does not make an unhandled rejection', async () => {
    const seen: unknown[] = [];
    const note = (error: unknown) => seen.push(error);
    process.on('unhandledRejection', note);
    try {
      const control = new GuestControl();
      control.run(command());
      control.abandon(new Error('the machine ended'));
      control.run(command());
      await settled();
      await settled();
      expect(seen).toEqual([]);
    } finally {
      process.off('unhandledRejection', note);
    }
  });
});

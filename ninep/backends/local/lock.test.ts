import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { O } from 'node-hostfs';
import { LOCK_STATUS, type LockRange, type OpenFile } from '../../backend.ts';
import { bytes, errorOf, Fixture, now } from './local-fixture.ts';

const READ = 0;
const WRITE = 1;
const UNLOCK = 2;
const { success, blocked, error } = LOCK_STATUS;

let fixture: Fixture;
let files: OpenFile[];
beforeEach(() => {
  fixture = new Fixture();
  files = [];
  writeFileSync(fixture.at('f'), '0123456789');
});
afterEach(async () => {
  for (const file of files.splice(0)) await file.release();
  expect(await fixture.close()).toBe(0);
});

function open(flags: number = O.RDWR): OpenFile {
  const file = now(fixture.node('f').open(flags));
  files.push(file);
  return file;
}

async function release(file: OpenFile): Promise<void> {
  files.splice(files.indexOf(file), 1);
  await file.release();
}

function range(type: LockRange['type'], procId: number, start = 0n, length = 0n, client = 'guest'): LockRange {
  return { type, start, length, procId, clientId: bytes(client) };
}

describe('locks', () => {
  test('of two processes exclude each other, through one fid or two', () => {
    const one = open();
    const two = open();
    expect(now(one.lock(range(WRITE, 1, 0n, 5n)))).toBe(success);
    expect(now(one.lock(range(READ, 2, 4n, 1n)))).toBe(blocked);
    expect(now(two.lock(range(READ, 2, 4n, 1n)))).toBe(blocked);
    expect(now(two.lock(range(READ, 2, 5n, 1n)))).toBe(success);
    expect(now(two.lock(range(WRITE, 1, 5n, 1n)))).toBe(blocked);
    expect(now(two.lock(range(WRITE, 1, 0n, 1n, 'other guest')))).toBe(blocked);
  });

  test('of one process through two fids are one, and either fid releases them', () => {
    const one = open();
    const two = open();
    expect(now(one.lock(range(WRITE, 1)))).toBe(success);
    expect(now(two.lock(range(WRITE, 1)))).toBe(success);
    expect(now(two.lock(range(UNLOCK, 1)))).toBe(success);
    expect(now(one.lock(range(WRITE, 2)))).toBe(success);
  });

  test('end with the last fid they were asked through', async () => {
    const one = open();
    const two = open();
    const other = open();
    now(one.lock(range(WRITE, 1, 0n, 1n)));
    now(two.lock(range(WRITE, 1, 1n, 1n)));
    await release(one);
    expect(now(other.lock(range(WRITE, 2, 0n, 1n)))).toBe(blocked);
    await release(two);
    expect(now(other.lock(range(WRITE, 2, 0n, 2n)))).toBe(success);
  });

  test('split when the middle is unlocked', () => {
    const file = open();
    now(file.lock(range(WRITE, 1, 0n, 10n)));
    now(file.lock(range(UNLOCK, 1, 4n, 2n)));
    expect(now(file.lock(range(WRITE, 2, 4n, 2n)))).toBe(success);
    expect(now(file.lock(range(WRITE, 2, 3n, 1n)))).toBe(blocked);
    expect(now(file.lock(range(WRITE, 2, 6n, 1n)))).toBe(blocked);
  });

  test('unlocking what is not locked succeeds', () => {
    expect(now(open().lock(range(UNLOCK, 9, 5n, 5n)))).toBe(success);
  });

  test('need the file open for what they protect', async () => {
    const reader = open(O.RDONLY);
    const writer = open(O.WRONLY);
    expect(await errorOf(() => reader.lock(range(WRITE, 1)))).toBe('EBADF');
    expect(await errorOf(() => writer.lock(range(READ, 1)))).toBe('EBADF');
    expect(now(reader.lock(range(READ, 1)))).toBe(success);
    expect(now(writer.lock(range(WRITE, 2)))).toBe(blocked);
  });

  test('a client that invents processes gets no more than a bounded number of descriptors', () => {
    const file = open();
    for (let procId = 0; procId < 1024; procId++) expect(now(file.lock(range(READ, procId)))).toBe(success);
    expect(now(file.lock(range(READ, 1024)))).toBe(error);
    now(file.lock(range(UNLOCK, 5)));
    expect(now(file.lock(range(READ, 1024)))).toBe(success);
  });
});

describe('getlock', () => {
  test('names the holder and its range', () => {
    const file = open();
    now(file.lock(range(WRITE, 7, 2n, 3n)));
    now(file.lock(range(READ, 8, 8n, 1n, 'second')));
    expect(now(file.getlock(range(READ, 1)))).toEqual(range(WRITE, 7, 2n, 3n));
    expect(now(file.getlock(range(WRITE, 1, 6n)))).toEqual(range(READ, 8, 8n, 1n, 'second'));
    expect(now(file.getlock(range(READ, 1, 6n)))).toBeUndefined();
    expect(now(file.getlock(range(WRITE, 7, 0n, 5n)))).toBeUndefined();
  });

  test('leaves no descriptor and no lock behind', () => {
    const file = open();
    expect(now(file.getlock(range(WRITE, 1)))).toBeUndefined();
    expect(now(open().lock(range(WRITE, 2)))).toBe(success);
  });
});

test('the host’s own programs see the locks, and theirs are seen', async () => {
  const file = open();
  now(file.lock(range(WRITE, 1, 0n, 4n)));
  const program = [
    'import fcntl, struct, sys',
    `f = open(${JSON.stringify(fixture.at('f'))}, "r+b")`,
    'try:',
    '    fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB, 4, 0)',
    '    print("free", flush=True)',
    'except OSError:',
    '    print("taken", flush=True)',
    'fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB, 2, 6)',
    'print("locked", flush=True)',
    'sys.stdin.read()',
  ].join('\n');
  const child = spawn('python3', ['-c', program], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const said = [(await lines.next()).value, (await lines.next()).value];
    expect(said).toEqual(['taken', 'locked']);
    expect(now(file.lock(range(WRITE, 1, 7n, 1n)))).toBe(blocked);
    const holder = now(file.getlock(range(WRITE, 1, 5n)));
    expect(holder).toEqual({ type: 1, start: 6n, length: 2n, procId: child.pid, clientId: bytes('host') });
  } finally {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.stdin.end();
    await ended;
  }
});

test('a lease that a program of the host holds is not waited for', async () => {
  const file = open(O.RDONLY);
  const program = [
    'import fcntl, signal, sys',
    'signal.signal(signal.SIGIO, signal.SIG_IGN)',
    `f = open(${JSON.stringify(fixture.at('f'))}, "rb")`,
    'fcntl.fcntl(f, fcntl.F_SETLEASE, fcntl.F_RDLCK)',
    'given_up = []',
    'signal.signal(signal.SIGALRM, lambda *_: given_up.append(fcntl.fcntl(f, fcntl.F_SETLEASE, fcntl.F_UNLCK)))',
    'signal.alarm(2)',
    'print("leased", flush=True)',
    'sys.stdin.read(1)',
    'print("given up" if given_up else "held", flush=True)',
  ].join('\n');
  const child = spawn('python3', ['-c', program], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  try {
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe('leased');
    expect(now(file.lock(range(READ, 1)))).toBe(success);
    child.stdin.write('x');
    expect((await lines.next()).value).toBe('held');
  } finally {
    child.stdin.end();
    await ended;
  }
});

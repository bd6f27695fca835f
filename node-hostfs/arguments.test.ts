import { afterAll, describe, expect, test } from '@jest/globals';
import type { Calls } from './calls.ts';
import { loadHostfs } from './load.ts';
import { bytes, NO_NAME, scratchDirectory } from './scratch-directory.ts';

const hostfs = loadHostfs();
const scratch = scratchDirectory();
afterAll(() => scratch.remove());

type Untyped = (...args: unknown[]) => unknown;

/** A call without its types, as JavaScript may make it. */
function untyped(name: keyof Calls | 'preadv2Async'): Untyped {
  const call = Reflect.get(hostfs, name);
  if (typeof call !== 'function') throw new Error(name);
  return (...args) => Reflect.apply(call, undefined, args);
}

/** The name of what is thrown: the addon's own TypeError is not that of the test runner's realm. */
function thrown(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (typeof error === 'object' && error !== null) return String(Reflect.get(error, 'name'));
  }
  return 'nothing';
}

function detached(): Uint8Array {
  const array = new Uint8Array(300);
  structuredClone(array.buffer, { transfer: [array.buffer] });
  return array;
}

const name = bytes('f');

describe('arguments of the wrong kind are refused before the kernel is asked', () => {
  const wrong: readonly [keyof Calls, readonly unknown[], string][] = [
    ['close', [], 'TypeError'],
    ['close', ['3'], 'TypeError'],
    ['close', [3n], 'TypeError'],
    ['close', [-1], 'RangeError'],
    ['close', [-100], 'RangeError'],
    ['close', [1.5], 'RangeError'],
    ['close', [Number.NaN], 'RangeError'],
    ['close', [2 ** 31], 'RangeError'],
    ['openat2', ['f', name, 0, 0, 0], 'TypeError'],
    ['openat2', [scratch.fd, 'f', 0, 0, 0], 'TypeError'],
    ['openat2', [scratch.fd, bytes('a\0b'), 0, 0, 0], 'TypeError'],
    ['openat2', [scratch.fd, new Uint16Array(1), 0, 0, 0], 'TypeError'],
    ['openat2', [scratch.fd, new ArrayBuffer(1), 0, 0, 0], 'TypeError'],
    ['openat2', [scratch.fd, name, -1, 0, 0], 'RangeError'],
    ['openat2', [scratch.fd, name, 0, 2 ** 32, 0], 'RangeError'],
    ['openat2', [scratch.fd, name, 0, 0], 'TypeError'],
    ['openat2', [-99, name, 0, 0, 0], 'RangeError'],
    ['statx', [scratch.fd, name, 0, 0, new Uint8Array(255)], 'RangeError'],
    ['statx', [scratch.fd, name, 0, 0, detached()], 'RangeError'],
    ['fstatfs', [scratch.fd, new Uint8Array(119)], 'RangeError'],
    ['nameToHandleAt', [scratch.fd, name, new Uint8Array(139), 0], 'RangeError'],
    ['openByHandleAt', [scratch.fd, new Uint8Array(7), 0], 'RangeError'],
    ['readlinkat', [scratch.fd, name, new Uint8Array(0)], 'RangeError'],
    ['ofdGetLock', [0, 0, 0, 0, new Uint8Array(31)], 'RangeError'],
    ['mknodat', [scratch.fd, name, 0o100644, -1], 'RangeError'],
    ['mknodat', [scratch.fd, name, 0o100644, 1n << 64n], 'RangeError'],
    ['ftruncate', [0, 2 ** 53], 'RangeError'],
    ['ftruncate', [0, 1n << 63n], 'RangeError'],
    ['ftruncate', [0, '1'], 'TypeError'],
    ['preadv2', [0, {}, 0, 0], 'TypeError'],
    ['preadv2', [0, [new Uint8Array(1), 'x'], 0, 0], 'TypeError'],
    ['preadv2', [0, [new Uint8Array(1), new Float64Array(1)], 0, 0], 'TypeError'],
    ['preadv2', [0, Array.from({ length: 1025 }, () => new Uint8Array(1)), 0, 0], 'RangeError'],
    ['setxattr', [0, name, undefined, 0], 'TypeError'],
  ];

  test.each(wrong)('%s %#', (call, args, error) => {
    expect(thrown(() => untyped(call)(...args))).toBe(error);
  });

  test('the message names the call and the argument', () => {
    expect(() => untyped('fchmod')(3, 'x')).toThrow('hostfs.fchmod: argument 2 (mode) must be an integer from 0');
  });

  test('a pool call throws at once as well', () => {
    expect(thrown(() => untyped('preadv2Async')(0, 5, 0, 0))).toBe('TypeError');
  });

  test('an array whose getter throws passes its error on', () => {
    const trap = [new Uint8Array(1)];
    Object.defineProperty(trap, 0, {
      get() {
        throw new Error('from the getter');
      },
    });
    expect(() => hostfs.preadv2(0, trap, 0, 0)).toThrow('from the getter');
  });
});

describe('arguments the kernel refuses come back as errno', () => {
  test('a name of 4,096 bytes is ENAMETOOLONG, as is one of 256', () => {
    expect(hostfs.mkdirat(scratch.fd, new Uint8Array(4096).fill(97), 0o700)).toBe(-36);
    expect(hostfs.mkdirat(scratch.fd, new Uint8Array(256).fill(97), 0o700)).toBe(-36);
  });

  test('an empty name is ENOENT', () => {
    expect(hostfs.mkdirat(scratch.fd, NO_NAME, 0o700)).toBe(-2);
  });

  test('a descriptor nobody opened is EBADF, on every way to it', () => {
    const gone = 999_999;
    expect(hostfs.close(gone)).toBe(-9);
    expect(hostfs.reopen(gone, 0)).toBe(-9);
    expect(hostfs.fchmod(gone, 0o600)).toBe(-9);
    expect(hostfs.futimens(gone, 0, 0, 0, 0)).toBe(-9);
    expect(hostfs.getxattr(gone, bytes('user.x'), NO_NAME)).toBe(-9);
    expect(hostfs.preadv2(gone, new Uint8Array(1), 0, 0)).toBe(-9);
  });

  test('a detached buffer reads nothing and crashes nothing', () => {
    const fd = hostfs.openat(scratch.fd, bytes('detached'), 0o102, 0o600);
    expect(hostfs.pwritev2(fd, detached(), 0, 0)).toBe(0);
    expect(hostfs.preadv2(fd, [detached(), new Uint8Array(0)], 0, 0)).toBe(0);
    expect(hostfs.close(fd)).toBe(0);
  });

  test('reopen neither creates nor refuses by name', () => {
    expect(hostfs.reopen(scratch.fd, 0o100)).toBe(-22);
    expect(hostfs.reopen(scratch.fd, 0o400000)).toBe(-22);
  });
});

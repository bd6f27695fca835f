import { describe, expect, test } from '@jest/globals';
import { RunPage } from './run-page.ts';

const pageBytes = 12288;
const portDataOffset = 4096;

/** A kvm_run structure with this exit reason and these bytes from offset 32 on. */
function page(reason: number, detail: readonly number[]): { page: RunPage; bytes: Uint8Array } {
  const bytes = new Uint8Array(pageBytes);
  bytes[8] = reason;
  bytes.set(detail, 32);
  return { page: new RunPage(bytes.buffer), bytes };
}

const u32 = (value: number): number[] => [...new Uint8Array(new Uint32Array([value]).buffer)];
const u64 = (value: bigint): number[] => [...new Uint8Array(new BigUint64Array([value]).buffer)];

describe('RunPage', () => {
  test('reads port I/O with its elements', () => {
    const { page: run, bytes } = page(2, [1, 2, 0xf8, 0x03, ...u32(3), ...u64(BigInt(portDataOffset))]);
    bytes.set([1, 2, 3, 4, 5, 6, 7], portDataOffset);
    expect(run.decode()).toEqual({
      reason: 'io',
      direction: 'out',
      port: 0x3f8,
      size: 2,
      count: 3,
      data: new Uint8Array([1, 2, 3, 4, 5, 6]),
    });
  });

  test('writes what fills the data of a port read into the structure', () => {
    const { page: run, bytes } = page(2, [0, 1, 0x60, 0, ...u32(1), ...u64(BigInt(portDataOffset))]);
    const exit = run.decode();
    if (exit.reason !== 'io') throw new Error(exit.reason);
    expect(exit.direction).toBe('in');
    exit.data[0] = 0x77;
    expect(bytes[portDataOffset]).toBe(0x77);
  });

  test('follows the data where its offset changes', () => {
    const { page: run, bytes } = page(2, [1, 1, 0x60, 0, ...u32(1), ...u64(4096n)]);
    run.decode();
    bytes.set(u64(8192n), 40);
    bytes[8192] = 9;
    expect(run.decode()).toMatchObject({ data: new Uint8Array([9]) });
  });

  test('refuses port data outside the structure and MMIO of impossible length', () => {
    expect(() => page(2, [1, 4, 0x60, 0, ...u32(4096), ...u64(4096n)]).page.decode()).toThrow(
      'Invalid typed array length',
    );
    expect(() => page(6, [...u64(0n), ...u64(0n), ...u32(9), 0]).page.decode()).toThrow('9 bytes');
  });

  test.each([1, 2, 4, 8])('reads MMIO of %p bytes', (length) => {
    const data = [1, 2, 3, 4, 5, 6, 7, 8];
    const { page: run } = page(6, [...u64(0xfee0_0000n), ...data, ...u32(length), 1]);
    expect(run.decode()).toEqual({
      reason: 'mmio',
      address: 0xfee0_0000n,
      isWrite: true,
      length,
      data: new Uint8Array(data.slice(0, length)),
    });
  });

  test('reads an emulation failure with its instruction', () => {
    const instruction = [0xf3, 0x0f, 0xb8, 0xc3, ...new Array(11).fill(0)];
    const { page: run } = page(17, [...u32(1), ...u32(4), ...u64(1n), 15, ...instruction]);
    expect(run.decode()).toMatchObject({
      reason: 'internal-error',
      suberror: 1,
      kind: 'emulation',
      instruction: new Uint8Array(instruction),
    });
  });

  test('reads an emulation failure whose instruction KVM does not tell', () => {
    const without = [page(17, [...u32(1), ...u32(0)]), page(17, [...u32(1), ...u32(4), ...u64(0n), 15])];
    for (const { page: run } of without) {
      expect(run.decode()).toMatchObject({ kind: 'emulation', instruction: undefined });
    }
  });

  test('reads an internal error of another kind with its data', () => {
    const { page: run } = page(17, [...u32(3), ...u32(2), ...u64(5n), ...u64(6n)]);
    expect(run.decode()).toEqual({
      reason: 'internal-error',
      suberror: 3,
      kind: 'delivery-event',
      data: [5n, 6n],
      instruction: undefined,
    });
  });

  test('takes no more data than there is', () => {
    expect(page(24, [...u32(2), ...u32(0xffff_ffff)]).page.decode()).toMatchObject({
      kind: 'reset',
      data: { length: 16 },
    });
  });

  test.each([
    [1, [...u32(14), ...u32(4)], { reason: 'exception', exception: 14, errorCode: 4 }],
    [
      4,
      [...u32(1), ...u32(0), ...u64(7n), ...u64(8n), ...u64(9n)],
      { reason: 'debug', exception: 1, pc: 7n, dr6: 8n, dr7: 9n },
    ],
    [5, [], { reason: 'hlt' }],
    [7, [], { reason: 'irq-window-open' }],
    [8, [], { reason: 'shutdown' }],
    [9, [...u64(0x8000_0021n), ...u32(3)], { reason: 'fail-entry', hardwareReason: 0x8000_0021n, cpu: 3 }],
    [10, [], { reason: 'interrupted' }],
    [24, [...u32(3), ...u32(1), ...u64(1n)], { reason: 'system-event', type: 3, kind: 'crash', data: [1n] }],
    [24, [...u32(99), ...u32(0)], { reason: 'system-event', type: 99, kind: 'unknown', data: [] }],
    [0, u64(48n), { reason: 'unknown', number: 0, hardwareReason: 48n }],
    [26, [5], { reason: 'unknown', number: 26, hardwareReason: undefined }],
  ])('reads exit reason %p', (reason, detail, expected) => {
    expect(page(reason, detail).page.decode()).toEqual(expected);
  });
});

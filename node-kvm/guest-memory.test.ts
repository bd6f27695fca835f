import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, readFileSync, readSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { GuestMemory, longestView } from './guest-memory.ts';

const gibibyte = 1024 ** 3;

function withMemory(size: number, body: (memory: GuestMemory) => void): void {
  const memory = new GuestMemory(size);
  try {
    body(memory);
  } finally {
    memory.close();
  }
}

describe('GuestMemory', () => {
  test.each([
    [0, RangeError],
    [-4096, RangeError],
    [4095, RangeError],
    [4097, RangeError],
    [4096.5, TypeError],
    [Number.NaN, TypeError],
    [2 ** 53, RangeError],
    ['4096', TypeError],
    [undefined, TypeError],
  ])('refuses the size %p', (size, kind) => {
    expect(() => new GuestMemory(size as number)).toThrow(kind);
  });

  test('refuses a size the kernel has no address space for, naming the call', () => {
    expect(() => new GuestMemory(2 ** 52)).toThrow(
      expect.objectContaining({ name: 'KvmError', code: 'ENOMEM', ioctl: 'mmap' }),
    );
  });

  test('is zero, shared with its descriptor, and sealed against change of size', () => {
    withMemory(8192, (memory) => {
      expect(memory.size).toBe(8192);
      expect(memory.view(0, 8192).every((byte) => byte === 0)).toBe(true);
      memory.view(4096, 3).set([1, 2, 3]);
      const copy = new Uint8Array(3);
      readSync(memory.fd, copy, 0, 3, 4096);
      expect([...copy]).toEqual([1, 2, 3]);
      expect(fstatSync(memory.fd).size).toBe(8192);
      for (const size of [0, 4096, 16384]) expect(() => ftruncateSync(memory.fd, size)).toThrow('EPERM');
    });
  });

  test.each([
    [0, 8193],
    [4096, 4097],
    [8193, 0],
    [-1, 1],
    [0, -1],
    [0.5, 1],
    [0, Number.NaN],
    [Number.MAX_SAFE_INTEGER, 1],
  ])('refuses a view at %p of %p bytes', (offset, length) => {
    withMemory(8192, (memory) => {
      expect(() => memory.view(offset, length)).toThrow(/offset|length/);
    });
  });

  test('gives views of no bytes, of all, and two views of one range that see each other', () => {
    withMemory(8192, (memory) => {
      expect(memory.view(8192, 0).length).toBe(0);
      expect(memory.view(0, 8192).length).toBe(8192);
      memory.view(10, 1)[0] = 42;
      expect(memory.view(8, 4)[2]).toBe(42);
      expect(memory.view(0, 1).buffer).toBe(memory.view(4096, 1).buffer);
    });
  });

  test('gives one contiguous view of any GiB in a memory of 9 GiB', () => {
    withMemory(9 * gibibyte + 4096, (memory) => {
      for (const offset of [0, 1, gibibyte - 1, gibibyte, 4 * gibibyte - 7, 4 * gibibyte, 8 * gibibyte + 4096]) {
        const view = memory.view(offset, longestView);
        expect(view.length).toBe(gibibyte);
        view[0] = 0x11;
        view[gibibyte - 1] = 0x22;
        expect(memory.view(offset, 1)[0]).toBe(0x11);
        expect(memory.view(offset + gibibyte - 1, 1)[0]).toBe(0x22);
        view[0] = 0;
        view[gibibyte - 1] = 0;
      }
      expect(() => memory.view(0, longestView + 1)).toThrow(RangeError);
      expect(memory.view(memory.size, 0).length).toBe(0);
      expect(memory.view(memory.size - 1, 1).length).toBe(1);
    });
  });

  test.each([2 * gibibyte, 3 * gibibyte, 3 * gibibyte + 4096])('gives views up to the very end of %p bytes', (size) => {
    withMemory(size, (memory) => {
      expect(memory.view(size - longestView, longestView).length).toBe(gibibyte);
      expect(memory.view(size, 0).length).toBe(0);
    });
  });

  test('detaches its views when closed', () => {
    const memory = new GuestMemory(4096);
    const views = [memory.view(0, 4096), memory.view(100, 5)];
    const { fd } = memory;
    memory.close();
    expect(memory.closed).toBe(true);
    expect(views.map((view) => view.length)).toEqual([0, 0]);
    expect(views.map((view) => view.buffer.byteLength)).toEqual([0, 0]);
    expect(() => memory.view(0, 1)).toThrow(expect.objectContaining({ code: 'EBADF' }));
    expect(() => memory.fd).toThrow(expect.objectContaining({ code: 'EBADF' }));
    memory.close();
    const reused = openSync('/dev/null', 'r');
    expect(reused).toBeLessThanOrEqual(fd);
    closeSync(reused);
  });

  test('of anonymous pages is zero, has no descriptor, and is marked for huge pages', () => {
    const size = 16 * 2 ** 20 + 3 * 4096;
    const memory = new GuestMemory(size, { backing: 'anonymous' });
    const view = memory.view(0, size);
    expect(view.every((byte) => byte === 0)).toBe(true);
    view.fill(7);
    expect(() => memory.fd).toThrow(TypeError);
    const known = existsSync('/sys/kernel/mm/transparent_hugepage');
    expect(/ hg\b/.test(flagsOf(view))).toBe(known);
    memory.close();
    expect(view.length).toBe(0);
    memory.close();
    expect(() => memory.fd).toThrow(expect.objectContaining({ code: 'EBADF' }));
  });

  test('refuses a backing it does not know', () => {
    const backing = 'hugetlb' as unknown as 'memfd';
    expect(() => new GuestMemory(4096, { backing })).toThrow("backing: 'memfd' or 'anonymous' is needed");
  });
});

/** What the kernel has noted of the one mapping of this process that has exactly the size of `view`. */
function flagsOf(view: Uint8Array): string {
  const smaps = readFileSync('/proc/self/smaps', 'latin1');
  const size = view.length / 1024;
  return new RegExp(`^Size: +${size} kB\\n(?:.*\\n)*?VmFlags:(.*)$`, 'm').exec(smaps)?.[1] ?? '';
}

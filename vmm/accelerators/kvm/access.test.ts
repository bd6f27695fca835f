import { describe, expect, test } from '@jest/globals';
import type { IoExit, MmioExit } from 'node-kvm';
import { answerIo, answerMmio } from './access.ts';

/** A handler that notes every access and answers reads with `values`, in order. */
function noting(...values: number[]) {
  const log: (string | number)[][] = [];
  const handler = {
    read(space: string, address: number, width: number) {
      log.push(['read', space, address, width]);
      return values.shift() ?? 0;
    },
    write(space: string, address: number, width: number, value: number) {
      log.push(['write', space, address, width, value]);
    },
  };
  return { handler, log };
}

function io(direction: 'in' | 'out', size: 1 | 2 | 4, data: number[]): IoExit {
  return { reason: 'io', direction, port: 0x3f8, size, count: data.length / size, data: Uint8Array.from(data) };
}

function mmio(isWrite: boolean, data: number[], length = data.length, address = 0xc000_0000n): MmioExit {
  return { reason: 'mmio', address, isWrite, length, data: Uint8Array.from(data) };
}

describe('port exits', () => {
  test('a string instruction is an access for each element, at one port', () => {
    const { handler, log } = noting();
    answerIo(io('out', 2, [0x01, 0x02, 0xff, 0xff]), handler);
    expect(log).toEqual([
      ['write', 'pio', 0x3f8, 2, 0x0201],
      ['write', 'pio', 0x3f8, 2, 0xffff],
    ]);
  });

  test('values are unsigned', () => {
    const { handler, log } = noting();
    answerIo(io('out', 4, [0xff, 0xff, 0xff, 0xff]), handler);
    expect(log).toEqual([['write', 'pio', 0x3f8, 4, 0xffff_ffff]]);
  });

  test('what is read lands in the data, element by element, and no byte beyond', () => {
    const exit = io('in', 1, [0, 0, 0xee]);
    answerIo(exit, noting(0x1ff, 0x80, 0x7f).handler);
    expect([...exit.data]).toEqual([0xff, 0x80, 0x7f]);
    const wide = io('in', 4, [0, 0, 0, 0]);
    answerIo(wide, noting(0xffff_fffe).handler);
    expect([...wide.data]).toEqual([0xfe, 0xff, 0xff, 0xff]);
  });

  test('an exit without data is no access', () => {
    const { handler, log } = noting();
    answerIo(io('out', 1, []), handler);
    expect(log).toEqual([]);
  });
});

describe('MMIO exits', () => {
  test.each([
    [1, [[0, 1]]],
    [2, [[0, 2]]],
    [
      3,
      [
        [0, 2],
        [2, 1],
      ],
    ],
    [4, [[0, 4]]],
    [
      5,
      [
        [0, 4],
        [4, 1],
      ],
    ],
    [
      6,
      [
        [0, 4],
        [4, 2],
      ],
    ],
    [
      7,
      [
        [0, 4],
        [4, 2],
        [6, 1],
      ],
    ],
    [
      8,
      [
        [0, 4],
        [4, 4],
      ],
    ],
  ])('of %i bytes are split into accesses, low bytes first', (length, pieces) => {
    const bytes = [1, 2, 3, 4, 5, 6, 7, 8].slice(0, length);
    const writes = noting();
    answerMmio(mmio(true, bytes), writes.handler);
    expect(writes.log.map(([, , address, width]) => [Number(address) - 0xc000_0000, width])).toEqual(pieces);
    const reads = noting();
    answerMmio(mmio(false, bytes), reads.handler);
    expect(reads.log.map(([, , address, width]) => [Number(address) - 0xc000_0000, width])).toEqual(pieces);
  });

  test('eight bytes written and read are two dwords', () => {
    const { handler, log } = noting();
    answerMmio(mmio(true, [1, 0, 0, 0x80, 2, 0, 0, 0xff]), handler);
    expect(log).toEqual([
      ['write', 'mmio', 0xc000_0000, 4, 0x8000_0001],
      ['write', 'mmio', 0xc000_0004, 4, 0xff00_0002],
    ]);
    const exit = mmio(false, [0, 0, 0, 0, 0, 0, 0, 0]);
    answerMmio(exit, noting(0x0403_0201, 0xff07_0605).handler);
    expect([...exit.data]).toEqual([1, 2, 3, 4, 5, 6, 7, 0xff]);
  });

  test('only `length` bytes of the data belong to the access', () => {
    const exit = mmio(false, [9, 9, 9, 9, 9, 9, 9, 9], 2);
    answerMmio(exit, noting(0x0201).handler);
    expect([...exit.data]).toEqual([1, 2, 9, 9, 9, 9, 9, 9]);
  });

  test('the highest physical address stays exact', () => {
    const { handler, log } = noting();
    answerMmio(mmio(true, [7], 1, 0xf_ffff_ffff_ffffn), handler);
    expect(log).toEqual([['write', 'mmio', 0xf_ffff_ffff_ffff, 1, 7]]);
  });
});

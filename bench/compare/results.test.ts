import { describe, expect, test } from '@jest/globals';
import type { GuestRun } from './guest-run.ts';
import { operationOf } from './operations.ts';
import { BARE, operationRows, PEER, plainRow } from './results.ts';
import { growthTable, shownNumber, table } from './table.ts';

const INTRODUCTION = {
  ...{ guest: 'g', tag: 'share', devices: 1, queueSize: 128, features: '0x0', msize: 528384, ticksPerMs: 2_000_000 },
};

/** A machine whose getattr takes `us`, half of it on the device's processor. */
function run(us: number): GuestRun {
  const [done, ns] = [1000, us * 1_000_000];
  const times = { ns, leastNs: us * 900, medianNs: us * 1000, p99Ns: us * 3000 };
  const figures = { done, ...times, kicks: 500, bytes: 0, entries: 0, cpuNs: us * 500 };
  return {
    introduction: INTRODUCTION,
    measurements: [
      { measurement: 'getattr', depth: 1, ...figures },
      { measurement: 'getattr:32', depth: 32, ...figures },
    ],
    resident: 0,
  };
}

const bare = (us: number) => [
  { measurement: 'getattr', done: 10, ns: us * 10_000, medianNs: us * 1000, cpuNs: us * 900 },
];
const operations = ['getattr', 'getattr:32'].map(operationOf);
const guests = new Map([
  ['tsvmm', [run(10), run(8), run(12)]],
  [PEER, [run(40), run(40), run(36)]],
]);
const rows = operationRows(operations, guests, [bare(1), bare(2), bare(1)]);

describe('rows', () => {
  test('have medians, and ratios of runs that came after each other', () => {
    expect(rows[0]).toMatchObject({ title: 'getattr', unit: 'us', lessIsBetter: true });
    expect(rows[0]?.columns.tsvmm).toMatchObject({
      figure: { median: 10, least: 8, most: 12 },
      runs: [10, 8, 12],
      cpuUs: { median: 5 },
      kicks: { median: 0.5 },
      p99Us: { median: 30 },
      toPeer: { median: 4, least: 3, most: 5 },
      toLimit: { median: 0.1, least: 1 / 12, most: 0.25 },
    });
    expect(rows[0]?.columns[PEER]?.toPeer).toBeUndefined();
    expect(rows[0]?.columns[BARE]).toMatchObject({ figure: { median: 1 }, runs: [1, 2, 1], cpuUs: { median: 0.9 } });
  });

  test('compare a rate with what one process does in a second', () => {
    expect(rows[1]?.columns.tsvmm?.figure.median).toBe(100_000);
    expect(rows[1]?.columns[BARE]?.figure.median).toBe(1_000_000);
    expect(rows[1]?.columns.tsvmm?.toPeer?.median).toBe(4);
  });

  test('without QEMU have no ratio to it', () => {
    const alone = operationRows(operations, new Map([['tsvmm', [run(10)]]]), [bare(1)]);
    expect(alone[0]?.columns.tsvmm?.toPeer).toBeUndefined();
    expect(alone[0]?.columns.tsvmm?.toLimit?.median).toBe(0.1);
  });

  test('a measurement that the guest left out is an error', () => {
    expect(() => operationRows([operationOf('read-4k')], guests, [])).toThrow('did not measure read-4k');
  });
});

describe('the table', () => {
  const boot = plainRow(
    'boot',
    'boot',
    { name: 'ms', lessIsBetter: true },
    new Map([
      ['tsvmm', [300]],
      [PEER, [900]],
    ]),
  );

  test('has a line for each row, and a cell in it for each column', () => {
    const lines = table([...rows, boot]).split('\n');
    expect(lines[0]).toBe(
      '| operation | tsvmm | CPU | rings | QEMU | CPU | rings | bare system calls | tsvmm : QEMU | tsvmm : bare |',
    );
    expect(lines[2]).toBe(
      '| getattr | 10.0 us ±20% | 5.00 us | 0.50 | 40.0 us ±5% | 20.0 us | 0.50 | 1.00 us ±50% | **4.00** (3.00 to 5.00) | **0.10** (0.08 to 0.25) |',
    );
    expect(lines[4]).toBe('| boot | 300 ms ±0% | - | - | 900 ms ±0% | - | - | - | **3.00** (3.00 to 3.00) | - |');
    expect(new Set(lines.map((line) => line.split(' | ').length)).size).toBe(1);
  });

  test('of growth says how much of the speed is left', () => {
    const slower = operationRows(operations, new Map([['tsvmm', [run(20)]]]), []);
    expect(growthTable(['one', 'many'], [rows, slower], 'tsvmm').split('\n').slice(2)).toEqual([
      '| getattr | 0.50 |',
      '| getattr, depth 32 | 0.50 |',
    ]);
  });

  test.each([
    [0.1234, '0.12'],
    [12.345, '12.3'],
    [123.4, '123'],
    [109_000.4, '109,000'],
  ])('%d is shown as %s', (value, shown) => {
    expect(shownNumber(value)).toBe(shown);
  });
});

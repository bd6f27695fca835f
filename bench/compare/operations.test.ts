import { describe, expect, test } from '@jest/globals';
import { figureOf, operationOf, USUAL_OPERATIONS } from './operations.ts';

describe('operations', () => {
  test.each([
    ['getattr', { title: 'getattr', depth: 1, bare: 'getattr', unit: { name: 'us' } }],
    ['getattr:32', { title: 'getattr, depth 32', depth: 32, bare: 'getattr', unit: { name: '/s' } }],
    ['getattr-idle', { title: 'getattr after 2 ms of silence', bare: 'getattr', unit: { name: 'us' } }],
    ['read-4k', { title: 'read 4 KiB', depth: 1, unit: { name: 'us' } }],
    ['read-512k', { title: 'read 512 KiB, depth 1', bare: 'read-512k', unit: { name: 'MB/s' } }],
    ['readdir-10000', { title: 'list 10,000 entries', entries: 10000, bare: 'readdir-10000', unit: { name: 'us' } }],
    ['silence', { title: 'a guest that does nothing', bare: undefined, unit: { name: '% of a core' } }],
    ['small-file:3', { title: 'create, write 4 KiB, close, unlink, depth 3', bare: 'small-file' }],
  ])('%s', (name, meaning) => {
    expect(operationOf(name)).toMatchObject({ name, ...meaning });
  });

  test('the usual ones are all operations', () => {
    expect(USUAL_OPERATIONS.map((name) => operationOf(name).name)).toEqual(USUAL_OPERATIONS);
  });

  test.each([
    '',
    'getattr7',
    'readdir-',
    'readdir-0',
    'readdir-5:2',
    'read-512k:33',
    'read-512k:0',
    'GETATTR',
    'a b',
    'toString',
  ])("'%s' is none, and one line says so", (name) => {
    expect(() => operationOf(name)).toThrow(/^'.*give [^\n]+$/);
  });

  test('a figure is the usual time of one, or what was done in a second', () => {
    const timed = { done: 1000, ns: 500_000_000, medianNs: 41_000, cpuNs: 5_000 };
    expect(figureOf(operationOf('getattr'), timed, 0)).toBe(41);
    expect(figureOf(operationOf('getattr:2'), timed, 0)).toBe(2000);
    expect(figureOf(operationOf('read-512k'), timed, 524288)).toBe(1048.576);
    expect(figureOf(operationOf('silence'), timed, 0)).toBe(1);
    expect(figureOf(operationOf('silence'), { ...timed, cpuNs: 0 }, 0)).toBe(0.01);
  });
});

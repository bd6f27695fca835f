import { describe, expect, test } from '@jest/globals';
import { ratioOf, spreadOf, spreadPercent } from './statistics.ts';

describe('statistics', () => {
  test('a spread is the middle and the ends, whatever the order', () => {
    expect(spreadOf([5, 1, 9])).toEqual({ median: 5, least: 1, most: 9 });
    expect(spreadOf([10, 9, 2, 100])).toEqual({ median: 9.5, least: 2, most: 100 });
    expect(spreadOf([7])).toEqual({ median: 7, least: 7, most: 7 });
    expect(() => spreadOf([])).toThrow('no values');
  });

  test('a ratio above 1 is better, for times and for rates, and compares runs in pairs', () => {
    expect(ratioOf([10, 20, 10], [40, 80, 30], true)).toEqual({ median: 4, least: 3, most: 4 });
    expect(ratioOf([40, 80, 30], [10, 20, 10], false)).toEqual({ median: 4, least: 3, most: 4 });
    expect(() => ratioOf([1], [1, 2], true)).toThrow('1 runs against 2');
  });

  test('a spread in per cent is half the distance of the ends', () => {
    expect(spreadPercent({ median: 100, least: 95, most: 115 })).toBe(10);
    expect(spreadPercent({ median: 0, least: 0, most: 0 })).toBe(0);
  });
});

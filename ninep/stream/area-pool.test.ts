import { describe, expect, test } from '@jest/globals';
import { AreaPool } from './area-pool.ts';

describe('a pool of areas', () => {
  test('an area that was given back serves again, for its size only', () => {
    const areas = new AreaPool(8 << 20);
    const small = areas.take(100);
    const large = areas.take(9000);
    expect([small.length, large.length]).toEqual([8192, 10_240]);
    areas.give(small);
    areas.give(large);
    expect(areas.take(10_000)).toBe(large);
    expect(areas.take(8192)).toBe(small);
    expect(areas.take(8192)).not.toBe(small);
  });

  test.each([8192, 8193, 10_240, 10_241, 65_536, 524_312, 4_186_112])(
    'room for %d bytes is had with little to spare',
    (room) => {
      const { length } = new AreaPool(8 << 20).take(room);
      expect(length).toBeGreaterThanOrEqual(room);
      expect(length).toBeLessThanOrEqual(room * 1.25);
    },
  );

  test('keeps no more than it was told, and nothing after trim', () => {
    const areas = new AreaPool(8 << 20);
    const large = areas.take((8 << 20) + 1);
    areas.give(large);
    expect(areas.take((8 << 20) + 1)).not.toBe(large);
    const many = Array.from({ length: 1100 }, () => areas.take(8192));
    for (const area of many) areas.give(area);
    const again = Array.from({ length: 1100 }, () => areas.take(8192));
    expect(again.filter((area) => many.includes(area))).toHaveLength(1024);
    areas.give(again[0] ?? large);
    areas.trim();
    expect(areas.take(8192)).not.toBe(again[0]);
  });
});

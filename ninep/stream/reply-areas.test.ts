import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../../bytes/wire.ts';
import { encodeMessage } from '../codec.ts';
import { fidNumber, tagNumber } from '../wire-types.ts';
import { ReplyAreas, replyRoom } from './reply-areas.ts';

const MSIZE = 1 << 20;
const fid = fidNumber(1);
const tag = tagNumber(1);

describe('the room for a reply', () => {
  const read = (count: number) => encodeMessage('Tread', tag, { fid, offset: 0n, count });
  const readdir = (count: number) => encodeMessage('Treaddir', tag, { fid, offset: 0n, count });

  test.each([
    ['Tread of much', read(100_000), 100_011],
    ['Treaddir of much', readdir(50_000), 50_011],
    ['Tread of little', read(1), 8192],
    ['Tread beyond msize', read(0xffff_ffff), MSIZE],
    ['Tread cut off before its count', read(100_000).subarray(0, 20), 8192],
    ['a request without data in its reply', encodeMessage('Treadlink', tag, { fid }), 8192],
    [
      'Tgetlock, whose reply may hold the longest client id',
      encodeMessage('Tgetlock', tag, {
        fid,
        type: 1,
        start: 0n,
        length: 0n,
        proc_id: 1,
        client_id: utf8('me'),
      }),
      70_000,
    ],
    [
      'Twrite, whose count is its own',
      encodeMessage('Twrite', tag, { fid, offset: 0n, data: { segments: [utf8('x')], length: 1 } }),
      8192,
    ],
  ])('%s', (_name, request, room) => {
    expect(replyRoom([request], MSIZE)).toBe(room);
    const pieces = [...request].map((byte) => Uint8Array.of(byte));
    expect(replyRoom(pieces, MSIZE)).toBe(room);
  });

  test('never exceeds msize', () => {
    expect(replyRoom([read(100_000)], 4096)).toBe(4096);
    expect(replyRoom([encodeMessage('Tclunk', tag, { fid })], 4096)).toBe(4096);
  });
});

describe('ReplyAreas', () => {
  test('an area that was given back serves again, for its size only', () => {
    const areas = new ReplyAreas();
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
      const { length } = new ReplyAreas().take(room);
      expect(length).toBeGreaterThanOrEqual(room);
      expect(length).toBeLessThanOrEqual(room * 1.25);
    },
  );

  test('keeps 8 MiB at most, and nothing after trim', () => {
    const areas = new ReplyAreas();
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

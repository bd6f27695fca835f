import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../../bytes/wire.ts';
import { encodeMessage } from '../codec.ts';
import { fidNumber, tagNumber } from '../wire-types.ts';
import { replyRoom } from './reply-room.ts';

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

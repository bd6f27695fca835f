import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { unpack } from './unpack.ts';

const content = Uint8Array.from({ length: 200_000 }, (_, at) => (at * at) >> 7);
const packed = gzipSync(content);

describe('unpacking as a page does', () => {
  test('gives back what was packed, also out of the middle of other bytes', async () => {
    const around = new Uint8Array(packed.length + 20);
    around.set(packed, 7);
    expect(await unpack('gzip', around.subarray(7, 7 + packed.length), content.length)).toEqual(content);
  });

  test.each([
    ['more', content.length - 1, 'it unpacks to more than 199999 bytes'],
    ['less', content.length + 1, 'it unpacks to 200000 bytes instead of 200001'],
  ])('refuses a payload that unpacks to %s than it says', async (_, length, line) => {
    await expect(unpack('gzip', packed, length)).rejects.toThrow(line);
  });

  test('refuses damaged data and formats a page does not know', async () => {
    const damaged = packed.slice();
    damaged[packed.length - 6] = (damaged[packed.length - 6] ?? 0) ^ 0xff;
    await expect(unpack('gzip', damaged, content.length)).rejects.toThrow();
    await expect(unpack('gzip', packed.subarray(0, 1000), content.length)).rejects.toThrow();
    await expect(unpack('xz', packed, content.length)).rejects.toThrow('a page unpacks gzip only, not xz');
  });
});

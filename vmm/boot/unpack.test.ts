import { describe, expect, test } from '@jest/globals';
import type { CompressionFormat } from './compression.ts';
import { packedKernel } from './testdata/packed-kernels.ts';
import { tinyVmlinux } from './testdata/tiny-kernel.ts';
import { unpack } from './unpack.ts';

const FORMATS: readonly CompressionFormat[] = ['gzip', 'xz', 'zstd', 'lz4', 'bzip2', 'lzma'];
/** Neither has a checksum, so a changed byte may go unnoticed. */
const CHECKED: readonly CompressionFormat[] = ['gzip', 'xz', 'zstd', 'bzip2'];

const kernel = tinyVmlinux();

describe.each(FORMATS)('%s', (format) => {
  test('what the command-line tool packed comes out', async () => {
    expect(await unpack(format, packedKernel(format), kernel.length)).toEqual(kernel);
  });

  test.each([1, 100, kernel.length - 1, kernel.length + 1, kernel.length * 2])(
    'it is refused where %d bytes were promised',
    async (length) => {
      await expect(unpack(format, packedKernel(format), length)).rejects.toThrow();
    },
  );

  test('it is refused wherever it is cut', async () => {
    const packed = packedKernel(format);
    for (let end = 0; end < packed.length - 8; end += 7) {
      await expect(unpack(format, packed.subarray(0, end), kernel.length)).rejects.toThrow();
    }
  });

  test('noise is refused', async () => {
    const noise = Uint8Array.from({ length: 500 }, (_, index) => (index * 167 + 13) & 0xff);
    await expect(unpack(format, noise, kernel.length)).rejects.toThrow();
  });
});

test.each(CHECKED)('%s with a changed byte is refused', async (format) => {
  const packed = packedKernel(format);
  const middle = Math.floor(packed.length * 0.7);
  packed[middle] = (packed[middle] ?? 0) ^ 0x10;
  await expect(unpack(format, packed, kernel.length)).rejects.toThrow();
});

test('LZ4 frames may follow each other', async () => {
  const packed = packedKernel('lz4');
  const twice = new Uint8Array([...packed, ...packed]);
  expect(await unpack('lz4', twice, kernel.length * 2)).toEqual(new Uint8Array([...kernel, ...kernel]));
});

test('an LZ4 block that claims gigabytes is refused', async () => {
  const packed = packedKernel('lz4');
  new DataView(packed.buffer).setUint32(4, 0xf000_0000, true);
  await expect(unpack('lz4', packed, kernel.length)).rejects.toThrow('it ends within a block');
});

test('an LZMA header that asks for a dictionary of 4 GiB is refused', async () => {
  const packed = packedKernel('lzma');
  new DataView(packed.buffer).setUint32(1, 0xffff_ffff, true);
  await expect(unpack('lzma', packed, kernel.length)).rejects.toThrow();
});

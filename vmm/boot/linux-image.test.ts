import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BootError } from './boot-error.ts';
import type { CompressionFormat } from './compression.ts';
import { parseElf32, parseElf64 } from './elf.ts';
import { openLinuxImage } from './linux-image.ts';
import { SETUP_HEADER } from './setup-header.ts';
import { packedKernel } from './testdata/packed-kernels.ts';
import {
  type SetupChanges,
  tinyBzImage,
  tinyCode,
  tinyElf32,
  tinyVmlinux,
  withSizeWord,
} from './testdata/tiny-kernel.ts';
import { unpack } from './unpack.ts';

const FORMATS: readonly CompressionFormat[] = ['gzip', 'xz', 'zstd', 'lz4', 'bzip2', 'lzma'];
const kernel = tinyVmlinux();
/** End of the payload in `tinyBzImage`: two sectors, 16 bytes, the payload. */
const GZIP_END = 1024 + 16 + packedKernel('gzip').length;

function gzipImage(changes: SetupChanges = {}): Uint8Array {
  return tinyBzImage(packedKernel('gzip'), changes);
}

async function refusal(file: Uint8Array): Promise<{ fault: string; message: string }> {
  try {
    await openLinuxImage(file, unpack);
  } catch (error) {
    if (error instanceof BootError) return { fault: error.fault, message: error.message };
    throw error;
  }
  throw new Error('the image was opened');
}

describe('a truncated bzImage is refused', () => {
  const fields = Object.entries(SETUP_HEADER).filter(([, { at }]) => at >= SETUP_HEADER.version.at);

  test.each(fields)('within %s of the setup header', async (name, { at, width }) => {
    const file = gzipImage().subarray(0, at + width - 1);
    const message = `the file ends before the setup header's ${name}: it is truncated`;
    expect(await refusal(file)).toEqual({ fault: 'damaged', message });
  });

  test('within what makes it a bzImage', async () => {
    for (let length = 0; length < SETUP_HEADER.version.at; length++) {
      expect(await refusal(gzipImage().subarray(0, length))).toMatchObject({ fault: 'not-a-kernel' });
    }
  });

  test('anywhere in its payload', async () => {
    for (let length = 1024; length < GZIP_END; length += 50) {
      const message = `the bzImage's payload ends at byte ${GZIP_END}, but the file has ${length}: it is truncated`;
      expect(await refusal(gzipImage().subarray(0, length))).toEqual({ fault: 'damaged', message });
    }
  });
});

describe('a setup header that cannot be is refused', () => {
  test.each<[string, SetupChanges, string, string]>([
    [
      'boot protocol 2.07',
      { version: 0x0207 },
      'unsupported',
      'this kernel speaks boot protocol 2.07, older than Linux 2.6.26: give a newer kernel, or its vmlinux',
    ],
    [
      'a zImage',
      { loadflags: 0 },
      'unsupported',
      'this is a zImage, which loads below 1 MiB: give a bzImage or a vmlinux',
    ],
    [
      'a header that ends before its fields',
      { jump: 0x4deb },
      'damaged',
      'the setup header says that it ends at offset 591, before its own payload_length',
    ],
    [
      'more setup code than file',
      { setup_sects: 255 },
      'damaged',
      `the bzImage's payload ends at byte ${256 * 512 + 16 + packedKernel('gzip').length}, but the file has ${GZIP_END}: it is truncated`,
    ],
    [
      'a payload of 4 GiB',
      { payload_length: 0xffff_ffff },
      'damaged',
      `the bzImage's payload ends at byte ${1040 + 0xffff_ffff}, but the file has ${GZIP_END}: it is truncated`,
    ],
    ['no payload', { payload_length: 0 }, 'damaged', 'the bzImage has no payload'],
    [
      'a payload of something else',
      { payload_offset: 0, payload_length: 16 },
      'damaged',
      "the bzImage's payload is in none of the known formats (gzip, xz, zstd, LZ4, bzip2, LZMA, LZO)",
    ],
    [
      'less room than the payload needs',
      { init_size: 1000 },
      'damaged',
      `the bzImage's payload says that it unpacks to ${kernel.length} bytes, its header that 1000 are enough`,
    ],
    [
      'a 32-bit kernel',
      { xloadflags: 0x0002 },
      'unsupported',
      'this is a 32-bit kernel, which KVM here does not run: give one for x86-64, or use --accel software',
    ],
  ])('%s', async (_, changes, fault, message) => {
    expect(await refusal(gzipImage(changes))).toEqual({ fault, message });
  });
});

describe('a payload that cannot be is refused', () => {
  test('one that unpacks to more than its size word says', async () => {
    const image = tinyBzImage(withSizeWord(packedKernel('xz'), kernel.length - 1));
    expect(await refusal(image)).toEqual({
      fault: 'damaged',
      message: `the bzImage's xz payload cannot be unpacked: it unpacks to more than ${kernel.length - 1} bytes`,
    });
  });

  test('one that unpacks to less', async () => {
    const image = tinyBzImage(withSizeWord(packedKernel('bzip2'), kernel.length + 1));
    expect(await refusal(image)).toEqual({
      fault: 'damaged',
      message: `the bzImage's bzip2 payload cannot be unpacked: it unpacks to ${kernel.length} bytes instead of ${kernel.length + 1}`,
    });
  });

  test('a bomb, before anything is unpacked', async () => {
    const image = tinyBzImage(withSizeWord(packedKernel('xz'), 0xf000_0000), { init_size: 0xffff_ffff });
    expect(await refusal(image)).toEqual({
      fault: 'damaged',
      message: "the bzImage's payload says that it unpacks to 4026531840 bytes",
    });
  });

  test('one that says it unpacks to nothing', async () => {
    expect(await refusal(tinyBzImage(withSizeWord(packedKernel('xz'), 0)))).toMatchObject({ fault: 'damaged' });
  });

  test('LZO, with the reason', async () => {
    const lzo = Uint8Array.of(0x89, 0x4c, 0x5a, 0x4f, 0x00, 0x0d, 0x0a, 0x1a, 0x0a);
    expect(await refusal(tinyBzImage(lzo))).toEqual({
      fault: 'unsupported',
      message:
        "the bzImage's payload is compressed with LZO: there is no maintained library for it, and no distribution uses it; give the kernel's vmlinux instead",
    });
  });

  test('a vmlinux for another machine', async () => {
    const other = tinyVmlinux();
    other[18] = 183;
    expect(await refusal(tinyBzImage(other))).toEqual({
      fault: 'damaged',
      message: "the bzImage's payload is not a vmlinux",
    });
  });

  test('a 32-bit vmlinux where the header has no flag for it', async () => {
    const other = tinyVmlinux();
    other[18] = 3;
    expect(await refusal(tinyBzImage(other, { version: 0x020b, xloadflags: 0 }))).toMatchObject({
      fault: 'unsupported',
    });
  });

  test('whatever its bytes are', async () => {
    const property = fc.asyncProperty(fc.nat(GZIP_END - 1), fc.integer({ min: 0, max: 255 }), async (at, byte) => {
      const file = gzipImage();
      file[at] = byte;
      try {
        await openLinuxImage(file, unpack);
      } catch (error) {
        expect(error).toBeInstanceOf(BootError);
      }
    });
    await fc.assert(property, { numRuns: 300 });
  });
});

test('a 32-bit vmlinux is refused', async () => {
  const file = tinyVmlinux();
  file[4] = 1;
  file[18] = 3;
  expect(await refusal(file)).toEqual({
    fault: 'unsupported',
    message: 'this is a 32-bit kernel, which KVM here does not run: give one for x86-64, or use --accel software',
  });
});

describe('where the machine has 32 bits', () => {
  const file = tinyElf32(0x100_0000, tinyCode());
  const program = parseElf32(file);

  test('a 32-bit vmlinux is taken as it is', async () => {
    expect(await openLinuxImage(file, unpack, 32)).toEqual({ kind: 'vmlinux', bits: 32, program });
  });

  test('a 32-bit bzImage yields the vmlinux in it', async () => {
    const image = tinyBzImage(file, { xloadflags: 0x0002 });
    expect(await openLinuxImage(image, unpack, 32)).toMatchObject({ kind: 'bzImage', bits: 32, program });
  });

  test.each([
    ['vmlinux', kernel],
    ['bzImage', gzipImage()],
    ['bzImage without a flag for it', tinyBzImage(kernel, { version: 0x020b, xloadflags: 0 })],
  ])('a 64-bit %s is refused', async (_, other) => {
    await expect(openLinuxImage(other, unpack, 32)).rejects.toEqual(
      new BootError(
        'unsupported',
        'this is a 64-bit kernel, and the software CPU has 32 bits: give one for i386, or use KVM',
      ),
    );
  });
});

test('a vmlinux is taken as it is', async () => {
  expect(await openLinuxImage(kernel, unpack)).toEqual({ kind: 'vmlinux', bits: 64, program: parseElf64(kernel) });
});

describe('a bzImage yields the vmlinux in it', () => {
  test.each(FORMATS)('packed with %s', async (format) => {
    const packed = packedKernel(format);
    const image = tinyBzImage(format === 'gzip' ? packed : withSizeWord(packed, kernel.length));
    const { kind, program, version, setup } = await openLinuxImage(image, unpack);
    expect({ kind, program, version }).toEqual({
      kind: 'bzImage',
      program: parseElf64(kernel),
      version: '6.1.0-tiny (someone@somewhere) #1',
    });
    expect(setup?.header.cmdline_size).toBe(2047);
    expect(setup?.bytes).toEqual(image.subarray(0x1f1, 0x26c));
  });

  test('not packed at all', async () => {
    expect((await openLinuxImage(tinyBzImage(kernel), unpack)).program).toEqual(parseElf64(kernel));
  });

  test('with the word before a protocol had init_size', async () => {
    const image = gzipImage({ version: 0x0208, jump: 0x4eeb, init_size: 1, xloadflags: 0 });
    const { setup } = await openLinuxImage(image, unpack);
    expect(setup?.header.init_size).toBe(0);
    expect(setup?.bytes).toHaveLength(0x250 - 0x1f1);
  });

  test('with 4 sectors of setup code where the header says 0', async () => {
    const image = gzipImage();
    const longer = new Uint8Array(image.length + 3 * 512);
    longer.set(image.subarray(0, 1024));
    longer.set(image.subarray(1024), 1024 + 3 * 512);
    longer[0x1f1] = 0;
    expect((await openLinuxImage(longer, unpack)).program).toEqual(parseElf64(kernel));
  });

  test('without a version string where there is none', async () => {
    expect(await openLinuxImage(gzipImage({ kernel_version: 0 }), unpack)).not.toHaveProperty('version');
  });
});

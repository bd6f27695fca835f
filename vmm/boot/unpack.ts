/** Unpacking on the host, by library. Libraries are loaded when a kernel first needs them. */
import { gunzipSync } from 'node:zlib';
import type { CompressionFormat, Unpack } from './compression.ts';

type Decoder = (data: Uint8Array, length: number) => Uint8Array | Promise<Uint8Array>;

/** Bytes of input given to liblzma at a time: it cannot be stopped within one, and 4 KiB expand to some 30 MB at most. */
const LZMA_SLICE = 4096;
/** What liblzma may allocate; kernels are packed with dictionaries of up to 128 MiB. */
const LZMA_MEMORY_LIMIT = 512 * 1024 * 1024;
/** The largest block of a legacy LZ4 frame. @spec LZ4 Frame Format Description, Legacy frame */
const LZ4_BLOCK = 8 * 1024 * 1024;
const LZ4_MAGIC = 0x184c_2102;
/** In the frame header descriptor: the frame ends with the checksum of what it unpacks to. */
const ZSTD_CHECKSUM_FLAG = 0x04;
/** Bytes hashed at a time, since the hash copies them into memory of its own. */
const HASH_SLICE = 64 * 1024;

const DECODERS: Readonly<Record<CompressionFormat, Decoder>> = {
  gzip: (data, length) => gunzipSync(data, { maxOutputLength: length }),
  zstd: unpackZstd,
  lz4: unpackLz4,
  bzip2: unpackBzip2,
  xz: (data, length) => unpackLzma('streamDecoder', data, length),
  lzma: (data, length) => unpackLzma('aloneDecoder', data, length),
};

/** Unpacks in this process; see `Unpack`. */
export const unpack: Unpack = async (format, data, length) => {
  const bytes = await DECODERS[format](data, length);
  if (bytes.length !== length) throw new RangeError(`it unpacks to ${bytes.length} bytes instead of ${length}`);
  return bytes;
};

/** @spec RFC 8878 §3.1.1 Zstandard Frames */
async function unpackZstd(data: Uint8Array, length: number): Promise<Uint8Array> {
  const { decompress } = await import('fzstd');
  const output = decompress(data, new Uint8Array(length));
  const hasChecksum = ((data[4] ?? 0) & ZSTD_CHECKSUM_FLAG) !== 0;
  // fzstd stops silently where the buffer ends, or leaves its rest as it was, and does not look at the checksum.
  if (hasChecksum && (await xxh64(output)) !== lastWord(data)) {
    throw new RangeError(`its checksum is wrong, or it does not unpack to ${length} bytes`);
  }
  return output;
}

/** The low 32 bits of the XXH64 of `bytes`. */
async function xxh64(bytes: Uint8Array): Promise<number> {
  const { default: xxhash } = await import('xxhash-wasm');
  const hash = (await xxhash()).create64();
  for (let at = 0; at < bytes.length; at += HASH_SLICE) hash.update(bytes.subarray(at, at + HASH_SLICE));
  return Number(BigInt.asUintN(32, hash.digest()));
}

function lastWord(data: Uint8Array): number {
  return new DataView(data.buffer, data.byteOffset, data.length).getUint32(data.length - 4, true);
}

/** Blocks behind the magic, each with its compressed size; the magic may come again, before another frame's blocks. */
async function unpackLz4(data: Uint8Array, length: number): Promise<Uint8Array> {
  const { default: lz4 } = await import('lz4-napi');
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const output = new Uint8Array(length);
  let written = 0;
  for (let at = 0; at < data.length; ) {
    if (data.length - at < 4) throw new RangeError('it ends within a block size');
    const size = view.getUint32(at, true);
    at += 4;
    if (size === LZ4_MAGIC) continue;
    if (size > data.length - at) throw new RangeError('it ends within a block');
    const room = Math.min(LZ4_BLOCK, length - written);
    // The library's own framing of a block: the size of the output, then the compressed bytes.
    const block = new Uint8Array(4 + size);
    new DataView(block.buffer).setUint32(0, room, true);
    block.set(data.subarray(at, at + size), 4);
    const bytes = lz4.uncompressSync(block);
    output.set(bytes, written);
    written += bytes.length;
    at += size;
  }
  return output.subarray(0, written);
}

async function unpackBzip2(data: Uint8Array, length: number): Promise<Uint8Array> {
  const { default: bzip2 } = await import('seek-bzip');
  const output = new Uint8Array(length);
  let written = 0;
  bzip2.decode(Buffer.from(data.buffer, data.byteOffset, data.length), {
    writeByte(byte: number) {
      if (written === length) throw new RangeError(`it unpacks to more than ${length} bytes`);
      output[written] = byte;
      written += 1;
    },
  });
  return output.subarray(0, written);
}

async function unpackLzma(
  coder: 'streamDecoder' | 'aloneDecoder',
  data: Uint8Array,
  length: number,
): Promise<Uint8Array> {
  const { default: lzma } = await import('lzma-native');
  const stream = lzma.createStream(coder, { memlimit: LZMA_MEMORY_LIMIT });
  const output = new Uint8Array(length);
  let written = 0;
  const ended = new Promise<void>((resolve, reject) => {
    stream.on('error', reject);
    stream.on('end', resolve);
    stream.on('data', (bytes) => {
      if (bytes.length <= length - written) output.set(bytes, written);
      written += bytes.length;
    });
  });
  // Without a listener of its own, a failure while a slice is awaited would count as unhandled.
  ended.catch(() => undefined);
  for (let at = 0; at < data.length && written <= length; at += LZMA_SLICE) {
    const slice = data.subarray(at, at + LZMA_SLICE);
    await Promise.race([ended, new Promise((resolve) => stream.write(slice, resolve))]);
  }
  if (written > length) {
    stream.destroy();
    throw new RangeError(`it unpacks to more than ${length} bytes`);
  }
  stream.end();
  await ended;
  return output.subarray(0, written);
}

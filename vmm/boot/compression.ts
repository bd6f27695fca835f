/** The formats a bzImage's payload may have. */

/** A format that the kernel's build offers. */
export type CompressionFormat = 'gzip' | 'xz' | 'zstd' | 'lz4' | 'bzip2' | 'lzma';

/**
 * Unpacks `data` to exactly `length` bytes.
 *
 * Rejects with an error if the data is damaged or unpacks to any other length; never allocates much more than `length`.
 * The caller owns the result.
 */
export type Unpack = (format: CompressionFormat, data: Uint8Array, length: number) => Promise<Uint8Array>;

/** How a compressed file begins, and what people call it. */
export interface CompressionRow {
  /** The format, or why it cannot be unpacked. */
  readonly format: CompressionFormat | { readonly unsupported: string };
  readonly magic: readonly number[];
  /** The name of the format. */
  readonly name: string;
  /** The command that unpacks a file of it. */
  readonly command: string;
}

/**
 * The beginnings of the formats.
 *
 * @spec RFC 1952 §2.3.1 Member header and trailer; The .xz File Format §2.1.1.1 Header Magic Bytes; RFC 8878 §3.1.1
 *   Zstandard Frames; LZ4 Frame Format Description, Legacy frame
 */
export const COMPRESSIONS: readonly CompressionRow[] = [
  { format: 'gzip', magic: [0x1f, 0x8b], name: 'gzip', command: 'gunzip' },
  { format: 'xz', magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], name: 'xz', command: 'unxz' },
  { format: 'zstd', magic: [0x28, 0xb5, 0x2f, 0xfd], name: 'zstd', command: 'unzstd' },
  { format: 'lz4', magic: [0x02, 0x21, 0x4c, 0x18], name: 'LZ4', command: 'unlz4' },
  { format: 'bzip2', magic: [0x42, 0x5a, 0x68], name: 'bzip2', command: 'bunzip2' },
  { format: 'lzma', magic: [0x5d, 0x00, 0x00], name: 'LZMA', command: 'unlzma' },
  {
    format: { unsupported: 'there is no maintained library for it, and no distribution uses it' },
    magic: [0x89, 0x4c, 0x5a, 0x4f, 0x00],
    name: 'LZO',
    command: 'lzop -d',
  },
];

/** The row whose magic `data` begins with. */
export function detectCompression(data: Uint8Array): CompressionRow | undefined {
  return COMPRESSIONS.find((row) => row.magic.every((byte, at) => data[at] === byte));
}

/** bzImage files: the setup header, and the compressed vmlinux behind it. */
import { BootError } from './boot-error.ts';
import { COMPRESSIONS, type CompressionFormat, detectCompression } from './compression.ts';
import { firstFieldBeyond, readRecord } from './record.ts';
import {
  LOADFLAGS,
  PROTOCOL,
  SECTOR,
  SETUP_HEADER,
  SETUP_HEADER_START,
  SETUP_VALUES,
  type SetupHeader,
  setupHeaderEnd,
} from './setup-header.ts';

/** The largest kernel that is unpacked, in bytes; a distribution's needs a tenth. */
const MOST_UNPACKED = 1024 * 1024 * 1024;

/** Bytes of the word after a payload that counts the unpacked bytes; in a gzip stream it is the stream's own ISIZE. */
const SIZE_WORD = 4;

/** The parts of a bzImage. Byte arrays are views of the file. */
export interface BzImage {
  /** The header's values; fields that the kernel's protocol does not have yet are 0. */
  readonly header: SetupHeader;
  /** The header's bytes, from 0x1f1 on, for boot_params. */
  readonly headerBytes: Uint8Array;
  readonly format: CompressionFormat | 'none';
  /** The compressed vmlinux, without the size word that follows it. */
  readonly payload: Uint8Array;
  /** Bytes that the payload unpacks to. */
  readonly unpackedLength: number;
  /** The version string, as `uname -r` and some of `uname -v` print it. */
  readonly version: string | undefined;
}

/**
 * Finds the parts of a bzImage.
 *
 * @spec The Linux/x86 Boot Protocol, The Real-Mode Kernel Header
 * @throws BootError `damaged` where the file is truncated or contradicts itself, `unsupported` for a kernel before
 *   2.6.26 or a format without a library
 */
export function parseBzImage(file: Uint8Array): BzImage {
  const header = readHeader(file);
  const packed = payloadBytes(file, header);
  const row = detectCompression(packed);
  const plain = packed[0] === 0x7f && packed[1] === 0x45;
  if (row === undefined && !plain) {
    const names = COMPRESSIONS.map(({ name }) => name).join(', ');
    throw damaged(`the bzImage's payload is in none of the known formats (${names})`);
  }
  if (row !== undefined && typeof row.format !== 'string') {
    throw new BootError(
      'unsupported',
      `the bzImage's payload is compressed with ${row.name}: ${row.format.unsupported}; give the kernel's vmlinux instead`,
    );
  }
  const format = row === undefined || typeof row.format !== 'string' ? 'none' : row.format;
  const headerBytes = file.subarray(SETUP_HEADER_START, setupHeaderEnd(header));
  const version = versionString(file, header);
  if (format === 'none')
    return { header, headerBytes, format, payload: packed, unpackedLength: packed.length, version };
  const unpackedLength = sizeWord(packed);
  checkUnpackedLength(unpackedLength, header);
  const payload = format === 'gzip' ? packed : packed.subarray(0, packed.length - SIZE_WORD);
  return { header, headerBytes, format, payload, unpackedLength, version };
}

function readHeader(file: Uint8Array): SetupHeader {
  const missing = firstFieldBeyond(SETUP_HEADER, file.length);
  if (missing !== undefined) throw damaged(`the file ends before the setup header's ${missing}: it is truncated`);
  const header = readRecord(SETUP_HEADER, file);
  if (header.version < PROTOCOL.payload) {
    const version = `${header.version >> 8}.${String(header.version & 0xff).padStart(2, '0')}`;
    throw new BootError(
      'unsupported',
      `this kernel speaks boot protocol ${version}, older than Linux 2.6.26: give a newer kernel, or its vmlinux`,
    );
  }
  if ((header.loadflags & LOADFLAGS.LOADED_HIGH) === 0) {
    throw new BootError('unsupported', 'this is a zImage, which loads below 1 MiB: give a bzImage or a vmlinux');
  }
  const end = setupHeaderEnd(header);
  if (end < SETUP_HEADER.payload_length.at + SETUP_HEADER.payload_length.width) {
    throw damaged(`the setup header says that it ends at offset ${end}, before its own payload_length`);
  }
  // What lies behind the end the header names is code, not fields.
  const own = new Uint8Array(
    file.subarray(0, SETUP_HEADER.kernel_info_offset.at + SETUP_HEADER.kernel_info_offset.width),
  );
  own.fill(0, end);
  return readRecord(SETUP_HEADER, own);
}

function payloadBytes(file: Uint8Array, header: SetupHeader): Uint8Array {
  const sectors = header.setup_sects === 0 ? SETUP_VALUES.setup_sects_if_zero : header.setup_sects;
  const start = (sectors + 1) * SECTOR + header.payload_offset;
  const end = start + header.payload_length;
  if (end > file.length) {
    throw damaged(`the bzImage's payload ends at byte ${end}, but the file has ${file.length}: it is truncated`);
  }
  if (header.payload_length <= SIZE_WORD) throw damaged('the bzImage has no payload');
  return file.subarray(start, end);
}

function sizeWord(payload: Uint8Array): number {
  return new DataView(payload.buffer, payload.byteOffset, payload.length).getUint32(payload.length - SIZE_WORD, true);
}

/** Bounds what a damaged or hostile file can make us allocate. */
function checkUnpackedLength(length: number, header: SetupHeader): void {
  if (length === 0) throw damaged("the bzImage's payload says that it unpacks to nothing");
  if (length > MOST_UNPACKED) throw damaged(`the bzImage's payload says that it unpacks to ${length} bytes`);
  // The kernel unpacks itself within init_size bytes, so no honest payload is larger.
  if (header.version >= PROTOCOL.initSize && header.init_size !== 0 && length > header.init_size) {
    throw damaged(
      `the bzImage's payload says that it unpacks to ${length} bytes, its header that ${header.init_size} are enough`,
    );
  }
}

function versionString(file: Uint8Array, header: SetupHeader): string | undefined {
  if (header.kernel_version === 0) return undefined;
  const start = header.kernel_version + SECTOR;
  const bytes = file.subarray(start, start + SECTOR);
  const end = bytes.indexOf(0);
  const text = new TextDecoder('latin1').decode(end < 0 ? bytes.subarray(0, 0) : bytes.subarray(0, end));
  return /^[ -~]+$/.test(text) ? text : undefined;
}

function damaged(message: string): BootError {
  return new BootError('damaged', message);
}

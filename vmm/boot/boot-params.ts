/** boot_params, the page that tells the kernel what it was given. */
import type { E820Entry } from '../memory-map.ts';
import { type RecordTable, recordLength, writeRecord } from './record.ts';
import { LOADFLAGS, PROTOCOL, SETUP_HEADER, SETUP_HEADER_START, SETUP_VALUES, XLOADFLAGS } from './setup-header.ts';

/** Bytes of boot_params. */
export const BOOT_PARAMS_LENGTH = 4096;

/**
 * The fields of boot_params that are filled in, those of the setup header included.
 *
 * @spec Linux Documentation/arch/x86/zero-page.rst, Zero Page
 */
export const BOOT_PARAMS = {
  ext_ramdisk_image: { at: 0x0c0, width: 4, doc: 'upper 32 bits of ramdisk_image' },
  ext_ramdisk_size: { at: 0x0c4, width: 4, doc: 'upper 32 bits of ramdisk_size' },
  ext_cmd_line_ptr: { at: 0x0c8, width: 4, doc: 'upper 32 bits of cmd_line_ptr' },
  e820_entries: { at: 0x1e8, width: 1, doc: 'number of entries of e820_table' },
  sentinel: { at: 0x1ef, width: 1, doc: '0: the page was cleared before it was filled in' },
  ...SETUP_HEADER,
} as const satisfies RecordTable;

/** Where the field after the setup header begins, and so where a copied header must end. */
const SETUP_HEADER_ROOM_END = 0x290;

const E820_TABLE = 0x2d0;
const E820_MOST = 128;

/** An entry of e820_table. @spec Linux Documentation/arch/x86/zero-page.rst, Zero Page */
export const E820_ENTRY = {
  addr: { at: 0, width: 8, doc: 'start' },
  size: { at: 8, width: 8, doc: 'bytes' },
  type: { at: 16, width: 4, doc: '1 usable, 2 reserved' },
} as const satisfies RecordTable;

/** The header of an entry in the setup_data list. @spec The Linux/x86 Boot Protocol, setup_data */
export const SETUP_DATA = {
  next: { at: 0, width: 8, doc: 'address of the next entry, 0 at the end' },
  type: { at: 8, width: 4, doc: 'what the data is' },
  len: { at: 12, width: 4, doc: 'bytes of data that follow' },
} as const satisfies RecordTable;

/** Types of setup_data. */
export const SETUP_DATA_TYPES = { SETUP_RNG_SEED: 9 } as const;

/** The longest command line where no setup header says otherwise, its terminating zero excluded. */
export const DEFAULT_CMDLINE_SIZE = 2047;

/** The highest address a byte of the initrd may have where no setup header says otherwise. */
export const DEFAULT_INITRD_ADDR_MAX = 0x7fff_ffff;

/** A setup header for a kernel that came without one. */
export const SYNTHETIC_HEADER = {
  boot_flag: SETUP_VALUES.boot_flag,
  header: SETUP_VALUES.header,
  version: PROTOCOL.newest,
  kernel_alignment: 0x20_0000,
  initrd_addr_max: DEFAULT_INITRD_ADDR_MAX,
  xloadflags: XLOADFLAGS.XLF_KERNEL_64,
  cmdline_size: DEFAULT_CMDLINE_SIZE,
} as const;

/** What the page tells. Addresses and lengths in bytes. */
export interface BootParams {
  /** The setup header of a bzImage from 0x1f1 on; absent for a vmlinux. */
  readonly setup?: Uint8Array;
  /** The value of `loadflags` in it. */
  readonly loadflags?: number;
  readonly cmdline: number;
  readonly initrd?: { readonly address: number; readonly length: number };
  /** Address of the setup_data list. */
  readonly setupData?: number;
  readonly e820: readonly E820Entry[];
}

/** The bytes of the page. */
export function bootParams(params: BootParams): Uint8Array<ArrayBuffer> {
  const { setup, initrd, e820 } = params;
  if (e820.length > E820_MOST) throw new RangeError(`${e820.length} e820 entries do not fit into boot_params`);
  const page = new Uint8Array(BOOT_PARAMS_LENGTH);
  if (setup === undefined) writeRecord(BOOT_PARAMS, page, SYNTHETIC_HEADER);
  else page.set(setup.subarray(0, SETUP_HEADER_ROOM_END - SETUP_HEADER_START), SETUP_HEADER_START);
  writeRecord(BOOT_PARAMS, page, {
    e820_entries: e820.length,
    type_of_loader: SETUP_VALUES.type_of_loader,
    loadflags: (params.loadflags ?? 0) | LOADFLAGS.LOADED_HIGH,
    cmd_line_ptr: params.cmdline,
    ramdisk_image: initrd?.address ?? 0,
    ramdisk_size: initrd?.length ?? 0,
    hardware_subarch: 0,
    setup_data: BigInt(params.setupData ?? 0),
  });
  for (const [index, { base, length, type }] of e820.entries()) {
    const at = E820_TABLE + index * recordLength(E820_ENTRY);
    writeRecord(E820_ENTRY, page, { addr: BigInt(base), size: BigInt(length), type }, at);
  }
  return page;
}

/** A setup_data entry, the last of its list. */
export function setupData(type: number, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const header = recordLength(SETUP_DATA);
  const bytes = new Uint8Array(header + data.length);
  writeRecord(SETUP_DATA, bytes, { next: 0n, type, len: data.length });
  bytes.set(data, header);
  return bytes;
}

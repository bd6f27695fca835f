/**
 * The setup header: what a bzImage says about itself and what the loader answers, at the same offsets in the file and in
 * boot_params.
 */
import type { RecordTable, RecordValues } from './record.ts';

/**
 * Its fields, by offset from the start of the file.
 *
 * @spec The Linux/x86 Boot Protocol, The Real-Mode Kernel Header
 */
export const SETUP_HEADER = {
  setup_sects: {
    at: 0x1f1,
    width: 1,
    doc: 'size of the setup code in 512-byte sectors, boot sector excluded; 0 means 4',
  },
  root_flags: { at: 0x1f2, width: 2, doc: 'root is mounted read-only if set' },
  syssize: { at: 0x1f4, width: 4, doc: 'size of the protected-mode code in 16-byte units' },
  ram_size: { at: 0x1f8, width: 2, doc: 'obsolete' },
  vid_mode: { at: 0x1fa, width: 2, doc: 'video mode control' },
  root_dev: { at: 0x1fc, width: 2, doc: 'default root device number' },
  boot_flag: { at: 0x1fe, width: 2, doc: '0xAA55' },
  jump: { at: 0x200, width: 2, doc: 'jump instruction; its second byte says where the header ends' },
  header: { at: 0x202, width: 4, doc: '"HdrS"' },
  version: { at: 0x206, width: 2, doc: 'boot protocol version, major in the high byte' },
  realmode_swtch: { at: 0x208, width: 4, doc: 'boot loader hook' },
  start_sys_seg: { at: 0x20c, width: 2, doc: 'obsolete' },
  kernel_version: { at: 0x20e, width: 2, doc: 'offset of the version string, minus 0x200' },
  type_of_loader: { at: 0x210, width: 1, doc: 'boot loader identifier' },
  loadflags: { at: 0x211, width: 1, doc: 'boot protocol option flags' },
  setup_move_size: { at: 0x212, width: 2, doc: 'move to high memory size' },
  code32_start: { at: 0x214, width: 4, doc: 'boot loader hook' },
  ramdisk_image: { at: 0x218, width: 4, doc: 'address of the initrd' },
  ramdisk_size: { at: 0x21c, width: 4, doc: 'bytes of the initrd' },
  bootsect_kludge: { at: 0x220, width: 4, doc: 'obsolete' },
  heap_end_ptr: { at: 0x224, width: 2, doc: 'free memory after the setup code' },
  ext_loader_ver: { at: 0x226, width: 1, doc: 'extended boot loader version' },
  ext_loader_type: { at: 0x227, width: 1, doc: 'extended boot loader identifier' },
  cmd_line_ptr: { at: 0x228, width: 4, doc: 'address of the command line' },
  initrd_addr_max: { at: 0x22c, width: 4, doc: 'highest address a byte of the initrd may have' },
  kernel_alignment: { at: 0x230, width: 4, doc: 'alignment required of a relocatable kernel' },
  relocatable_kernel: { at: 0x234, width: 1, doc: 'whether the kernel is relocatable' },
  min_alignment: { at: 0x235, width: 1, doc: 'minimum alignment, as a power of two' },
  xloadflags: { at: 0x236, width: 2, doc: 'boot protocol option flags' },
  cmdline_size: { at: 0x238, width: 4, doc: 'maximum length of the command line, its terminating zero excluded' },
  hardware_subarch: { at: 0x23c, width: 4, doc: 'hardware subarchitecture; 0 is a PC' },
  hardware_subarch_data: { at: 0x240, width: 8, doc: 'data of the subarchitecture' },
  payload_offset: { at: 0x248, width: 4, doc: 'offset of the payload from the start of the protected-mode code' },
  payload_length: { at: 0x24c, width: 4, doc: 'bytes of the payload' },
  setup_data: { at: 0x250, width: 8, doc: 'address of a linked list of struct setup_data' },
  pref_address: { at: 0x258, width: 8, doc: 'preferred load address' },
  init_size: { at: 0x260, width: 4, doc: 'linear memory required during initialisation' },
  handover_offset: { at: 0x264, width: 4, doc: 'offset of the EFI handover entry point' },
  kernel_info_offset: { at: 0x268, width: 4, doc: 'offset of kernel_info' },
} as const satisfies RecordTable;

/** The values of a setup header. */
export type SetupHeader = RecordValues<typeof SETUP_HEADER>;

/** Where the header begins, in the file and in boot_params. */
export const SETUP_HEADER_START = SETUP_HEADER.setup_sects.at;

/** Bytes of a sector, the unit of `setup_sects`. */
export const SECTOR = 512;

/** Values that fields must have or get. */
export const SETUP_VALUES = {
  boot_flag: 0xaa55,
  /** "HdrS" */
  header: 0x5372_6448,
  /** A boot loader without a number of its own. */
  type_of_loader: 0xff,
  setup_sects_if_zero: 4,
} as const;

/** Bits of `loadflags`. */
export const LOADFLAGS = { LOADED_HIGH: 0x01 } as const;

/** Bits of `xloadflags`. */
export const XLOADFLAGS = { XLF_KERNEL_64: 0x0001 } as const;

/** Protocol versions that brought what is used here. */
export const PROTOCOL = {
  /** payload_offset and payload_length (Linux 2.6.26) */
  payload: 0x0208,
  /** pref_address and init_size (Linux 2.6.31) */
  initSize: 0x020a,
  /** xloadflags (Linux 3.8) */
  xloadflags: 0x020c,
  /** the newest whose fields are all in the table */
  newest: 0x020f,
} as const;

/** Offset just after the header: the target of the jump instruction that precedes "HdrS". */
export function setupHeaderEnd(header: SetupHeader): number {
  return SETUP_HEADER.header.at + (header.jump >> 8);
}

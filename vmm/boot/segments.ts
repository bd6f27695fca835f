/**
 * The segments of the CPU at kernel entry. The boot GDT and the segment registers an accelerator sets are made of the
 * same rows.
 *
 * @spec The Linux/x86 Boot Protocol, 64-bit Boot Protocol
 */

/** A segment, with the descriptor's fields by the names of the processor's manual. */
export interface SegmentRow {
  readonly selector: number;
  readonly base: number;
  /** Limit as the descriptor holds it, in units of 4 KiB where `g` is 1. */
  readonly limit: number;
  readonly type: number;
  /** 1 for code and data, 0 for a system segment. */
  readonly s: 0 | 1;
  readonly dpl: 0;
  readonly present: 1;
  /** 64-bit code. */
  readonly l: 0 | 1;
  readonly db: 0 | 1;
  readonly g: 0 | 1;
}

/**
 * Code for CS, data for SS, DS, ES, FS and GS, task for TR, which the processor wants to be a busy one.
 *
 * @spec Intel SDM 3A §3.4.5 Segment Descriptors, §8.2.3 TSS Descriptor in 64-bit mode
 */
export const BOOT_SEGMENTS = {
  code: { selector: 0x10, base: 0, limit: 0xf_ffff, type: 0xb, s: 1, dpl: 0, present: 1, l: 1, db: 0, g: 1 },
  data: { selector: 0x18, base: 0, limit: 0xf_ffff, type: 0x3, s: 1, dpl: 0, present: 1, l: 0, db: 1, g: 1 },
  task: { selector: 0x20, base: 0, limit: 0xf_ffff, type: 0xb, s: 0, dpl: 0, present: 1, l: 0, db: 0, g: 1 },
} as const satisfies Record<string, SegmentRow>;

/** The same for entry in 32-bit mode, which needs no TR. @spec The Linux/x86 Boot Protocol, 32-bit Boot Protocol */
export const BOOT_SEGMENTS_32 = {
  code: { ...BOOT_SEGMENTS.code, l: 0, db: 1 },
  data: BOOT_SEGMENTS.data,
} as const satisfies Record<string, SegmentRow>;

/** Bytes of the GDT: two empty descriptors, code, data and the two halves of the task descriptor. */
export const BOOT_GDT_LENGTH = 6 * 8;

/** The bytes of the GDT that the rows' selectors refer to. */
export function bootGdt(rows: Readonly<Record<string, SegmentRow>> = BOOT_SEGMENTS): Uint8Array<ArrayBuffer> {
  const table = new Uint8Array(BOOT_GDT_LENGTH);
  const view = new DataView(table.buffer);
  for (const row of Object.values(rows)) view.setBigUint64(row.selector, descriptor(row), true);
  return table;
}

function descriptor(row: SegmentRow): bigint {
  const access = row.type | (row.s << 4) | (row.dpl << 5) | (row.present << 7);
  const flags = (row.l << 1) | (row.db << 2) | (row.g << 3);
  const low = BigInt(row.limit & 0xffff) | (BigInt(row.base & 0xff_ffff) << 16n) | (BigInt(access) << 40n);
  return low | (BigInt(row.limit >>> 16) << 48n) | (BigInt(flags) << 52n) | (BigInt(row.base >>> 24) << 56n);
}

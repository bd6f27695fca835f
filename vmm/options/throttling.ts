import type { OptionRow } from './option-table.ts';
import { integer } from './value-type.ts';

const LIMITS = ['bps-total', 'bps-read', 'bps-write', 'iops-total', 'iops-read', 'iops-write'] as const;

type Limit = (typeof LIMITS)[number];

/** The names of QEMU's throttling options. */
export type ThrottlingKey = `throttling.${Limit}${'' | '-max' | '-max-length'}` | 'throttling.iops-size';

const MOST = Number.MAX_SAFE_INTEGER;

function rowsOf(limit: Limit): [ThrottlingKey, OptionRow<number>][] {
  const unit = limit.startsWith('bps') ? 'bytes' : 'operations';
  const what = `${unit} a second, ${limit.slice(limit.indexOf('-') + 1)}`;
  return [
    [`throttling.${limit}`, { type: integer(0, MOST), doc: `most ${what}`, notYet: true }],
    [`throttling.${limit}-max`, { type: integer(0, MOST), doc: `most ${what}, in a burst`, notYet: true }],
    [`throttling.${limit}-max-length`, { type: integer(1, MOST), doc: 'seconds a burst may last', notYet: true }],
  ];
}

/** Limits on the traffic of a share. @spec QEMU 9psetup, -fsdev throttling */
export const THROTTLING = Object.fromEntries([
  ...LIMITS.flatMap(rowsOf),
  ['throttling.iops-size', { type: integer(0, MOST), doc: 'bytes that count as one operation', notYet: true }],
]) as Readonly<Record<ThrottlingKey, OptionRow<number>>>;

/** What an access to a register block touches, in words: for traces. */
import type { RegisterLayout } from './register-bank.ts';
import type { RegisterBits } from './register-row.ts';

/** A number as people write addresses and registers. */
export const hex = (value: number | bigint) => `0x${value.toString(16)}`;

/** Names of the bits set in `value`; fields are shown with their number. */
function bitNames(bits: RegisterBits, value: number): string {
  const names = Object.entries(bits).flatMap(([name, at]) => {
    if (typeof at === 'number') return Math.floor(value / 2 ** at) % 2 === 1 ? [name] : [];
    const [first, last] = at;
    const field = Math.floor(value / 2 ** first) % 2 ** (last - first + 1);
    return field === 0 ? [] : [`${name}=${field}`];
  });
  return names.length === 0 ? '' : ` (${names.join(' ')})`;
}

/** What an access touches: `queue_desc[31:0] = 0x1000`, `device_status = 0x3 (ACKNOWLEDGE DRIVER)`. */
export function explainAccess<Owner>(
  layout: RegisterLayout<Owner>,
  offset: number,
  width: number,
  value: number,
): string {
  const parts: string[] = [];
  for (const row of layout.rows) {
    const [from, to] = [Math.max(offset, row.at), Math.min(offset + width, row.at + row.width)];
    if (from >= to) continue;
    const part = Math.floor(value / 2 ** (8 * (from - offset))) % 2 ** (8 * (to - from));
    const whole = to - from === row.width;
    const range = whole ? '' : `[${8 * (to - row.at) - 1}:${8 * (from - row.at)}]`;
    parts.push(`${row.name}${range} = ${hex(part)}${whole ? bitNames(row.bits ?? {}, part) : ''}`);
  }
  return parts.length === 0 ? `${layout.name}+${hex(offset)} = ${hex(value)}` : parts.join(', ');
}

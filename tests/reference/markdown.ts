/** The few pieces of Markdown that the reference is made of. */

/** A table: plain cells are escaped by whoever makes them, with `cell`. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return `${[line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n')}\n`;
}

/** Text as it may stand in a cell of a table. */
export function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}

/** Literal text: a name, a notation. */
export function code(text: string): string {
  return `\`${text}\``;
}

/** A link; `to` is relative to the page it stands on. */
export function link(text: string, to: string): string {
  return `[${text}](${to})`;
}

/** The fragment GitHub gives a heading. */
export function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll('`', '')
    .replace(/[^\p{L}\p{N}_ -]/gu, '')
    .replaceAll(' ', '-');
}

/** Bits of a value: those that are set, as `15:14, 3`. */
export function bitRanges(mask: bigint): string {
  const ranges: string[] = [];
  for (let bit = mask.toString(2).length - 1; bit >= 0; bit--) {
    if ((mask >> BigInt(bit)) % 2n === 0n) continue;
    const last = bit;
    while (bit > 0 && (mask >> BigInt(bit - 1)) % 2n === 1n) bit--;
    ranges.push(last === bit ? String(bit) : `${last}:${bit}`);
  }
  return ranges.join(', ');
}

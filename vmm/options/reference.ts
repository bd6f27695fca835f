import type { OptionTable } from './option-table.ts';

/** One line of a reference: how it is written and what it means. */
export interface ReferenceLine {
  readonly written: string;
  readonly meaning: string;
}

/**
 * The keys of an option string as they are shown to people, in the order of the table; the throttling keys, which are
 * nineteen, as one line.
 */
export function referenceOf(table: OptionTable): ReferenceLine[] {
  const lines: ReferenceLine[] = [];
  for (const [key, { type, doc, required, notYet }] of Object.entries(table)) {
    if (key.startsWith('throttling.')) continue;
    const lacks = notYet === true ? 'not yet' : notYet && `not yet: ${notYet.join(', ')}`;
    const meaning = [doc, required ? 'required' : undefined, lacks].filter((part) => part !== undefined).join('; ');
    lines.push({ written: `${key}=${type.notation}`, meaning });
  }
  if (Object.keys(table).some((key) => key.startsWith('throttling.'))) {
    lines.push({
      written: 'throttling.LIMIT=N',
      meaning: "QEMU's limits on the traffic of a share: bps-total, iops-read-max and so on",
    });
  }
  return lines;
}

/** Lines of a reference in two columns for a terminal, wrapped at `width`. */
export function columns(lines: readonly ReferenceLine[], width = 100): string {
  const left = Math.min(32, Math.max(...lines.map(({ written }) => written.length)));
  return lines
    .flatMap(({ written, meaning }) => {
      const [head = '', ...rest] = wrap(meaning, width - left - 4);
      const first =
        written.length > left
          ? [`  ${written}`, `  ${' '.repeat(left)}  ${head}`]
          : [`  ${written.padEnd(left)}  ${head}`];
      return [...first, ...rest.map((text) => `  ${' '.repeat(left)}  ${text}`)];
    })
    .join('\n');
}

/** Lines of a reference as a Markdown table, for a README. */
export function markdown(lines: readonly ReferenceLine[], heading: readonly [string, string]): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  return [
    `| ${heading[0]} | ${heading[1]} |`,
    '|---|---|',
    ...lines.map(({ written, meaning }) => `| \`${cell(written)}\` | ${cell(meaning)} |`),
  ].join('\n');
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

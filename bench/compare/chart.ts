/** Rows as a picture: how many times as good as QEMU, on a logarithmic scale. */
import { BARE, PEER, type Row } from './results.ts';
import { shownNumber } from './table.ts';

const WIDTH = 860;
const LABELS = 250;
const FIGURES = 90;
/** Room for the title and the two lines that the longest subtitle takes. */
const TOP = 80;
const LINE_CHARACTERS = 125;
const BAR = 14;
const GAP = 12;
const COLORS = ['#1f6f8b', '#e08e45', '#7a5c99', '#4f7942'];
const INK = '#222222';
const GRID = '#cccccc';

/** One bar: from 1, which is as good as QEMU, to the ratio, with the runs' ends. */
interface Bar {
  readonly column: string;
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

interface Group {
  readonly title: string;
  readonly bars: readonly Bar[];
  /** Where the bare system calls are on this scale. */
  readonly limit: number | undefined;
}

/** The text of an SVG file. @throws RangeError where no row has a ratio to QEMU */
export function chart(title: string, subtitle: string, rows: readonly Row[]): string {
  const groups = rows.map(groupOf).filter(({ bars }) => bars.length > 0);
  if (groups.length === 0) throw new RangeError('nothing was compared with QEMU, so there is nothing to draw');
  const columns = [...new Set(groups.flatMap(({ bars }) => bars.map(({ column }) => column)))];
  const values = groups.flatMap(({ bars, limit }) => [
    ...bars.flatMap(({ least, most }) => [least, most]),
    ...(limit === undefined ? [] : [limit]),
  ]);
  const scale = scaleOf(Math.min(0.5, ...values), Math.max(2, ...values));
  let y = TOP;
  const parts: string[] = [];
  for (const group of groups) {
    parts.push(groupAt(group, y, scale.at, columns));
    y += group.bars.length * BAR + GAP;
  }
  const height = y + 48;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    text(16, 24, title, 'font-size="16" font-weight="bold"'),
    ...lines(subtitle).map((line, index) => text(16, 42 + 16 * index, line)),
    ...scale.marks.map((mark) => gridLine(mark, scale.at(mark), y)),
    ...parts,
    ...legend(columns, y + 36),
    '</svg>',
  ].join('\n')}\n`;
}

/** Words in lines that fit the picture. */
function lines(words: string): string[] {
  const all: string[] = [];
  for (const word of words.split(' ')) {
    const longer = `${all.at(-1) ?? ''} ${word}`.trim();
    if (all.length > 0 && longer.length <= LINE_CHARACTERS) all[all.length - 1] = longer;
    else all.push(word);
  }
  return all;
}

function groupOf({ title, columns }: Row): Group {
  const bars = Object.entries(columns).flatMap(([column, { toPeer }]) =>
    toPeer === undefined ? [] : [{ column, ...toPeer }],
  );
  const atLimit = columns[PEER]?.toLimit?.median;
  return { title, bars, limit: columns[BARE] === undefined || !atLimit ? undefined : 1 / atLimit };
}

/** Powers of two from below `least` to above `most`, and where a value is between them. */
function scaleOf(least: number, most: number) {
  const [from, to] = [Math.floor(Math.log2(least)), Math.ceil(Math.log2(most))];
  const room = WIDTH - LABELS - FIGURES;
  const at = (value: number) => LABELS + ((Math.log2(value) - from) / (to - from)) * room;
  return { at, marks: Array.from({ length: to - from + 1 }, (_, index) => 2 ** (from + index)) };
}

function gridLine(mark: number, x: number, bottom: number): string {
  const line = `<line x1="${place(x)}" y1="${TOP - 8}" x2="${place(x)}" y2="${place(bottom)}"`;
  const stroke = mark === 1 ? `stroke="${INK}" stroke-width="1.5"` : `stroke="${GRID}"`;
  const label = mark === 1 ? PEER : `${mark < 1 ? `1/${1 / mark}` : mark}`;
  return `${line} ${stroke}/>\n${text(x, bottom + 14, label, 'text-anchor="middle"')}`;
}

function groupAt({ title, bars, limit }: Group, top: number, at: (value: number) => number, columns: string[]): string {
  const height = bars.length * BAR;
  const lines = bars.map(({ column, median, least, most }, index) => {
    const y = top + index * BAR;
    const [from, to] = [Math.min(at(1), at(median)), Math.max(at(1), at(median))];
    const color = COLORS[columns.indexOf(column) % COLORS.length];
    const middle = y + BAR / 2;
    return [
      `<rect x="${place(from)}" y="${place(y + 1)}" width="${place(to - from)}" height="${BAR - 2}" fill="${color}"/>`,
      `<line x1="${place(at(least))}" y1="${place(middle)}" x2="${place(at(most))}" y2="${place(middle)}" stroke="${INK}"/>`,
      text(WIDTH - FIGURES + 10, y + BAR - 3, `${shownNumber(median)} times`),
    ].join('\n');
  });
  const tick =
    limit === undefined
      ? []
      : [
          `<line x1="${place(at(limit))}" y1="${place(top - 2)}" x2="${place(at(limit))}" y2="${place(top + height + 2)}" stroke="#b22222" stroke-width="2"/>`,
        ];
  return [text(LABELS - 10, top + height / 2 + 4, title, 'text-anchor="end"'), ...lines, ...tick].join('\n');
}

function legend(columns: readonly string[], y: number): string[] {
  const entries = [...columns.map((name, index) => ({ name, color: COLORS[index % COLORS.length] }))];
  const limit = { name: `${BARE} (upright line)`, color: '#b22222' };
  return [...entries, limit].flatMap(({ name, color }, index) => [
    `<rect x="${16 + index * 200}" y="${place(y - 9)}" width="10" height="10" fill="${color}"/>`,
    text(32 + index * 200, y, name),
  ]);
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function text(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${place(x)}" y="${place(y)}" fill="${INK}"${attributes === '' ? '' : ` ${attributes}`}>${escaped(content)}</text>`;
}

/** A place in the picture: tenths are fine enough, and the file the same wherever it was made. */
function place(value: number): string {
  return String(Math.round(value * 10) / 10);
}

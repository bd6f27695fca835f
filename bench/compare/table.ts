/** Rows as a table in Markdown. */
import { BARE, type Column, PEER, type Row } from './results.ts';
import { type Spread, spreadPercent } from './statistics.ts';

/** A figure and how far its runs lie apart: `40.9 us ±3%`. */
function shownFigure({ figure }: Column, unit: string): string {
  return `${shownNumber(figure.median)} ${unit} ±${spreadPercent(figure).toFixed(0)}%`;
}

/** Three digits that count, and no more behind the point than they need. */
export function shownNumber(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  if (value >= 10) return value.toFixed(1);
  return value.toFixed(2);
}

function shownRatio(ratio: Spread | undefined): string {
  if (ratio === undefined) return '-';
  return `**${shownNumber(ratio.median)}** (${shownNumber(ratio.least)} to ${shownNumber(ratio.most)})`;
}

/** A line for each row: figures and processor time of each column, then how each of ours compares. */
export function table(rows: readonly Row[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row.columns)))];
  const ours = columns.filter((column) => column !== PEER && column !== BARE);
  const withPeer = ours.length > 0 && columns.includes(PEER);
  const withBare = columns.includes(BARE);
  const head = [
    'operation',
    ...columns.flatMap((column) => (column === BARE ? [column] : [column, 'CPU', 'rings'])),
    ...ours.flatMap((column) => [
      ...(withPeer ? [`${column} : ${PEER}`] : []),
      ...(withBare ? [`${column} : bare`] : []),
    ]),
  ];
  const lines = rows.map((row) => {
    const cells = columns.flatMap((column) => cellsOf(row, column));
    const ratios = ours.flatMap((column) => [
      ...(withPeer ? [shownRatio(row.columns[column]?.toPeer)] : []),
      ...(withBare ? [shownRatio(row.columns[column]?.toLimit)] : []),
    ]);
    return [row.title, ...cells, ...ratios];
  });
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function cellsOf(row: Row, column: string): string[] {
  const part = row.columns[column];
  if (part === undefined) return column === BARE ? ['-'] : ['-', '-', '-'];
  const figure = shownFigure(part, row.unit);
  if (column === BARE) return [figure];
  const cpu = part.cpuUs === undefined ? '-' : `${shownNumber(part.cpuUs.median)} us`;
  return [figure, cpu, part.kicks === undefined ? '-' : shownNumber(part.kicks.median)];
}

/** How one column's figures change from the first table to the others: how many times as good each is there. */
export function growthTable(names: readonly string[], tables: readonly (readonly Row[])[], column: string): string {
  const [first = [], ...others] = tables;
  const head = [`${column}: speed against ${names[0]}`, ...names.slice(1)];
  const lines = first.map((row) => {
    const cells = others.map((rows) => {
      const [before, after] = [row, rows.find(({ name }) => name === row.name)].map((one) => one?.columns[column]);
      if (before === undefined || after === undefined) return '-';
      const change = after.figure.median / before.figure.median;
      return shownNumber(row.lessIsBetter ? 1 / change : change);
    });
    return [row.title, ...cells];
  });
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

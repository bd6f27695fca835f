/** A register block as a section of a page: its registers as a table, and the bits of each that has names for them. */
import type { RegisterBits } from '../../bytes/register-row.ts';
import { hex } from '../../bytes/register-text.ts';
import type { RegisterDescription } from '../../bytes/registers.ts';
import { bitRanges, cell, code, link, slug, table } from './markdown.ts';

/** What of a register block the reference needs, whoever owns its registers. */
export interface DescribedBlock {
  readonly name: string;
  readonly length: number;
  describe(): readonly RegisterDescription[];
}

/** A block and what the table does not say of it. */
export interface BlockEntry {
  readonly block: DescribedBlock;
  /** Where a driver finds it, as Markdown. */
  readonly where: string;
  /** The file that declares it, from the root of the repository. */
  readonly source: string;
}

/** The rules of access, as the tables of registers abbreviate them. */
export const ACCESS_KEY =
  '`ro` ignores writes, `rw` takes every bit, `rw-masked` the bits named, `w1c` clears those of them to which a one is written, `rc` is read-only and clears when read. Offsets are from the start of the block, in bytes; bit 0 is the least significant.';

/** The section, from its heading on. */
export function blockSection({ block, where, source }: BlockEntry): string {
  const rows = block.describe();
  const parts = [
    `## ${block.name}`,
    `${where} ${block.length} bytes, declared in ${link(source, `../../${source}`)}.`,
    registerTable(block.name, rows),
    ...rows.filter(hasBits).map((row) => bitSection(block.name, row)),
  ];
  return parts.join('\n\n');
}

/** The heading of a register that has a section of its own. */
function heading(block: string, register: string): string {
  return `${block}: ${register}`;
}

/** Where on its page a register of the block is told of. */
export function registerFragment(block: DescribedBlock, register: string): string {
  const row = block.describe().find(({ name }) => name === register);
  if (row === undefined) throw new Error(`register block ${block.name} has no register ${register}`);
  return slug(hasBits(row) ? heading(block.name, register) : block.name);
}

function hasBits({ bits }: RegisterDescription): boolean {
  return Object.keys(bits).length > 0;
}

function registerTable(block: string, rows: readonly RegisterDescription[]): string {
  return table(
    ['offset', 'bytes', 'register', 'access', 'reset', 'meaning', 'specification'],
    runsOf(rows).map(({ first, last }) => [
      first === last ? hex(first.at) : `${hex(first.at)} to ${hex(last.at)}`,
      String(first.width),
      nameOf(block, first) + (first === last ? '' : ` to ${nameOf(block, last)}`),
      first.mask === undefined ? first.access : `${first.access} ${bitRanges(BigInt(first.mask))}`,
      hex(first.reset),
      meaningOf(first),
      cell(first.spec),
    ]),
  );
}

function nameOf(block: string, row: RegisterDescription): string {
  return hasBits(row) ? link(code(row.name), `#${slug(heading(block, row.name))}`) : code(row.name);
}

function meaningOf({ doc, selectedBy }: RegisterDescription): string {
  return selectedBy === undefined ? cell(doc) : `${cell(doc)} Of the one that ${code(selectedBy)} names.`;
}

/** Registers of a kind that follow each other: an array of bytes. */
interface Run {
  readonly first: RegisterDescription;
  last: RegisterDescription;
}

/** Registers that follow each other and differ by a number in their names stand in one line. */
function runsOf(rows: readonly RegisterDescription[]): Run[] {
  const runs: Run[] = [];
  for (const row of rows) {
    const run = runs.at(-1);
    if (run !== undefined && !hasBits(row) && kindOf(row) === kindOf(run.last) && follows(row, run.last))
      run.last = row;
    else runs.push({ first: row, last: row });
  }
  return runs;
}

const follows = (row: RegisterDescription, before: RegisterDescription) => row.at === before.at + before.width;

/** All that registers of one run have in common. */
function kindOf({ name, width, access, reset, spec, doc, mask, selectedBy }: RegisterDescription): string {
  const stem = name.replace(/\[?[0-9a-f]+\]?$/, '');
  return [stem, width, access, reset, spec, doc.replace(/\d+/g, ''), mask, selectedBy].join('\n');
}

function bitSection(block: string, row: RegisterDescription): string {
  const layout = table(
    ['bits', 'name', 'software'],
    layoutOf(row.bits, row.width).map(({ last, first, name }) => [
      last === first ? String(first) : `${last}:${first}`,
      name === undefined ? 'reserved' : code(name),
      name === undefined ? '' : byWhom(row, first, last),
    ]),
  );
  return `### ${heading(block, row.name)}\n\n${cell(row.doc)} Offset ${hex(row.at)}; *${row.spec}*.\n\n${layout}`;
}

function byWhom({ access, mask }: RegisterDescription, first: number, last: number): string {
  if (mask === undefined) return { ro: 'reads', rc: 'reads, which clears', rw: 'reads, writes' }[String(access)] ?? '';
  const touched = (BigInt(mask) >> BigInt(first)) % 2n ** BigInt(last - first + 1) !== 0n;
  if (!touched) return 'reads';
  return access === 'w1c' ? 'reads, clears by writing 1' : 'reads, writes';
}

interface Stretch {
  readonly first: number;
  readonly last: number;
  readonly name: string | undefined;
}

/** Every bit of the register from the highest on, those without a name too. */
function layoutOf(bits: RegisterBits, width: number): Stretch[] {
  const named = Object.entries(bits)
    .map(([name, at]) => (typeof at === 'number' ? { name, first: at, last: at } : { name, first: at[0], last: at[1] }))
    .sort((a, b) => b.first - a.first);
  const stretches: Stretch[] = [];
  let above = 8 * width;
  for (const field of named) {
    if (field.last + 1 < above) stretches.push({ first: field.last + 1, last: above - 1, name: undefined });
    stretches.push(field);
    above = field.first;
  }
  if (above > 0) stretches.push({ first: 0, last: above - 1, name: undefined });
  return stretches;
}

/** How a run of a lab ended, as plain data and as text. */
import { readFileSync } from 'node:fs';
import { eventLine } from '../trace/event-text.ts';
import type { Verdict } from './lab.ts';
import type { Place } from './stuck.ts';

/** What the thread that ran the exercise tells the one that shows it. */
export interface Report {
  readonly passed: boolean;
  /** Lines for people: what is wrong, and what to do; empty where nothing is. */
  readonly lines: readonly string[];
}

const WIDTH = 100;
const MARGIN = '  ';
const LABEL = 9;

/** The report of a verdict. `placeOf` finds the exercise's own line in a stack. */
export function reportOf({ finding, thrown, about }: Verdict, placeOf: (stack: string) => string | undefined): Report {
  if (finding === undefined && thrown === undefined) return { passed: true, lines: [] };
  const lines: string[] = [];
  if (thrown !== undefined) lines.push(...thrownLines(thrown, placeOf));
  if (finding !== undefined) {
    if (lines.length > 0) lines.push('', `${MARGIN}This may be why:`);
    lines.push(...wrapped('', `${finding.wrong}.`), '');
    if (finding.event !== undefined) lines.push(...wrapped('seen in', seen(eventLine(finding.event))));
    if (finding.spec !== undefined) lines.push(...wrapped('see', finding.spec));
    lines.push(...wrapped('next', `${finding.next}.`));
  }
  if (about !== undefined) lines.push(...wrapped('where', about));
  return { passed: false, lines };
}

/** `12 0.000123 lab register-write ...` with one space between. */
function seen(line: string): string {
  return `event ${line.trim().replace(/ +/g, ' ')}`;
}

function thrownLines(thrown: unknown, placeOf: (stack: string) => string | undefined): string[] {
  const message = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  const place = thrown instanceof Error ? placeOf(thrown.stack ?? '') : undefined;
  const lines = wrapped('', `Your exercise threw ${message}`);
  return place === undefined ? lines : [...lines, ...place.split('\n').map((line) => MARGIN + line)];
}

/** A text in lines of at most `WIDTH`, under its label. */
function wrapped(label: string, text: string): string[] {
  const indent = MARGIN + (label === '' ? '' : ' '.repeat(LABEL));
  const lines: string[] = [];
  let line = label === '' ? MARGIN : MARGIN + label.padEnd(LABEL);
  let empty = true;
  for (const word of text.split(' ')) {
    if (!empty && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = indent;
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line];
}

/** A place of a file, with the text of its line. */
export function lineAt(source: string, { line, column }: Place): string {
  const text = readFileSync(source, 'utf8').split('\n')[line - 1] ?? '';
  return `at ${source}:${line}:${column}\n  ${line} | ${text.trim()}`;
}

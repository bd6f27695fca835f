import { canRunGuests, type Finding } from './finding.ts';

const MARKS = { ok: 'ok  ', warn: 'warn', bad: 'BAD ' } as const;

/** Findings as text for a terminal, each remedy below what it mends, the verdict last. */
export function showFindings(findings: readonly Finding[]): string {
  const width = Math.max(0, ...findings.map(({ check }) => check.length));
  const lines = findings.flatMap(({ check, state, found, remedy }) => [
    `${MARKS[state]}  ${check.padEnd(width)}  ${found}`,
    ...(remedy === undefined ? [] : [`      ${' '.repeat(width)}  -> ${remedy}`]),
  ]);
  const verdict = canRunGuests(findings)
    ? 'This host can run guests.'
    : 'This host cannot run guests until what is marked BAD is mended.';
  return `${[...lines, '', verdict].join('\n')}\n`;
}

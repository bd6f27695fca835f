/** Solutions with something changed, as a learner may have it. */
import { readFileSync } from 'node:fs';
import { transform } from 'esbuild';
import type { Verdict } from '../lab.ts';
import { LABS } from '../lab-table.ts';

/** What is replaced by what; a text that is not there once is an error. */
export type Change = readonly [from: string, to: string];

function sourceOf(lab: number, name: string): string {
  const row = LABS[lab - 1];
  return readFileSync(`docs/labs/${row?.folder}/${name}.ts`, 'utf8');
}

async function judged(lab: number, source: string): Promise<Verdict> {
  const { code } = await transform(source, { loader: 'ts', format: 'esm' });
  const module = (await import(`data:text/javascript;base64,${Buffer.from(code).toString('base64')}`)) as {
    readonly default: unknown;
  };
  const row = LABS[lab - 1];
  if (row === undefined) throw new Error(`no lab ${lab}`);
  return row.check(module.default);
}

/** Judges the solution of a lab with changes made. */
export async function judgeChanged(lab: number, changes: readonly Change[]): Promise<Verdict> {
  let source = sourceOf(lab, 'solution');
  for (const [from, to] of changes) {
    if (source.split(from).length !== 2) throw new Error(`the solution of lab ${lab} has not one '${from}'`);
    source = source.replace(from, () => to);
  }
  return judged(lab, source);
}

/** Judges the exercise of a lab as it comes. */
export function judgeUntouched(lab: number): Promise<Verdict> {
  return judged(lab, sourceOf(lab, 'exercise'));
}

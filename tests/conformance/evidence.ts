/** Holds what the requirements say of tests to the sources of the tests, and to a run of them. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Evidence, PlacedRequirement } from './requirement.ts';

/** What jest writes with --json, as far as it is of use here. */
export interface JestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly title: string; readonly status: string }[];
  }[];
}

/** Each test named, with the ids of the requirements that name it. */
export function evidenceOf(requirements: readonly PlacedRequirement[]): Map<Evidence, string> {
  const found = new Map<Evidence, string>();
  for (const { id, state } of requirements) {
    if (state.kind === 'shown') for (const evidence of state.by) found.set(evidence, id);
  }
  return found;
}

/** Complaints about tests that are named but not there, or there more than once. */
export function missingTests(
  requirements: readonly PlacedRequirement[],
  read: (file: string) => string | undefined,
): string[] {
  const complaints: string[] = [];
  for (const [{ file, title }, id] of evidenceOf(requirements)) {
    const text = read(file);
    if (text === undefined) complaints.push(`${id}: there is no file ${file}`);
    else {
      const times = quoted(title).reduce((count, literal) => count + text.split(literal).length - 1, 0);
      if (times !== 1)
        complaints.push(`${id}: '${title}' is ${times} times in ${file}; name a title that is there once`);
    }
  }
  return complaints;
}

/** Complaints about tests that are named and did not pass in a run. */
export function unprovenTests(requirements: readonly PlacedRequirement[], report: JestReport, root: string): string[] {
  const complaints: string[] = [];
  const files = new Map(report.testResults.map(({ name, assertionResults }) => [name, assertionResults]));
  for (const [{ file, title }, id] of evidenceOf(requirements)) {
    const pattern = titlePattern(title);
    const ran = (files.get(join(root, file)) ?? []).filter((test) => pattern.test(test.title));
    const bad = ran.filter(({ status }) => status !== 'passed');
    if (ran.length === 0) complaints.push(`${id}: '${title}' of ${file} was not run`);
    for (const { title: run, status } of bad) complaints.push(`${id}: '${run}' of ${file}: ${status}`);
  }
  return complaints;
}

/** Reads files of the project whose root is `root`: undefined where there is none. */
export function sourcesIn(root: string): (file: string) => string | undefined {
  return (file) => (existsSync(join(root, file)) ? readFileSync(join(root, file), 'utf8') : undefined);
}

/** What jest makes of a title: its directives replaced by anything. */
export function titlePattern(title: string): RegExp {
  const parts = title.split(/%[sdifjopO#]|\$\w+/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('[\\s\\S]*')}$`);
}

/** The ways in which a string stands in a source. */
function quoted(title: string): string[] {
  return title.includes("'") ? [`"${title}"`] : [`'${title}'`];
}

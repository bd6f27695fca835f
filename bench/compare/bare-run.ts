/** The same operations as system calls of a process of their own. */
import { execFileSync } from 'node:child_process';
import { compile } from './compile.ts';
import type { Timed } from './operations.ts';
import { BARE_SOURCE } from './places.ts';

/** What listing a directory of millions may take beyond the time it is measured for, in milliseconds. */
const PATIENCE_MS = 300_000;

/** One operation. */
export interface BareTime extends Timed {
  readonly measurement: string;
}

/** Compiles the program to `path`. @throws HostError where there is no compiler */
export function buildBare(path: string): void {
  compile(['-o', path, BARE_SOURCE]);
}

/** Measures each of the operations for `ms` milliseconds in the directory `share`. */
export function runBare(program: string, share: string, ms: number, operations: readonly string[]): BareTime[] {
  const timeout = PATIENCE_MS + operations.length * ms * 2;
  const output = execFileSync(program, [share, String(ms), ...operations], { encoding: 'utf8', timeout });
  return output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

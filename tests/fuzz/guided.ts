import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '../support/random.ts';
import type { Coverage } from './coverage.ts';

/** Inputs between two questions to V8: enough that asking costs little. */
const BATCH = 512;

/** What is fuzzed: `run` throws if it does anything wrong with these bytes. */
export interface InputTarget {
  run(bytes: Uint8Array): void;
  /** What the bytes mean, where that is more than they are. */
  show?(bytes: Uint8Array): string;
}

/** Where inputs come from. */
export interface Inputs {
  readonly samples: readonly Uint8Array[];
  /** An input made of one of the corpus. */
  mutate(random: Random, corpus: readonly Uint8Array[]): Uint8Array;
}

/** How long, and from which numbers. */
export interface GuidedRun {
  readonly seed: number;
  readonly inputs: number;
  /** Where the corpus is kept from one run to the next, in files named by their content; in memory alone unless given. */
  readonly folder?: string;
  /** Is told after each batch. */
  readonly progress?: (done: number) => void;
}

export interface GuidedOutcome {
  readonly inputs: number;
  /** Characters of source code reached. */
  readonly reached: number;
  readonly corpus: number;
  /** Inputs found now that reach what none before did. */
  readonly found: number;
}

/** Something was done with an input that must not be. */
export class BadInput extends Error {
  override readonly name = 'BadInput';
}

/** Mutates inputs and keeps those that reach a block of the program none has reached before, to be mutated in turn. */
export async function fuzzGuided(
  target: InputTarget,
  coverage: Coverage,
  { samples, mutate }: Inputs,
  { seed, inputs, folder, progress }: GuidedRun,
): Promise<GuidedOutcome> {
  const random = new Random(seed);
  const corpus = [...samples, ...(folder === undefined ? [] : kept(folder))];
  for (const input of corpus) runOne(target, input);
  coverage.fresh(true);
  let found = 0;
  let done = 0;
  while (done < inputs) {
    const batch = Array.from({ length: BATCH }, () => mutate(random, corpus));
    for (const input of fresh(coverage, target, batch)) {
      corpus.push(input);
      found++;
      if (folder !== undefined) writeFileSync(join(folder, nameOf(input)), input);
    }
    done += batch.length;
    progress?.(done);
    // Promises made on the way are kept now, or nothing of them would ever be let go.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { inputs: done, reached: coverage.size, corpus: corpus.length, found };
}

function kept(folder: string): Uint8Array[] {
  mkdirSync(folder, { recursive: true });
  const names = readdirSync(folder).sort();
  return names.map((name) => Uint8Array.from(readFileSync(join(folder, name))));
}

function nameOf(input: Uint8Array): string {
  return createHash('sha256').update(input).digest('hex').slice(0, 16);
}

/** The inputs of a batch that reach something new, found by halving it, and from then on known. */
function fresh(coverage: Coverage, target: InputTarget, batch: readonly Uint8Array[]): readonly Uint8Array[] {
  coverage.clear();
  for (const input of batch) runOne(target, input);
  const single = batch.length === 1;
  if (!coverage.fresh(single)) return [];
  if (single) return batch;
  const middle = batch.length >> 1;
  return [...fresh(coverage, target, batch.slice(0, middle)), ...fresh(coverage, target, batch.slice(middle))];
}

function runOne(target: InputTarget, input: Uint8Array): void {
  try {
    target.run(input);
  } catch (error) {
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const meaning = target.show === undefined ? '' : `\n${target.show(input)}`;
    throw new BadInput(`${Buffer.from(input).toString('hex')}: ${why}${meaning}`);
  }
}

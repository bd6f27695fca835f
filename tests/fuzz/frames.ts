import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '../support/random.ts';
import { sampleFrames } from './codec-target.ts';
import type { Coverage } from './coverage.ts';
import { mutate } from './mutate.ts';

/** Inputs between two questions to V8: enough that asking costs little. */
const BATCH = 512;

/** What is fuzzed: `run` throws if it does anything wrong with these bytes. */
export interface FrameTarget {
  run(bytes: Uint8Array): void;
}

export interface CodecOutcome {
  readonly inputs: number;
  /** Characters of source code reached. */
  readonly reached: number;
  readonly corpus: number;
  /** Frames found now that reach what none before did. */
  readonly found: number;
}

/** Something was done with a frame that must not be. */
export class BadFrame extends Error {
  override readonly name = 'BadFrame';
}

/**
 * Mutates frames and keeps those that reach a block of the program none has reached before, to be mutated in turn.
 *
 * @param folder where the corpus is kept from one run to the next; files named by their content.
 * @param progress is told after each batch.
 */
export function fuzzFrames(
  target: FrameTarget,
  coverage: Coverage,
  {
    seed,
    inputs,
    folder,
    progress,
  }: { seed: number; inputs: number; folder: string; progress?: (done: number) => void },
): CodecOutcome {
  const random = new Random(seed);
  mkdirSync(folder, { recursive: true });
  const kept = readdirSync(folder).sort();
  const corpus = [...sampleFrames(), ...kept.map((name) => Uint8Array.from(readFileSync(join(folder, name))))];
  for (const frame of corpus) runOne(target, frame);
  coverage.fresh(true);
  let found = 0;
  let done = 0;
  while (done < inputs) {
    const batch = Array.from({ length: BATCH }, () => mutate(random, corpus));
    for (const frame of fresh(coverage, target, batch)) {
      corpus.push(frame);
      found++;
      writeFileSync(join(folder, createHash('sha256').update(frame).digest('hex').slice(0, 16)), frame);
    }
    done += batch.length;
    progress?.(done);
  }
  return { inputs: done, reached: coverage.size, corpus: corpus.length, found };
}

/** The frames of a batch that reach something new, found by halving it, and from then on known. */
function fresh(coverage: Coverage, target: FrameTarget, batch: readonly Uint8Array[]): readonly Uint8Array[] {
  coverage.clear();
  for (const frame of batch) runOne(target, frame);
  const single = batch.length === 1;
  if (!coverage.fresh(single)) return [];
  if (single) return batch;
  const middle = batch.length >> 1;
  return [...fresh(coverage, target, batch.slice(0, middle)), ...fresh(coverage, target, batch.slice(middle))];
}

function runOne(target: FrameTarget, frame: Uint8Array): void {
  try {
    target.run(frame);
  } catch (error) {
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    throw new BadFrame(`${Buffer.from(frame).toString('hex')}: ${why}`);
  }
}

// npm run fuzz:codec -- [--inputs N] [--seed N] [--corpus DIR]: coverage-guided fuzzing of the message codec.
import { join } from 'node:path';
import { SingleBar } from 'cli-progress';
import { cacheDirectory } from '../../vmm/fixtures/places.ts';
import { type CommandOptions, commandLine } from '../support/command-line.ts';
import { CodecTarget, sampleFrames } from './codec-target.ts';
import { Coverage } from './coverage.ts';
import { BadInput, fuzzGuided } from './guided.ts';
import { mutateFrame } from './mutate.ts';
import { Watchdog } from './watchdog.ts';

const HANG_MS = 60_000;

const OPTIONS = {
  inputs: { whole: 1, default: '1000000' },
  seed: { whole: 0, default: String(Date.now() % 1_000_000) },
  corpus: { default: join(cacheDirectory(), 'fuzz-codec') },
} as const satisfies CommandOptions;

const { inputs, seed, corpus: folder } = commandLine('fuzz:codec', OPTIONS);
const watchdog = new Watchdog(HANG_MS);
const bar = new SingleBar({ format: 'codec {bar} {percentage}% {value}/{total} frames' });
const program = import.meta.url;
// This file and what it imports are one bundle: the program under test.
const coverage = new Coverage((url) => url === program);
console.log(`fuzz:codec: ${inputs} frames, --seed ${seed}, corpus in ${folder}`);
const started = performance.now();
bar.start(inputs, 0);
try {
  const frames = { samples: sampleFrames(), mutate: mutateFrame };
  const outcome = await fuzzGuided(new CodecTarget(), coverage, frames, {
    seed,
    inputs,
    folder,
    progress(done) {
      watchdog.beat();
      bar.update(done);
    },
  });
  bar.stop();
  const rate = Math.round(outcome.inputs / ((performance.now() - started) / 1000));
  console.log(
    `codec: ${outcome.inputs} frames, ${outcome.reached} characters of code reached, ` +
      `${outcome.corpus} frames in the corpus (${outcome.found} new), ${rate} frames/s`,
  );
} catch (error) {
  bar.stop();
  if (!(error instanceof BadInput)) throw error;
  console.error(`fuzz:codec: BROKEN: ${error.message}`);
  process.exitCode = 1;
}
coverage.close();
await watchdog.stop();

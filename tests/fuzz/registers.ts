// npm run fuzz:registers -- [--inputs N] [--seed N]: coverage-guided fuzzing of the blocks of registers.
import { SingleBar } from 'cli-progress';
import { type CommandOptions, commandLine } from '../support/command-line.ts';
import { Coverage } from './coverage.ts';
import { BadInput, fuzzGuided } from './guided.ts';
import { RegisterTarget, sampleAccesses } from './hostile/register-target.ts';
import { mutateBytes } from './mutate.ts';
import { Watchdog } from './watchdog.ts';

const HANG_MS = 60_000;

const OPTIONS = {
  inputs: { whole: 1, default: '200000' },
  seed: { whole: 0, default: String(Date.now() % 1_000_000) },
} as const satisfies CommandOptions;

const { inputs, seed } = commandLine('fuzz:registers', OPTIONS);
const watchdog = new Watchdog(HANG_MS);
const bar = new SingleBar({ format: 'registers {bar} {percentage}% {value}/{total} inputs' });
const program = import.meta.url;
// This file and what it imports are one bundle: the program under test.
const coverage = new Coverage((url) => url === program);
console.log(`fuzz:registers: ${inputs} inputs, --seed ${seed}`);
const started = performance.now();
bar.start(inputs, 0);
try {
  const accesses = { samples: sampleAccesses(), mutate: mutateBytes };
  const outcome = await fuzzGuided(new RegisterTarget(), coverage, accesses, {
    seed,
    inputs,
    progress(done) {
      watchdog.beat();
      bar.update(done);
    },
  });
  bar.stop();
  const rate = Math.round(outcome.inputs / ((performance.now() - started) / 1000));
  console.log(
    `registers: ${outcome.inputs} inputs, ${outcome.reached} characters of code reached, ` +
      `${outcome.corpus} inputs in the corpus (${outcome.found} found), ${rate} inputs/s`,
  );
} catch (error) {
  bar.stop();
  if (!(error instanceof BadInput)) throw error;
  console.error(`fuzz:registers: BROKEN: ${error.message}`);
  process.exitCode = 1;
}
coverage.close();
await watchdog.stop();

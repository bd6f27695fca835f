// npm run oracle -- [--operations N] [--seed N] [--as UID]: random operations through the 9P server and as plain system calls.
import fc from 'fast-check';
import { operation } from '../../ninep/backends/memory/differential-arbitrary.ts';
import { showsEveryChange } from '../support/change-times.ts';
import { type CommandOptions, commandLine } from '../support/command-line.ts';
import { compare, RUNNABLE } from './compare.ts';

const OPTIONS = {
  operations: { whole: 1, default: '20000' },
  seed: { whole: 0, default: String(Date.now() % 1_000_000) },
  runs: { whole: 1, default: '50' },
} as const satisfies CommandOptions;

const { operations, seed, runs } = commandLine('oracle', OPTIONS);
const watchTimes = showsEveryChange();
const lists = fc.array(
  operation.filter(({ do: what }) => what !== 'lock' && what !== 'getlock'),
  { maxLength: 400, size: 'max' },
);
console.log(`oracle: ${operations} operations, --seed ${seed}, as user ${process.geteuid?.()}`);
for (const exported of RUNNABLE) {
  let [done, failed] = [0, 0];
  const started = performance.now();
  for (let round = 0; done < operations / RUNNABLE.length; round++) {
    const property = fc.asyncProperty(lists, async (list) => {
      await compare(exported, list, watchTimes);
      done += list.length;
    });
    const outcome = await fc.check(property, { seed: seed + round, numRuns: runs });
    if (!outcome.failed) continue;
    failed++;
    console.error(fc.defaultReportMessage(outcome));
    console.error(outcome.errorInstance instanceof Error ? outcome.errorInstance.message : outcome.errorInstance);
    process.exitCode = 1;
    break;
  }
  const seconds = (performance.now() - started) / 1000;
  console.log(
    `${exported.name}: ${done} operations, ${failed} differences, ${Math.round(done / seconds)} operations/s`,
  );
}

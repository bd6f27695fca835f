// npm run oracle -- [--operations N] [--seed N] [--as UID]: random operations through the 9P server and as plain system calls.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { showsEveryChange } from '../support/change-times.ts';
import { type CommandOptions, commandLine, refuse } from '../support/command-line.ts';
import { compare, RUNNABLE } from './compare.ts';
import { operationLists } from './operation-lists.ts';

const OPTIONS = {
  operations: { whole: 1, default: '20000' },
  seed: { whole: 0, default: String(Date.now() % 1_000_000) },
  runs: { whole: 1, default: '50' },
  as: { whole: 0, default: String(process.geteuid?.() ?? 0) },
} as const satisfies CommandOptions;

const { operations, seed, runs, as } = commandLine('oracle', OPTIONS);
if (as !== process.geteuid?.()) becomeAnother(as);

/** Runs this very program as another user, which takes a process of its own: one that changes its user is shut out of its /proc. */
function becomeAnother(uid: number): never {
  const own = [
    fileURLToPath(import.meta.url),
    '--operations',
    `${operations}`,
    '--seed',
    `${seed}`,
    '--runs',
    `${runs}`,
  ];
  const { status, error } = spawnSync(process.execPath, own, { uid, gid: uid, cwd: '/', stdio: 'inherit' });
  if (error !== undefined) refuse('oracle', `cannot become user ${uid}: ${error.message}; only root can`);
  process.exit(status ?? 1);
}

const watchTimes = showsEveryChange();
console.log(`oracle: ${operations} operations, --seed ${seed}, as user ${process.geteuid?.()}`);
for (const exported of RUNNABLE) {
  let [done, failed] = [0, 0];
  const started = performance.now();
  for (let round = 0; done < operations / RUNNABLE.length; round++) {
    const property = fc.asyncProperty(operationLists, async (list) => {
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

/** The command `npm run lab`: lists the labs, or runs one. Exit status 0 passed, 1 not yet, 2 a usage error. */
import { existsSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { LABS, type LabRow } from './lab-table.ts';
import { Judge } from './run-exercise.ts';

const USAGE = `npm run lab                        lists the labs, and which are done
npm run lab N                      runs the exercise of lab N and says what is wrong with it
npm run lab N -- --solution        runs the solution instead
npm run lab N -- --trace           prints everything that happened on the machine as well
npm run lab N -- --record FILE     records it, for tsvmm trace FILE and tsvmm inspect FILE
`;

/** The command line was wrong; its message is one line for people. */
class UsageError extends Error {}

interface Command {
  readonly lab?: LabRow | undefined;
  readonly solution: boolean;
  readonly trace: boolean;
  readonly record?: string | undefined;
  readonly help: boolean;
}

const OPTIONS = {
  solution: { type: 'boolean', default: false },
  trace: { type: 'boolean', default: false },
  record: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

function commandOf(args: string[]): Command {
  let parsed: ReturnType<typeof parseArgs<{ options: typeof OPTIONS; allowPositionals: true }>>;
  try {
    parsed = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message.split('. ')[0]);
  }
  const { positionals, values } = parsed;
  if (positionals.length > 1) throw new UsageError(`one lab at a time, not ${positionals.join(' ')}`);
  const [name] = positionals;
  const lab = LABS.find(({ number }) => String(number) === name);
  if (name !== undefined && lab === undefined) {
    throw new UsageError(`there is no lab '${name}'; they are numbered 1 to ${LABS.length}`);
  }
  if (lab === undefined && (values.trace || values.record !== undefined)) {
    throw new UsageError('--trace and --record are about one lab; say which');
  }
  if (!existsSync('docs/labs')) throw new UsageError('docs/labs is not here; run it from the root of the repository');
  return { ...values, lab };
}

const fileOf = ({ folder }: LabRow, solution: boolean) =>
  `docs/labs/${folder}/${solution ? 'solution' : 'exercise'}.ts`;

async function runOne(judge: Judge, lab: LabRow, { solution, trace, record }: Command): Promise<number> {
  if (record !== undefined) writeFileSync(record, '');
  const source = fileOf(lab, solution);
  const { passed, lines } = await judge.run({ lab: lab.number, source, trace, record });
  const next = LABS.find(({ number }) => number === lab.number + 1);
  console.log(`Lab ${lab.number}, ${lab.title}: ${passed ? 'passed.' : 'not yet.'}`);
  if (passed)
    console.log(next === undefined ? '\n  That was the last one.' : `\n  Next: docs/labs/${next.folder}/README.md`);
  else console.log(`\n${lines.join('\n')}\n\n  The exercise: ${source}\n  The text: docs/labs/${lab.folder}/README.md`);
  return passed ? 0 : 1;
}

async function list(judge: Judge, solution: boolean): Promise<number> {
  let passed = 0;
  for (const lab of LABS) {
    const report = await judge.run({ lab: lab.number, source: fileOf(lab, solution), trace: false });
    if (report.passed) passed += 1;
    console.log(`  ${lab.number}  ${lab.title.padEnd(30)} ${report.passed ? 'passed' : 'not yet'}`);
  }
  console.log(
    `\n${passed} of ${LABS.length} passed. 'npm run lab N' says what is next; docs/labs/README.md is where to begin.`,
  );
  return 0;
}

async function main(args: string[]): Promise<number> {
  const command = commandOf(args);
  if (command.help) {
    console.log(USAGE.trimEnd());
    return 0;
  }
  const judge = await Judge.make();
  try {
    return await (command.lab === undefined ? list(judge, command.solution) : runOne(judge, command.lab, command));
  } finally {
    judge.close();
  }
}

try {
  process.exit(await main(process.argv.slice(2)));
} catch (error) {
  const usage = error instanceof UsageError || (error as NodeJS.ErrnoException).code !== undefined;
  if (!usage) throw error;
  console.error(`lab: ${(error as Error).message}`);
  process.exitCode = 2;
}

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { RecordingReader } from '../trace/recording/recording-reader.ts';
import { LABS } from './lab-table.ts';
import { Judge } from './run-exercise.ts';

const TIMEOUT_MS = 300_000;
const scratch = mkdtempSync(join(tmpdir(), 'tsvmm-labs-'));
afterAll(() => rmSync(scratch, { recursive: true }));

/** Runs the command as npm does. */
function lab(...args: string[]): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, ['scripts/run.mjs', 'labs/main.ts', ...args]);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (bytes) => {
    stdout += bytes;
  });
  child.stderr.on('data', (bytes) => {
    stderr += bytes;
  });
  return new Promise((done) => child.on('close', (status) => done({ status, stdout, stderr })));
}

describe('npm run lab', () => {
  test(
    'lists the labs and what is passed',
    async () => {
      const { status, stdout } = await lab('--solution');
      expect(status).toBe(0);
      for (const { number, title } of LABS) {
        expect(stdout).toMatch(new RegExp(`^  ${number}  ${title} +passed$`, 'm'));
      }
      expect(stdout).toContain('8 of 8 passed');
    },
    TIMEOUT_MS,
  );

  test(
    'says what is wrong with an exercise, with status 1',
    async () => {
      const { status, stdout } = await lab('4');
      expect(status).toBe(1);
      expect(stdout).toMatch(/^Lab 4, Build a queue: not yet\.\n\n {2}queue 0 was never enabled/);
      expect(stdout).toContain('virtio 1.2 §4.1.5.1.3 Virtqueue Configuration');
      expect(stdout).toContain('docs/labs/4-build-a-queue/exercise.ts');
    },
    TIMEOUT_MS,
  );

  test(
    'runs a solution, prints its events and records them',
    async () => {
      const file = join(scratch, 'run.tsvmm');
      const { status, stdout } = await lab('5', '--solution', '--trace', '--record', file);
      expect(status).toBe(0);
      expect(stdout).toMatch(/Rversion NOTAG msize 8192/);
      expect(stdout).toMatch(/Lab 5, First message: passed\.\n/);
      const recording = await RecordingReader.open(readFileSync(file));
      const kinds = new Set<string>();
      for await (const { kind } of recording.from()) kinds.add(kind);
      for (const kind of ['machine', 'config-read', 'queue', 'kick', 'chain', 'request', 'reply', 'used']) {
        expect(kinds).toContain(kind);
      }
    },
    TIMEOUT_MS,
  );

  test.each([
    ['an unknown lab', ['9'], "lab: there is no lab '9'; they are numbered 1 to 8\n"],
    ['two labs', ['1', '2'], 'lab: one lab at a time, not 1 2\n'],
    ['an unknown option', ['--answer'], "lab: Unknown option '--answer'\n"],
    ['a trace of no lab', ['--trace'], 'lab: --trace and --record are about one lab; say which\n'],
    [
      'a file that cannot be written',
      ['1', '--record', '/nowhere/run'],
      "lab: ENOENT: no such file or directory, open '/nowhere/run'\n",
    ],
  ])(
    'refuses %s with one line and status 2',
    async (_, args, stderr) => {
      expect(await lab(...args)).toEqual({ status: 2, stdout: '', stderr });
    },
    TIMEOUT_MS,
  );
});

describe('an exercise', () => {
  let judge: Judge;
  /** Each gives an exercise more time than the one before: a thread that has only begun on a busy host is nowhere in it yet. */
  let hurried: readonly Judge[];
  beforeAll(async () => {
    judge = await Judge.make(TIMEOUT_MS);
    hurried = await Promise.all([2_000, 8_000, 32_000].map((limitMs) => Judge.make(limitMs)));
  }, TIMEOUT_MS);
  afterAll(() => {
    for (const one of [judge, ...hurried]) one.close();
  });

  /** Runs a text as the exercise of lab 5. */
  async function report(text: string, by: Judge): Promise<string> {
    const source = join(scratch, 'exercise.ts');
    writeFileSync(source, text);
    const { passed, lines } = await by.run({ lab: 5, source, trace: false });
    expect(passed).toBe(false);
    return lines.join('\n');
  }

  const start = 'export default async function firstMessage({ ram, ring, wait }: any) {\n';

  test.each<[what: string, text: string, said: RegExp[]]>([
    [
      'that throws is shown with its line, and what may be the reason',
      `${start}\n  throw new Error('not today');\n}`,
      [/threw Error: not today/, /exercise\.ts:3:9\n +3 \| throw new Error\('not today'\);/, /you have not rung/],
    ],
    [
      'that throws before it begins is shown with its line',
      'const x: any = undefined;\nexport default x.y;\n',
      [/threw TypeError: Cannot read properties of undefined/, /exercise\.ts:2:18/],
    ],
    [
      'that polls guest RAM without a wait is stopped where it polls',
      `${start}  while (ram.getUint16(0x4002, true) !== 1) {}\n}`,
      [/ram\.getUint16\(0x4002\), after so many accesses\s+without a wait/, /exercise\.ts:2:14/],
    ],
    [
      'that waits for what never comes is stopped where it waits',
      `${start}  ring(0);\n  for (;;) await wait();\n}`,
      [/you have waited 500 times/, /exercise\.ts:3:\d+/, /did not move idx/],
    ],
    [
      'that loops for ever is ended where it loops',
      `${start}  let n = 0;\n  while (n >= 0) {\n    n = (n + 1) % 7;\n  }\n}`,
      [/did not come to its end within \d+ seconds/, /exercise\.ts:[34]:\d+/],
    ],
    [
      'that waits for a promise nobody settles is ended',
      `${start}  await new Promise(() => {});\n}`,
      [/did not come to its end within \d+ seconds/, /a promise that nobody settles/],
    ],
    ['that ends the process is told so', `${start}  process.exit(0);\n}`, [/ended the program \(status 0\)/]],
    [
      'that is no TypeScript is shown with its line',
      `${start}  const = 1;\n}`,
      [/cannot be read as TypeScript/, /exercise\.ts:2:9: Expected identifier/],
    ],
    [
      'that reads beyond guest RAM is told where it ends',
      `${start}  ram.getUint8(1 << 20);\n}`,
      [/ram\.getUint8\(1048576\): guest RAM goes from 0 to 0xfffff/, /exercise\.ts:2:7/],
    ],
    [
      'that writes what is no number is told what it wrote',
      `${start}  ring(undefined as never);\n}`,
      [/doorbell\.write\(0x0\): the value is undefined/, /exercise\.ts:2:3/],
    ],
  ])(
    '%s',
    async (_, text, said) => {
      let lines = '';
      for (const by of said.some(({ source }) => source.includes('seconds')) ? hurried : [judge]) {
        lines = await report(text, by);
        if (said.every((pattern) => pattern.test(lines))) break;
      }
      for (const pattern of said) expect(lines).toMatch(pattern);
    },
    TIMEOUT_MS,
  );
});

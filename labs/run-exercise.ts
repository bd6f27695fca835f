/** Runs an exercise in a thread of its own, bounded in time and memory. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type BuildFailure, build } from 'esbuild';
import type { ChildRequest } from './child.ts';
import { lineAt, type Report } from './report.ts';
import { placeOfWorker } from './stuck.ts';

/** Longest run, in milliseconds: the device needs some hundredths of it. */
const LIMIT_MS = 30_000;
const MEMORY_MIB = 512;

/** The judge as a program, from which any number of exercises are run. */
export class Judge {
  readonly #folder: string;
  readonly #program: string;
  readonly #limitMs: number;

  private constructor(folder: string, limitMs: number) {
    this.#folder = folder;
    this.#program = join(folder, 'child.mjs');
    this.#limitMs = limitMs;
  }

  /** Bundles the judge. `close` removes what that leaves. */
  static async make(limitMs = LIMIT_MS): Promise<Judge> {
    const cache = resolve('node_modules', '.cache', 'labs');
    mkdirSync(cache, { recursive: true });
    const judge = new Judge(mkdtempSync(join(cache, 'run-')), limitMs);
    await build({ ...OPTIONS, entryPoints: [resolve('labs', 'child.ts')], outfile: judge.#program });
    return judge;
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Runs an exercise and judges it. A file that is no TypeScript is reported like anything else that is wrong with it. */
  async run(request: ChildRequest): Promise<Report> {
    const outfile = join(this.#folder, `lab-${request.lab}.mjs`);
    try {
      await build({ ...OPTIONS, entryPoints: [resolve(request.source)], outfile, sourcemap: 'inline' });
    } catch (error) {
      return { passed: false, lines: ['  The file cannot be read as TypeScript:', ...syntaxLines(error)] };
    }
    return this.#work(outfile, request);
  }

  #work(program: string, request: ChildRequest): Promise<Report> {
    const worker = new Worker(this.#program, {
      argv: [program, JSON.stringify(request)],
      execArgv: ['--enable-source-maps'],
      resourceLimits: { maxOldGenerationSizeMb: MEMORY_MIB },
    });
    return new Promise((done) => {
      let report: Report | undefined;
      const timer = setTimeout(async () => {
        const place = await placeOfWorker(this.#program, program);
        report ??= { passed: false, lines: this.#lateLines(place && lineAt(request.source, place)) };
        // A thread that a debugger has looked at may take its time to end: nobody waits for that.
        done(report);
        void worker.terminate();
      }, this.#limitMs);
      worker.on('message', (message: Report) => {
        report ??= message;
      });
      worker.on('error', (error) => {
        report ??= { passed: false, lines: [`  Your exercise ended its thread: ${error.message}`] };
      });
      worker.on('exit', (status) => {
        clearTimeout(timer);
        done(report ?? { passed: false, lines: endedLines(status) });
      });
    });
  }

  #lateLines(place: string | undefined): string[] {
    return [
      `  Your exercise did not come to its end within ${this.#limitMs / 1000} seconds.`,
      ...(place === undefined ? [] : place.split('\n').map((line) => `  ${line}`)),
      '',
      '  next     look for a loop whose condition never changes, or a promise that nobody settles; the device',
      "           gets its turn only while you 'await wait()'",
    ];
  }
}

const OPTIONS = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  logLevel: 'silent',
  tsconfigRaw: {},
} as const;

function syntaxLines(error: unknown): string[] {
  const { errors = [] } = error as Partial<BuildFailure>;
  if (errors.length === 0) throw error;
  return errors.map(({ text, location }) =>
    location === null
      ? `  ${text}`
      : `  ${location.file}:${location.line}:${location.column + 1}: ${text}\n    ${location.lineText.trim()}`,
  );
}

function endedLines(status: number): string[] {
  return [`  Your exercise ended the program (status ${status}) before it came back: leave that to its caller.`];
}

/** The thread that runs one exercise: `child.mjs EXERCISE.mjs '{"lab": 4, ...}'`. Tells its parent the report. */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parentPort } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import type { TraceEvent } from '../trace/event.ts';
import { eventLine, TEXT_HEAD } from '../trace/event-text.ts';
import { RecordingTrace } from '../trace/recording/recording-encoder.ts';
import type { Verdict } from './lab.ts';
import { LABS } from './lab-table.ts';
import { lineAt, reportOf } from './report.ts';

/** What the parent wants. */
export interface ChildRequest {
  readonly lab: number;
  /** Where the exercise comes from, relative to the root. */
  readonly source: string;
  /** Prints every event. */
  readonly trace: boolean;
  /** File for a recording of the run. */
  readonly record?: string | undefined;
}

/** The exercise's own line in a stack, with the text of it. */
function placeIn(source: string): (stack: string) => string | undefined {
  return (stack) => {
    for (const match of stack.matchAll(/((?:file:\/\/)?\/[^\s()]+?):(\d+):(\d+)/g)) {
      const [, where = '', line = '', column = ''] = match;
      const path = where.startsWith('file:') ? fileURLToPath(where) : where;
      if (path !== resolve(source)) continue;
      return lineAt(source, { line: Number(line), column: Number(column) });
    }
    return undefined;
  };
}

function writeRecording(file: string, events: readonly TraceEvent[]): void {
  const encoder = new RecordingTrace({ program: 'lab', started: Date.now() }, (bytes) => gzipSync(bytes));
  writeFileSync(file, Buffer.concat([encoder.head(), ...events.map((event) => encoder.encode(event)), encoder.end()]));
}

/** Keeps the thread alive while an exercise waits for something that never comes: the parent ends it then. */
const alive = setInterval(() => {}, 60_000);

const [exercise = '', wanted = '{}'] = process.argv.slice(2);
const request = JSON.parse(wanted) as ChildRequest;
const row = LABS.find(({ number }) => number === request.lab);
if (row === undefined) throw new Error(`no lab ${request.lab}`);
let verdict: Verdict;
try {
  const { default: exported } = (await import(pathToFileURL(exercise).href)) as { readonly default?: unknown };
  verdict = await row.check(exported);
} catch (thrown) {
  verdict = { thrown, events: [] };
}
if (request.trace) {
  const own = verdict.events.filter(({ id }) => id > (verdict.begun ?? 0));
  console.log([TEXT_HEAD, ...own.map(eventLine), ''].join('\n'));
}
if (request.record !== undefined) writeRecording(request.record, verdict.events);
parentPort?.postMessage(reportOf(verdict, placeIn(request.source)));
clearInterval(alive);

// npm run bench:memory -- [--operations N] [--fids N] [--entries N] [--backend NAME]: what stays resident after much work.
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { utf8 } from '../bytes/wire.ts';
import type { Backend } from '../ninep/backend.ts';
import { openLocal } from '../ninep/backends/local/local.ts';
import { createMemory } from '../ninep/backends/memory/memory.ts';
import { Client } from '../ninep/client/client.ts';
import { Tree } from '../ninep/client/tree.ts';
import { createSession, type Session } from '../ninep/session.ts';
import { fidNumber } from '../ninep/wire-types.ts';
import { settledRss } from '../tests/support/collect-garbage.ts';
import { type CommandOptions, commandLine, refuse } from '../tests/support/command-line.ts';

const OPTIONS = {
  operations: { whole: 1, default: '1000000' },
  fids: { whole: 1, default: '200000' },
  entries: { whole: 100, default: '1000000' },
  backend: { default: 'local' },
} as const satisfies CommandOptions;

/** What is left over may be this much more than what there was. */
const MOST = 1.1;
/** A listing of any length may take this much for a while: the garbage of some thousand messages. */
const LISTING_PEAK = 64 * 2 ** 20;
const WARM_UP = 50_000;

interface Exported {
  readonly backend: Backend;
  /** Makes a directory with the empty files `e0`, `e1` and so on. */
  fill(directory: string, count: number): void;
  remove(): void;
}

const EXPORTED: Readonly<Record<string, () => Exported>> = {
  local() {
    const path = mkdtempSync(join(tmpdir(), 'bench-memory-'));
    return {
      backend: openLocal({ path, securityModel: 'none' }),
      fill(directory, count) {
        mkdirSync(join(path, directory));
        for (let i = 0; i < count; i++) closeSync(openSync(`${path}/${directory}/e${i}`, 'wx'));
      },
      remove: () => rmSync(path, { recursive: true }),
    };
  },
  memory() {
    const memory = createMemory({ inodes: 4_000_000 });
    return {
      backend: memory,
      fill(directory, count) {
        memory.mkdir(directory);
        for (let i = 0; i < count; i++) memory.writeFile(`${directory}/e${i}`, '');
      },
      remove() {},
    };
  },
};

const { operations, fids, entries, backend: name } = commandLine('bench:memory', OPTIONS);
const make = EXPORTED[name];
if (make === undefined) refuse('bench:memory', `no backend '${name}'; give ${Object.keys(EXPORTED).join(' or ')}`);

interface Directory {
  readonly directory: string;
  readonly size: number;
}

const small: Directory = { directory: 'small', size: 2000 };
const largest: Directory = { directory: 'largest', size: entries };
const directories: readonly Directory[] = [
  { directory: 'hundredth', size: Math.floor(entries / 100) },
  { directory: 'tenth', size: Math.floor(entries / 10) },
  largest,
];

let peak = 0;
/** Notes the resident size as it is, garbage and all. */
function look(): void {
  peak = Math.max(peak, process.memoryUsage.rss());
}

const exported = make();
const session: Session = createSession(exported.backend);
const client = new Client(session, { msize: 65_536, replyArea: reuse() });
await client.version();
const tree = await Tree.attach(client);

/** One reply area for all: the client's own memory is not what is measured. */
function reuse(): (msize: number) => Uint8Array[] {
  const area = [new Uint8Array(65_536)];
  return () => area;
}

/** A file made, written, read, looked at, renamed and removed again, and so on. */
async function operate(count: number): Promise<void> {
  const content = utf8('some content');
  for (let done = 0; done < count; done += 13) {
    const file = `f${done % 100}`;
    await tree.writeFile(file, content);
    const fid = await tree.open(file);
    await tree.read(fid, 0n, 4096);
    await client.call('Tgetattr', { fid, request_mask: 0x7ffn });
    await tree.clunk(fid);
    await tree.unlink(file);
    if (done % 1000 < 13) await turn();
  }
}

/** Fids, all live at once, each to a file of its own as far as there are files, then clunked. */
async function hold(count: number, { directory, size }: Directory): Promise<void> {
  const first = 1 << 24;
  const many = await tree.walk(directory);
  for (let i = 0; i < count; i++) {
    await client.call('Twalk', { fid: many, newfid: fidNumber(first + i), wname: [utf8(`e${i % size}`)] });
    if (i % 64 === 0) await turn();
  }
  look();
  for (let i = 0; i < count; i++) await client.call('Tclunk', { fid: fidNumber(first + i) });
  await tree.clunk(many);
}

async function list({ directory, size }: Directory): Promise<void> {
  const fid = await tree.open(directory, 0o200000);
  let [seen, offset] = [0, 0n];
  for (;;) {
    const some = await tree.readdir(fid, offset, 60_000);
    const last = some.at(-1);
    if (last === undefined) break;
    seen += some.length;
    offset = last.offset;
    if (seen % 16 === 0) look();
  }
  await tree.clunk(fid);
  if (seen !== size + 2) throw new Error(`a directory of ${size} entries listed ${seen}`);
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1).padStart(7)} MiB`;
let failed = false;

let beginning = 0;

/** Runs a step and compares what is resident afterwards with what was in the beginning. */
async function measure(what: string, run: () => Promise<void>, mostMore = Number.POSITIVE_INFINITY): Promise<void> {
  const before = await settledRss();
  peak = before;
  const started = performance.now();
  await run();
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const after = await settledRss();
  const good = after <= beginning * MOST && peak - before <= mostMore;
  failed ||= !good;
  const verdict = good ? 'back' : 'NOT BACK';
  console.log(
    `${what.padEnd(36)} before ${mib(before)}  peak ${mib(peak)}  after ${mib(after)}  ${verdict}  ${seconds} s`,
  );
}

try {
  console.log(
    `bench:memory: ${name} backend; back is within ${Math.round((MOST - 1) * 100)} % of what there was in the beginning`,
  );
  // The tree of the memory backend is resident itself, so all of it is there before the first look.
  for (const { directory, size } of [small, ...directories]) exported.fill(directory, size);
  await operate(WARM_UP);
  await hold(20_000, small);
  await list(small);
  beginning = await settledRss();
  await measure(`${operations} operations`, () => operate(operations));
  for (const each of directories) await measure(`${each.size} entries listed`, () => list(each), LISTING_PEAK);
  await measure(`${fids} fids held and clunked`, () => hold(fids, largest));
} finally {
  await session.reset();
  await exported.backend.close();
  exported.remove();
}
if (failed) process.exitCode = 1;

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
const WARM_UP = 50_000;

interface Exported {
  readonly backend: Backend;
  /** Makes empty files `e0`, `e1`... from `from` up to `to` in the directory `many`. */
  fill(from: number, to: number): void;
  remove(): void;
}

const EXPORTED: Readonly<Record<string, () => Exported>> = {
  local() {
    const path = mkdtempSync(join(tmpdir(), 'bench-memory-'));
    const many = join(path, 'many');
    mkdirSync(many);
    return {
      backend: openLocal({ path, securityModel: 'none' }),
      fill(from, to) {
        for (let i = from; i < to; i++) closeSync(openSync(`${many}/e${i}`, 'wx'));
      },
      remove: () => rmSync(path, { recursive: true }),
    };
  },
  memory() {
    const memory = createMemory({ inodes: 4_000_000 });
    memory.mkdir('many');
    return {
      backend: memory,
      fill(from, to) {
        for (let i = from; i < to; i++) memory.writeFile(`many/e${i}`, '');
      },
      remove() {},
    };
  },
};

const { operations, fids, entries, backend: name } = commandLine('bench:memory', OPTIONS);
const make = EXPORTED[name];
if (make === undefined) refuse('bench:memory', `no backend '${name}'; give ${Object.keys(EXPORTED).join(' or ')}`);

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
async function hold(count: number, files: number): Promise<void> {
  const first = 1 << 24;
  const many = await tree.walk('many');
  for (let i = 0; i < count; i++) {
    await client.call('Twalk', { fid: many, newfid: fidNumber(first + i), wname: [utf8(`e${i % files}`)] });
    if (i % 64 === 0) await turn();
  }
  look();
  for (let i = 0; i < count; i++) await client.call('Tclunk', { fid: fidNumber(first + i) });
  await tree.clunk(many);
}

async function list(count: number): Promise<void> {
  const fid = await tree.open('many', 0o200000);
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
  if (seen !== count + 2) throw new Error(`a directory of ${count} entries listed ${seen}`);
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1).padStart(7)} MiB`;
let failed = false;

/** Runs a step and compares what is resident afterwards with what was before. */
async function measure(what: string, run: () => Promise<void>): Promise<void> {
  const before = await settledRss();
  peak = before;
  const started = performance.now();
  await run();
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const after = await settledRss();
  const good = after <= before * MOST;
  failed ||= !good;
  const verdict = good ? 'back' : 'NOT BACK';
  console.log(
    `${what.padEnd(36)} before ${mib(before)}  peak ${mib(peak)}  after ${mib(after)}  ${verdict}  ${seconds} s`,
  );
}

try {
  console.log(`bench:memory: ${name} backend; back is within ${Math.round((MOST - 1) * 100)} % of before`);
  exported.fill(0, 2000);
  await operate(WARM_UP);
  await hold(20_000, 2000);
  await list(2000);
  await measure(`${operations} operations`, () => operate(operations));
  let made = 2000;
  for (const size of [entries / 100, entries / 10, entries].map(Math.floor)) {
    if (size > made) exported.fill(made, size);
    made = Math.max(made, size);
    await measure(`${made} entries listed`, () => list(made));
  }
  await measure(`${fids} fids held and clunked`, () => hold(fids, made));
} finally {
  await session.reset();
  await exported.backend.close();
  exported.remove();
}
if (failed) process.exitCode = 1;

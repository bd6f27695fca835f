// npm run bench:serve -- [--runs N] [--seconds S] [--json FILE]: the 9P core behind a unix socket, diod, and bare system
// calls, on the same files in alternation.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ENTRIES = 10_000;
const FILE_BYTES = 16 << 20;
/** Longest that a server may take to listen, in milliseconds. */
const START_LIMIT_MS = 20_000;

const refuse = (line) => {
  console.error(`bench:serve: ${line}`);
  process.exit(2);
};

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        runs: { type: 'string', default: '5' },
        seconds: { type: 'string', default: '0.5' },
        json: { type: 'string' },
      },
    });
    const [runs, seconds] = [Number(values.runs), Number(values.seconds)];
    if (!Number.isInteger(runs) || runs < 1) refuse('--runs is a whole number, 1 or more');
    if (!(seconds > 0 && seconds <= 60)) refuse('--seconds is more than 0, and 60 at most');
    return { runs, seconds, json: values.json };
  } catch (error) {
    return refuse(error.message);
  }
}

const { runs, seconds, json } = readArguments();
const root = fileURLToPath(new URL('..', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'tsvmm-bench-serve-'));
const share = join(scratch, 'share');
const load = join(scratch, 'load');
const least = join(scratch, 'least');

/** The servers: how each is started on a socket, and what it calls the directory. The same msize where it can be. */
const SERVERS = {
  tsvmm: {
    aname: '',
    msize: (512 << 10) + 4096,
    command: (socket) => [
      process.execPath,
      join(root, 'vmm/bin/tsvmm.js'),
      'serve',
      ...['--listen', `unix:${socket}`, '--virtfs', `local,path=${share},mount_tag=share,security_model=none`],
    ],
  },
  'tsvmm, msize 64 KiB': { like: 'tsvmm', aname: '', msize: 64 << 10 },
  diod: {
    aname: share,
    // More than 64 KiB diod does not agree to.
    msize: 64 << 10,
    command: (socket) => ['diod', '-f', '-n', '-N', '-l', socket, '-e', share, '-L', join(scratch, 'diod.log')],
  },
  'least possible': {
    aname: '',
    msize: 64 << 10,
    command: (socket) => [least, socket, join(share, 'file')],
    words: ['least'],
  },
};

function makeFiles() {
  mkdirSync(join(share, 'many'), { recursive: true });
  for (let i = 0; i < ENTRIES; i++) closeSync(openSync(join(share, 'many', `entry-${i}`), 'wx'));
  for (const name of ['file', 'scratch']) writeFileSync(join(share, name), Buffer.alloc(FILE_BYTES, name));
}

/** Resolves when somebody listens there. */
async function listening(socket, child) {
  for (const until = Date.now() + START_LIMIT_MS; Date.now() < until && child.exitCode === null; ) {
    const answers = await new Promise((resolve) => {
      const probe = connect(socket);
      probe.once('connect', () => resolve(true) ?? probe.destroy());
      probe.once('error', () => resolve(false));
    });
    if (answers) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${child.spawnargs.join(' ')}: does not listen`);
}

/** One measurement of everything, by a server that is started for it. */
async function measure({ like, aname, msize, command = SERVERS[like].command, words: also = [] }) {
  const socket = join(scratch, 'socket');
  rmSync(socket, { force: true });
  const [program, ...args] = command(socket);
  const server = spawn(program, args, {
    // Whatever a server that crashes leaves behind goes with the rest.
    cwd: scratch,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, PATH },
  });
  const ended = new Promise((resolve) => server.once('close', resolve));
  try {
    await listening(socket, server);
    const words = [socket, share, aname, msize, server.pid, seconds, ...also].map(String);
    const lines = execFileSync(load, words, { encoding: 'utf8', timeout: 600_000 }).trim().split('\n');
    return lines.map((line) => JSON.parse(line));
  } finally {
    server.kill('SIGTERM');
    const late = setTimeout(() => server.kill('SIGKILL'), 5000);
    await ended;
    clearTimeout(late);
  }
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)];

/** Medians over the runs, by operation. */
function summarise(results) {
  const rows = new Map();
  for (const [server, measurements] of results) {
    for (const { name, depth, who, ...figures } of measurements) {
      const key = `${name}, depth ${depth}`;
      const row = rows.get(key) ?? rows.set(key, {}).get(key);
      const column = who === 'bare' ? 'bare system calls' : server;
      row[column] ??= { perSecond: [], medianUs: [], cpuUs: [], bytes: figures.bytes };
      for (const figure of ['perSecond', 'medianUs', 'cpuUs']) row[column][figure].push(figures[figure]);
    }
  }
  return [...rows].map(([operation, columns]) => ({
    operation,
    columns: Object.fromEntries(
      Object.entries(columns).map(([column, { bytes, ...figures }]) => {
        const spread = (values) => (Math.max(...values) - Math.min(...values)) / median(values);
        const medians = Object.fromEntries(Object.entries(figures).map(([name, values]) => [name, median(values)]));
        return [column, { ...medians, spread: spread(figures.perSecond), bytes }];
      }),
    ),
  }));
}

/** What a server moves or does in a second, per second. */
const rate = ({ perSecond, bytes }) => (bytes > 4096 ? perSecond * bytes : perSecond);
const shown = (column) =>
  column === undefined
    ? '-'
    : column.bytes > 4096
      ? `${(rate(column) / 1e6).toFixed(0)} MB/s`
      : column.perSecond >= 1000
        ? `${(column.perSecond / 1000).toFixed(1)} k/s`
        : `${column.perSecond.toFixed(0)} /s`;

function table(rows, servers) {
  const columns = [...servers, 'bare system calls'];
  const peer = servers.includes('diod') ? 'diod' : undefined;
  const head = [
    'operation',
    ...columns.flatMap((name) => [name, 'CPU']),
    ...(peer ? ['tsvmm : diod', '64 KiB : diod', 'by median time', '64 KiB', 'least possible'] : []),
  ];
  const lines = rows.map(({ operation, columns: row }) => {
    const ratio = (name) => (row[name] && row[peer] ? (rate(row[name]) / rate(row[peer])).toFixed(2) : '-');
    // A median says nothing of the times in which others had the processor, from which a rate suffers on a busy host.
    const quickness = ({ medianUs, bytes }) => Math.max(bytes, 4096) / medianUs;
    const faster = (name) => (row[name] && row[peer] ? (quickness(row[name]) / quickness(row[peer])).toFixed(2) : '-');
    const cells = columns.flatMap((name) => [shown(row[name]), row[name] ? `${row[name].cpuUs.toFixed(1)} us` : '-']);
    const compared = ['tsvmm', 'tsvmm, msize 64 KiB'];
    const ratios = [...compared.map(ratio), ...compared.map(faster), faster('least possible')];
    return [operation, ...cells, ...(peer ? ratios : [])];
  });
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

// Debian puts diod where not every user's PATH leads.
const PATH = `${process.env.PATH}:/usr/sbin:/sbin`;
const hasDiod = spawnSync('sh', ['-c', 'command -v diod'], { env: { PATH } }).status === 0;
try {
  if (!existsSync(join(root, 'vmm/dist'))) refuse('tsvmm is not built; run: npm run build');
  for (const program of [load, least]) {
    const source = join(root, 'bench/serve', `${basename(program)}.c`);
    execFileSync('cc', ['-O2', '-Wall', '-Werror', '-o', program, source], { stdio: 'inherit' });
  }
  makeFiles();
  if (!hasDiod) console.log('diod is not installed (Debian package diod): measured without it');
  const servers = Object.keys(SERVERS).filter((name) => name !== 'diod' || hasDiod);
  const results = [];
  for (let run = 0; run < runs; run++) {
    // Turned round each time, so that none always comes after the same other.
    for (const name of run % 2 === 0 ? servers : servers.toReversed())
      results.push([name, await measure(SERVERS[name])]);
    console.error(`run ${run + 1} of ${runs}`);
  }
  const rows = summarise(results);
  console.log(table(rows, servers));
  if (json !== undefined) {
    const host = { cpus: cpus().length, model: cpus()[0]?.model, node: process.version };
    writeFileSync(json, `${JSON.stringify({ host, runs, seconds, rows }, null, 2)}\n`);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

// npm run bench:growth -- [--runs N] [--seconds S] [--entries N] [--json FILE]: what an operation costs as there is more of everything
// around it. Exit status 1 where it costs more, beyond what the runs differ among themselves.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { deviceProgram, makeShare, median } from './ring/processes.mjs';

const POLL_US = 200;
/** Each at the depth at which there is always a next one: the time to wake somebody up is no part of them. */
const OPERATIONS = ['getattr', 'walk+clunk', 'read 4 KiB'];
const DEPTH = 32;
/** What a case may cost more than the cheapest smaller one, beside the differences between runs. */
const SLACK = 1.5;
/** What a listing may keep resident beyond one of a hundred entries, in bytes. */
const LISTING_ROOM = 32 << 20;

const refuse = (line) => {
  console.error(`bench:growth: ${line}`);
  process.exit(2);
};

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        runs: { type: 'string', default: '5' },
        seconds: { type: 'string', default: '0.3' },
        entries: { type: 'string', default: '1000000' },
        json: { type: 'string' },
      },
    });
    const [runs, seconds, entries] = [values.runs, values.seconds, values.entries].map(Number);
    if (!Number.isInteger(runs) || runs < 1) refuse('--runs is a whole number, 1 or more');
    if (!(seconds > 0 && seconds <= 60)) refuse('--seconds is more than 0, and 60 at most');
    if (!Number.isInteger(entries) || entries < 100) refuse('--entries is a whole number, 100 or more');
    return { runs, seconds, entries, json: values.json };
  } catch (error) {
    return refuse(error.message);
  }
}

const { runs, seconds, entries, json } = readArguments();

/** What grows: the cases of each row from small to large, and what each asks of the device. */
const ROWS = [
  ['live fids', [1, 1000, 100_000].map((fids) => [fids, { fids }])],
  ['devices', [1, 4, 16].map((devices) => [devices, { devices }])],
  ['MiB of RAM', [128, 1024, 8192].map((mib) => [mib, { ram: mib * 2 ** 20 }])],
];
const SIZES = [100, 10_000, 100_000, 1_000_000].filter((size) => size <= entries);

const cache = fileURLToPath(new URL('../node_modules/.cache/run', import.meta.url));
mkdirSync(cache, { recursive: true });
const folder = mkdtempSync(join(cache, 'growth-'));
const shares = mkdtempSync(join(tmpdir(), 'tsvmm-bench-growth-'));

/** Each run's figures of a case, by operation. */
async function measureAll(device, cases) {
  const figures = cases.map(() => new Map());
  for (let run = 0; run < runs; run++) {
    for (const index of run % 2 === 0 ? cases.keys() : [...cases.keys()].toReversed()) {
      for (const { name, depth, medianUs, cpuUs, rss } of await device({ seconds, pollUs: POLL_US, ...cases[index] })) {
        if (depth !== DEPTH && OPERATIONS.includes(name)) continue;
        const of = figures[index].get(name) ?? figures[index].set(name, { us: [], cpu: [], rss: [] }).get(name);
        of.us.push(medianUs / depth);
        of.cpu.push(cpuUs);
        of.rss.push(rss);
      }
    }
  }
  return figures;
}

/** Judges one operation over the cases of a row: the best of the runs, which other work on the host disturbs least. */
function judge(what, labels, costs, unit) {
  let cheapest = Number.POSITIVE_INFINITY;
  let spread = 1;
  let grows = false;
  const shown = costs.map((values, index) => {
    const best = Math.min(...values);
    const ratio = index === 0 ? 1 : best / cheapest;
    grows ||= ratio > SLACK * spread;
    if (best < cheapest) [cheapest, spread] = [best, median(values) / best];
    return `${labels[index]}: ${best.toFixed(2)} ${unit} (${ratio.toFixed(2)})`;
  });
  console.log(`${grows ? 'GROWS  ' : 'ok     '}${what.padEnd(34)} ${shown.join('   ')}`);
  return { what, grows, labels, best: costs.map((values) => Math.min(...values)), unit };
}

const results = [];
try {
  const device = await deviceProgram(folder);
  const share = join(shares, 'few');
  makeShare(share, 100);
  for (const [row, cases] of ROWS) {
    const labels = cases.map(([label]) => label);
    const figures = await measureAll(
      device,
      cases.map(([, task]) => ({ share, only: OPERATIONS, ...task })),
    );
    for (const name of OPERATIONS) {
      const costs = figures.map((of) => of.get(name).us);
      results.push(judge(`${name}, ${row}`, labels, costs, 'us'));
    }
  }
  const listed = SIZES.map((size) => {
    const path = join(shares, `list-${size}`);
    makeShare(path, size);
    return { share: path, only: ['list'] };
  });
  const figures = (await measureAll(device, listed)).map((of) => of.get('list'));
  // By processor time: a host with other work to do interrupts long listings and not short ones.
  const perEntry = figures.map(({ cpu }, index) => cpu.map((value) => (1000 * value) / SIZES[index]));
  results.push(judge('list, entries', SIZES, perEntry, 'ns of processor time an entry'));
  const resident = figures.map(({ rss }) => median(rss));
  const most = Math.max(...resident) - resident[0];
  const grows = most > LISTING_ROOM;
  console.log(
    `${grows ? 'GROWS  ' : 'ok     '}resident after a listing: ${(most / 2 ** 20).toFixed(1)} MiB beyond that of ${SIZES[0]} entries`,
  );
  results.push({ what: 'resident after a listing', grows, labels: SIZES, best: resident, unit: 'bytes' });
  console.log(`load average ${loadavg()[0].toFixed(1)}`);
  if (json !== undefined) writeFileSync(json, `${JSON.stringify({ runs, seconds, results }, null, 2)}\n`);
  if (results.some((one) => one.grows)) process.exitCode = 1;
} finally {
  for (const made of [folder, shares]) rmSync(made, { recursive: true, force: true });
}

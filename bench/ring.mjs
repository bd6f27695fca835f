// npm run bench:ring -- [--runs N] [--seconds S] [--poll-us N] [--only NAME,...] [--json FILE] [--profile FOLDER] [--allocations]: requests through
// a ring that is driven from another thread in place of a guest, with polling, without, and as bare system calls.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bareProgram, deviceProgram, makeShare, median } from './ring/processes.mjs';

const ENTRIES = 10_000;

const refuse = (line) => {
  console.error(`bench:ring: ${line}`);
  process.exit(2);
};

function readArguments() {
  const whole = { type: 'string' };
  try {
    const { values } = parseArgs({
      options: {
        runs: { ...whole, default: '5' },
        seconds: { ...whole, default: '0.5' },
        'poll-us': { ...whole, default: '200' },
        only: { type: 'string' },
        json: { type: 'string' },
        profile: { type: 'string' },
        allocations: { type: 'boolean', default: false },
      },
    });
    const [runs, seconds, pollUs] = [values.runs, values.seconds, values['poll-us']].map(Number);
    if (!Number.isInteger(runs) || runs < 1) refuse('--runs is a whole number, 1 or more');
    if (!(seconds > 0 && seconds <= 60)) refuse('--seconds is more than 0, and 60 at most');
    if (!(pollUs > 0 && pollUs <= 10_000)) refuse('--poll-us goes from 1 to 10000');
    const { json, profile, allocations } = values;
    return { runs, seconds, pollUs, only: values.only?.split(','), json, profile, allocations };
  } catch (error) {
    return refuse(error.message);
  }
}

const { runs, seconds, pollUs, only, json, profile, allocations } = readArguments();
const measures = profile === undefined && !allocations;
const cache = fileURLToPath(new URL('../node_modules/.cache/run', import.meta.url));
mkdirSync(cache, { recursive: true });
const folder = mkdtempSync(join(cache, 'ring-'));
const share = mkdtempSync(join(tmpdir(), 'tsvmm-bench-ring-'));

const COLUMNS = [
  ['polling', pollUs],
  ['kicks', 0],
];
const keyOf = ({ name, depth }) => `${name}${depth === undefined ? '' : `, depth ${depth}`}`;

/** Figures of all runs, by row and column. */
const rows = new Map();
function note(column, results) {
  for (const { name, depth, ...figures } of results) {
    const row = rows.get(keyOf({ name, depth })) ?? rows.set(keyOf({ name, depth }), {}).get(keyOf({ name, depth }));
    if (Object.keys(figures).length === 0) continue;
    row[column] ??= {};
    for (const [figure, value] of Object.entries(figures)) {
      row[column][figure] ??= [];
      row[column][figure].push(value);
    }
  }
}

function medians(row) {
  return Object.fromEntries(
    Object.entries(row).map(([column, figures]) => [
      column,
      Object.fromEntries(Object.entries(figures).map(([figure, values]) => [figure, median(values)])),
    ]),
  );
}

const us = (value) => (value === undefined ? '-' : value.toFixed(value < 100 ? 2 : 0));

function table() {
  const head = [
    'operation (us)',
    'polling',
    'p99',
    'CPU',
    'rate/s',
    'kicks',
    'p99',
    'CPU',
    'rate/s',
    'bare',
    'polling : bare',
  ];
  const lines = [...rows].flatMap(([name, row]) => {
    const { polling, kicks, bare } = medians(row);
    if (polling?.medianUs === undefined || kicks?.medianUs === undefined) return [];
    const columns = [polling, kicks].flatMap(({ medianUs, p99Us, cpuUs, perSecond }) => [
      us(medianUs),
      us(p99Us),
      us(cpuUs),
      perSecond.toFixed(0),
    ]);
    const ratio = bare === undefined ? '-' : (polling.medianUs / bare.medianUs).toFixed(2);
    return [[name, ...columns, us(bare?.medianUs), ratio]];
  });
  const idle = [...rows].flatMap(([name, row]) => {
    const { polling, kicks } = medians(row);
    if (polling?.part === undefined) return [];
    const shown = [polling, kicks].map(({ part }) => `${(100 * part).toFixed(2)} %`);
    return `${name}: ${shown[0]} of a processor with polling, ${shown[1]} without`;
  });
  const beside = [...rows].flatMap(([name, row]) => {
    const { polling } = medians(row);
    if (polling?.besideP99Us === undefined) return [];
    const ratio = (polling.besideP99Us / polling.quietP99Us).toFixed(2);
    return `${name}: p99 ${us(polling.besideP99Us)} us, quiet ${us(polling.quietP99Us)} us, ratio ${ratio}`;
  });
  return [
    ...[head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`),
    '',
    ...idle,
    ...beside,
  ].join('\n');
}

try {
  makeShare(share, ENTRIES);
  const [device, bare] = [await deviceProgram(folder), bareProgram(folder)];
  const task = { share, seconds, ...(only && { only }) };
  if (profile !== undefined) {
    mkdirSync(profile, { recursive: true });
    await device({ ...task, pollUs }, ['--cpu-prof', `--cpu-prof-dir=${profile}`]);
    console.log(`profiles are in ${profile}; to be opened with the developer tools of Chromium`);
  }
  if (allocations) {
    for (const { name, allocations: found } of await device({ ...task, pollUs, allocations })) {
      if (found === undefined) continue;
      const all = found.reduce((sum, [, bytes]) => sum + bytes, 0);
      console.log(`${name}: ${all.toFixed(0)}`);
      for (const [what, bytes] of found) if (bytes >= 1) console.log(`${bytes.toFixed(0).padStart(8)}  ${what}`);
    }
  }
  for (let run = 0; measures && run < runs; run++) {
    // Turned round each time, so that none always comes after the same other.
    for (const [column, poll] of run % 2 === 0 ? COLUMNS : COLUMNS.toReversed()) {
      note(column, await device({ ...task, pollUs: poll }));
      note(column, await device({ ...task, pollUs: poll, idle: true }));
      note(column, await device({ ...task, pollUs: poll, slow: true }));
    }
    note('bare', await bare(share, seconds));
    console.error(`run ${run + 1} of ${runs}`);
  }
  if (measures) console.log(table());
  const host = { cpus: availableParallelism(), model: cpus()[0]?.model, node: process.version, load: loadavg()[0] };
  console.log(
    `load average ${host.load.toFixed(1)} on ${host.cpus} processors: the driver and the device need one each`,
  );
  if (json !== undefined) {
    const result = { host, runs, seconds, pollUs, rows: [...rows].map(([name, row]) => ({ name, ...medians(row) })) };
    writeFileSync(json, `${JSON.stringify(result, null, 2)}\n`);
  }
} finally {
  for (const made of [folder, share]) rmSync(made, { recursive: true, force: true });
}

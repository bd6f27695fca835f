// npm run bench [-- OPTIONS]: tsvmm beside QEMU and bare system calls, with the same guest on the same files, by turns. See HELP.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HostError, UsageError } from '../vmm/usage-error.ts';
import { HELP, readArguments, type Settled, type Setup } from './compare/arguments.ts';
import { chart } from './compare/chart.ts';
import { collectBoots, collectOperations, prepareWork, type Watcher } from './compare/collect.ts';
import { RunError } from './compare/guest-run.ts';
import { type Host, lookAtHost } from './compare/host.ts';
import { SHARE_OF_CORE } from './compare/operations.ts';
import { PEER, type Row } from './compare/results.ts';
import { growthTable, table } from './compare/table.ts';

/** Exit statuses, as tsvmm's own. */
const STATUS = { usage: 2, host: 125, failed: 1, interrupted: 130 };

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort());
const watcher: Watcher = { say: (line) => console.error(line), signal: stop.signal };

function nameOf({ ram, devices, fids }: Setup): string {
  return `${ram} MiB, devices: ${devices}, fids held: ${fids}`;
}

const ACCELS: Readonly<Record<Host['accel'], string>> = {
  kvm: 'KVM',
  qtest: "no KVM: the devices alone, driven through qtest by a program of the host's",
  tcg: "QEMU's interpreter: no figures of a machine with KVM",
};

function introduce(host: Host, { runs, ms }: Settled): string {
  const qemu = host.qemu === undefined ? 'no QEMU' : `QEMU ${host.qemu}`;
  return `${host.model}, ${host.cpus} CPUs, Linux ${host.kernel}, Node ${host.node}, ${qemu}; ${ACCELS[host.accel]}; medians of ${runs}, ${ms} ms each`;
}

/** A table for each setup, printed as soon as it is there. */
async function measureSetups(options: Settled): Promise<Row[][]> {
  if (options.operations.length === 0) return [];
  const scratch = mkdtempSync(join(tmpdir(), 'tsvmm-bench-'));
  try {
    const work = prepareWork(options, scratch, watcher);
    const tables: Row[][] = [];
    for (const setup of options.setups) {
      watcher.say(nameOf(setup));
      const rows = await collectOperations(options, setup, work, watcher);
      tables.push(rows);
      console.log(`\n${nameOf(setup)}\n\n${table(rows)}`);
    }
    return tables;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  const asked = readArguments(process.argv.slice(2));
  if (asked === undefined) return console.log(HELP);
  const host = lookAtHost(asked);
  const options: Settled = { ...asked, accel: host.accel, ...(host.qemu === undefined && { qemu: undefined }) };
  if (options.accel === 'qtest' && options.boot)
    watcher.say('boot is left out: these machines have no CPU to boot with');
  if (host.qemu === undefined) watcher.say('without QEMU: left out, or not installed (Debian package qemu-system-x86)');
  console.log(introduce(host, options));
  const tables = await measureSetups(options);
  if (tables.length > 1) {
    const column = options.accel === 'tcg' ? PEER : 'tsvmm';
    console.log(`\n${growthTable(options.setups.map(nameOf), tables, column)}`);
  }
  const boot = options.boot && options.accel !== 'qtest' ? await collectBoots(options, watcher) : undefined;
  if (boot !== undefined) console.log(`\n${table([boot])}`);
  if (options.json !== undefined) {
    const setups = tables.map((rows, index) => ({ ...options.setups[index], rows }));
    writeFileSync(options.json, `${JSON.stringify({ host, options, setups, boot }, null, 2)}\n`);
  }
  if (options.chart !== undefined) {
    const drawn = [...(tables[0] ?? []), ...(boot === undefined ? [] : [boot])];
    // What is next to nothing has no ratio worth drawing.
    const rows = drawn.filter(({ unit }) => unit !== SHARE_OF_CORE.name);
    const title = 'tsvmm beside QEMU: how many times as fast, or as small';
    writeFileSync(options.chart, chart(title, introduce(host, options), rows));
  }
}

try {
  await main();
} catch (error) {
  if (stop.signal.aborted) process.exit(STATUS.interrupted);
  const known = error instanceof UsageError || error instanceof HostError || error instanceof RunError;
  if (!known) throw error;
  console.error(`bench: ${error.message}`);
  process.exitCode =
    error instanceof UsageError ? STATUS.usage : error instanceof HostError ? STATUS.host : STATUS.failed;
}

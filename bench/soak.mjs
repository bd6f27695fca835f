// npm run soak [-- --minutes M --accel kvm|software|auto --seed N --guests G --cpus C --workers W --stall S]: mixed file work of W
// processes in each of G guests side by side, with C processors each, for M minutes (default 30; 4, 1, 1). All work on one share, the
// first guest, the third and so on through split rings, the others through packed ones. They create, change, rename, link, remove and read back files, and execute programs that host
// and guest rewrite; the host changes files as well and compares. Ends with status 1 on anything unexpected: a wrong byte, an old
// translation executed, memory that grows, or a guest without progress for S seconds (default 60), as after a lost interrupt.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { VirtualMachine } from 'tsvmm';
import { Health, TOLERATED_GROWTH } from './soak/health.mjs';
import { Random } from './soak/random.mjs';
import { Worker } from './soak/worker.mjs';

const REPORT_MS = 10_000;
/** Bytes of guest RAM, most of what its kernel leaves. */
const FIRST_USE = 88 * 2 ** 20;
const options = readOptions();
const share = mkdtempSync(join(tmpdir(), 'tsvmm-soak-'));
console.log(
  `soak: ${options.minutes} min, ${options.guests} guests of ${options.cpus} CPUs with ${options.workers} workers each, --accel ${options.accel}, --seed ${options.seed}`,
);

const machines = [];
try {
  await soak();
} catch (error) {
  console.error(`soak: FAILED (--seed ${options.seed}): ${error.message}`);
  process.exitCode = 1;
} finally {
  await Promise.all(machines.map((vm) => vm.stop()));
  rmSync(share, { recursive: true });
}

/** Boots one more guest and returns its workers. */
async function bootGuest(index, random) {
  const virtio = index % 2 === 0 ? {} : { packed: true, legacy: false };
  const { accel, cpus } = options;
  const vm = await VirtualMachine.create(
    { accel, cpus, memory: 128 * 2 ** 20, shares: [{ path: share, mountTag: 'soak', virtio, counters: true }] },
    { notice: (line) => console.log(`notice: guest ${index}: ${line}`) },
  );
  machines.push(vm);
  vm.start();
  const machine = new TextDecoder().decode((await vm.exec(['uname', '-m'])).stdout).trim();
  const arch = machine === 'x86_64' ? 'x86_64' : 'i386';
  // The resident set counts guest RAM from its first use on: used now, what grows later is the host's own.
  const { status } = await vm.exec(['dd', 'if=/dev/zero', 'of=/dev/null', `bs=${FIRST_USE}`, 'count=1']);
  if (status !== 0) throw new Error(`using ${FIRST_USE} bytes of guest RAM ended with status ${status}`);
  return Array.from({ length: options.workers }, (_, number) => {
    const name = `g${index}w${number}`;
    mkdirSync(join(share, name));
    return { vm, worker: new Worker({ share, name, random: new Random(random.below(2 ** 32)), arch }) };
  });
}

async function soak() {
  const random = new Random(options.seed);
  const guests = [];
  for (let index = 0; index < options.guests; index++) guests.push(await bootGuest(index, random));

  const start = performance.now();
  const end = start + options.minutes * 60_000;
  const health = new Health();
  let over = false;
  const work = guests.flat().map(async ({ vm, worker }) => {
    while (!over && performance.now() < end) await worker.round(vm);
  });
  const teams = guests.map((guest) => guest.map(({ worker }) => worker));
  const watch = watchProgress(machines, teams, start, health);
  try {
    await Promise.race([Promise.all(work), watch.stalled, ...machines.map(unexpectedEnd)]);
  } finally {
    over = true;
    watch.stop();
    for (const each of work) each.catch(() => {});
  }
  for (const worker of teams.flat()) worker.verify();
  report(teams.flat(), start, health);
}

/** Says how far the teams of workers are; `stalled` rejects once a guest has asked its share for nothing for too long. */
function watchProgress(machines, teams, start, health) {
  let stop = () => {};
  const stalled = new Promise((_, reject) => {
    const last = machines.map(() => ({ messages: 0, at: performance.now() }));
    const timer = setInterval(() => {
      const now = performance.now();
      const messages = machines.map(messagesOf);
      const done = `${teams.map(count).join(' + ')} operations, ${messages.join(' + ')} messages`;
      console.log(`${((now - start) / 1000).toFixed(0).padStart(6)} s  ${done}, ${health.sample()}`);
      for (const [index, asked] of messages.entries()) {
        if (asked > last[index].messages) last[index] = { messages: asked, at: now };
        else if (now - last[index].at > options.stall * 1000) {
          const what = `guest ${index}: no progress for ${options.stall} s`;
          reject(new Error(`${what}: an interrupt was lost, or this host is overloaded`));
        }
      }
    }, REPORT_MS);
    stop = () => clearInterval(timer);
  });
  stalled.catch(() => {});
  return { stalled, stop };
}

/** Requests for the share so far. */
function messagesOf(vm) {
  return Object.values(vm.counters().soak ?? {}).reduce((sum, { count }) => sum + count, 0);
}

async function unexpectedEnd(vm) {
  const { line } = await vm.ended;
  throw new Error(`the machine ended: ${line}`);
}

function report(workers, start, health) {
  health.sample();
  const { rss, descriptors } = health.compare();
  const seconds = (performance.now() - start) / 1000;
  const operations = count(workers);
  console.log(
    `${operations} operations in ${seconds.toFixed(0)} s, ${(operations / seconds).toFixed(1)} a second; none failed`,
  );
  console.log(`resident: ${rss.start.toFixed(0)} MiB after the warm-up, ${rss.end.toFixed(0)} MiB at the end`);
  console.log(`descriptors: ${descriptors.start} after the warm-up, ${descriptors.end} at the end`);
  const tolerated = TOLERATED_GROWTH * options.guests;
  if (rss.end - rss.start > tolerated) throw new Error(`memory grew by more than ${tolerated} MiB`);
}

function count(workers) {
  return workers.reduce((sum, { operations }) => sum + operations, 0);
}

function readOptions() {
  const refuse = (line) => {
    console.error(`soak: ${line}`);
    process.exit(2);
  };
  const usual = { minutes: '30', accel: 'auto', seed: '1', guests: '1', cpus: '1', workers: '4', stall: '60' };
  let values;
  try {
    const options = Object.fromEntries(
      Object.entries(usual).map(([name, value]) => [name, { type: 'string', default: value }]),
    );
    ({ values } = parseArgs({ options }));
  } catch (error) {
    refuse(error.message);
  }
  const numbers = {};
  for (const name of ['minutes', 'seed', 'guests', 'cpus', 'workers', 'stall']) {
    numbers[name] = Number(values[name]);
    if (!(numbers[name] > 0 && numbers[name] < 2 ** 32))
      refuse(`--${name} is '${values[name]}': give a number above 0`);
  }
  for (const name of ['guests', 'cpus', 'workers']) {
    if (!Number.isInteger(numbers[name])) refuse(`--${name} is '${values[name]}': give a whole number`);
  }
  if (!['kvm', 'software', 'auto'].includes(values.accel))
    refuse(`'${values.accel}' is no accelerator: give kvm, software or auto`);
  return { ...numbers, accel: values.accel };
}

// npm run soak [-- --minutes M --accel kvm|software|auto --seed N --workers W --stall S]: mixed file work of several processes in
// one guest for M minutes (default 30). They create, change, rename, link, remove and read back files, and execute programs that host
// and guest rewrite; the host changes files as well and compares. Ends with status 1 on anything unexpected: a wrong byte, an old
// translation executed, memory that grows, or no progress for S seconds (default 60), as after a lost interrupt.
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
  `soak: ${options.minutes} min, ${options.workers} workers, --accel ${options.accel}, --seed ${options.seed}`,
);

let vm;
try {
  await soak();
} catch (error) {
  console.error(`soak: FAILED (--seed ${options.seed}): ${error.message}`);
  process.exitCode = 1;
} finally {
  await vm?.stop();
  rmSync(share, { recursive: true });
}

async function soak() {
  vm = await VirtualMachine.create(
    { accel: options.accel, memory: 128 * 2 ** 20, shares: [{ path: share, mountTag: 'soak' }] },
    { notice: (line) => console.log(`notice: ${line}`) },
  );
  vm.start();
  const machine = new TextDecoder().decode((await vm.exec(['uname', '-m'])).stdout).trim();
  const arch = machine === 'x86_64' ? 'x86_64' : 'i386';
  // The resident set counts guest RAM from its first use on: used now, what grows later is the host's own.
  const { status } = await vm.exec(['dd', 'if=/dev/zero', 'of=/dev/null', `bs=${FIRST_USE}`, 'count=1']);
  if (status !== 0) throw new Error(`using ${FIRST_USE} bytes of guest RAM ended with status ${status}`);
  const random = new Random(options.seed);
  const workers = Array.from({ length: options.workers }, (_, index) => {
    const name = `w${index}`;
    mkdirSync(join(share, name));
    return new Worker({ share, name, random: new Random(random.below(2 ** 32)), arch });
  });

  const start = performance.now();
  const end = start + options.minutes * 60_000;
  const health = new Health();
  let over = false;
  const work = workers.map(async (worker) => {
    while (!over && performance.now() < end) await worker.round(vm);
  });
  const watch = watchProgress(workers, start, health);
  try {
    await Promise.race([Promise.all(work), watch.stalled, unexpectedEnd()]);
  } finally {
    over = true;
    watch.stop();
    for (const each of work) each.catch(() => {});
  }
  for (const worker of workers) worker.verify();
  report(workers, start, health);
}

/** Says how far the workers are; `stalled` rejects once none has ended a round for too long. */
function watchProgress(workers, start, health) {
  let stop = () => {};
  const stalled = new Promise((_, reject) => {
    let last = { operations: 0, at: performance.now() };
    const timer = setInterval(() => {
      const operations = count(workers);
      const now = performance.now();
      console.log(`${((now - start) / 1000).toFixed(0).padStart(6)} s  ${operations} operations, ${health.sample()}`);
      if (operations > last.operations) last = { operations, at: now };
      else if (now - last.at > options.stall * 1000) {
        reject(new Error(`no progress for ${options.stall} s: an interrupt was lost, or this host is overloaded`));
      }
    }, REPORT_MS);
    stop = () => clearInterval(timer);
  });
  stalled.catch(() => {});
  return { stalled, stop };
}

async function unexpectedEnd() {
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
  if (rss.end - rss.start > TOLERATED_GROWTH) throw new Error(`memory grew by more than ${TOLERATED_GROWTH} MiB`);
}

function count(workers) {
  return workers.reduce((sum, { operations }) => sum + operations, 0);
}

function readOptions() {
  const refuse = (line) => {
    console.error(`soak: ${line}`);
    process.exit(2);
  };
  const usual = { minutes: '30', accel: 'auto', seed: '1', workers: '4', stall: '60' };
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
  for (const name of ['minutes', 'seed', 'workers', 'stall']) {
    numbers[name] = Number(values[name]);
    if (!(numbers[name] > 0 && numbers[name] < 2 ** 32))
      refuse(`--${name} is '${values[name]}': give a number above 0`);
  }
  if (!Number.isInteger(numbers.workers)) refuse(`--workers is '${values.workers}': give a whole number`);
  if (!['kvm', 'software', 'auto'].includes(values.accel))
    refuse(`'${values.accel}' is no accelerator: give kvm, software or auto`);
  return { ...numbers, accel: values.accel };
}

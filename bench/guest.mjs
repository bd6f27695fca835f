// npm run bench:guest [-- [RUNS] [--accel kvm|software|auto]]: what file work costs in a guest, what an idle guest costs the host,
// and how long a busy one keeps this thread from other work. Medians over RUNS runs (default 5) in one guest, beside what is wanted.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { VirtualMachine } from 'tsvmm';
import { benchArguments } from './arguments.mjs';
import { SUMMARY_HEAD, summary } from './summary.mjs';

const { runs, accel } = benchArguments('bench:guest', 5);
const [STATS, READ_BYTES, TAR_FILES] = [200, 32 * 2 ** 20, 1000];
const [SETTLE_MS, IDLE_MS, BUSY_SECONDS] = [2000, 5000, 4];
const MICROSECONDS_PER_MS = 1000;
/** Compute, new processes, new code and file work, one after the other until the time is over. */
const BUSY = `end=$(($(date +%s) + ${BUSY_SECONDS}))
while [ $(date +%s) -lt $end ]; do head -c 200000 /dev/urandom | sha256sum; ls -lR /bin; sort /proc/kallsyms /proc/interrupts; done >/dev/null 2>&1`;

const host = mkdtempSync(join(tmpdir(), 'tsvmm-bench-'));
try {
  await measure();
} finally {
  rmSync(host, { recursive: true });
}

async function measure() {
  mkdirSync(join(host, 'many'));
  for (let i = 0; i < STATS; i++) writeFileSync(join(host, 'many', `file-${i}`), 'x'.repeat(i));
  writeFileSync(join(host, 'large'), Buffer.alloc(READ_BYTES, 'large'));
  makeTree(join(host, 'tree'));
  execFileSync('tar', ['-C', join(host, 'tree'), '-cf', join(host, 'tree.tar'), '.']);

  const vm = await VirtualMachine.create({
    accel,
    memory: 128 * 2 ** 20,
    shares: [{ path: host, mountTag: 'host' }],
  });
  vm.start();
  const sh = async (script) => {
    const { status, stderr } = await vm.exec(['sh', '-c', script], { cwd: '/mnt/host' });
    if (status !== 0) throw new Error(`'${script}' ended with ${status}: ${new TextDecoder().decode(stderr)}`);
  };
  const timed = async (script) => {
    const start = performance.now();
    await sh(script);
    return performance.now() - start;
  };
  const repeat = async (once) => {
    const values = [];
    for (let run = 0; run < runs; run++) values.push(await once(run));
    return values;
  };

  await sh('true');
  row('', SUMMARY_HEAD, 'wanted');
  row('a command that does nothing, ms', summary(await repeat(() => timed('true'))), '');
  row(
    `${STATS} files stat'ed, uncached, ms`,
    summary(await repeat(() => timed('stat -c %s many/* > /dev/null'))),
    '< 1000',
  );
  row(
    '32 MiB read through 9p, ms',
    summary(await repeat(() => timed('dd if=large of=/dev/null bs=1M 2>/dev/null'))),
    '< 500',
  );
  const unpacking = await repeat(async (run) => {
    const took = await timed(`mkdir un-${run} && tar -xf tree.tar -C un-${run}`);
    compare(join(host, 'tree'), join(host, `un-${run}`));
    rmSync(join(host, `un-${run}`), { recursive: true });
    return took;
  });
  row(`a tar of ${TAR_FILES} files unpacked, equal on the host, ms`, summary(unpacking), '');

  await sleep(SETTLE_MS);
  row('CPU of an idle guest, % of a core', summary(await repeat(idlePercent), 1), '< 3');
  const quiet = await repeat(() => longestBlock(() => sleep(BUSY_SECONDS * 1000)));
  row('longest block of the event loop, guest idle, ms', summary(quiet, 1), '');
  row(
    'longest block of the event loop, guest busy, ms',
    summary(await repeat(() => longestBlock(() => sh(BUSY))), 1),
    '< 30',
  );
  const load = loadavg().map((value) => value.toFixed(1));
  console.log(`load average of this host at the end: ${load.join(' ')} on ${cpus().length} processors`);
  await vm.stop();
}

function row(name, columns, wanted) {
  console.log(`${name.padEnd(52)}${columns} ${wanted.padStart(9)}`);
}

/** CPU time of all threads of this process while nobody asks anything of the guest. */
async function idlePercent() {
  const before = process.cpuUsage();
  await sleep(IDLE_MS);
  const { user, system } = process.cpuUsage(before);
  return ((user + system) / MICROSECONDS_PER_MS / IDLE_MS) * 100;
}

/** Milliseconds by which a timer of 1 ms came late at the most. */
async function longestBlock(work) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await work();
  delay.disable();
  return delay.max / 1e6 - 1;
}

/** Files of 0 to 8 KiB in twenty directories, their bytes given by their number. */
function makeTree(root) {
  for (let i = 0; i < TAR_FILES; i++) {
    const directory = join(root, `directory-${i % 20}`);
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, `file-${i}`), Buffer.alloc((i * 37) % 8192, `${i};`), { mode: 0o600 + (i % 8) });
  }
}

/** Throws where two trees differ in names, bytes or modes. */
function compare(wanted, found) {
  const names = (root) => readdirSync(root, { recursive: true }).sort();
  if (names(wanted).join() !== names(found).join()) throw new Error(`${found} has other names than ${wanted}`);
  for (const name of names(wanted)) {
    const [a, b] = [join(wanted, name), join(found, name)];
    const [left, right] = [statSync(a), statSync(b)];
    if (left.mode !== right.mode)
      throw new Error(`${b} has mode ${right.mode.toString(8)}, not ${left.mode.toString(8)}`);
    if (left.isFile() && !readFileSync(a).equals(readFileSync(b))) throw new Error(`${b} has other bytes than ${a}`);
  }
}

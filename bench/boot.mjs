// npm run bench:boot [-- [RUNS] [--accel kvm|software|auto]]: how long a guest takes from process start to its first line
// of userland on a 9p root, and where that time goes. Medians over RUNS boots (default 5), then the longest gaps in one boot's kernel messages.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { benchArguments } from './arguments.mjs';
import { SUMMARY_HEAD, summary } from './summary.mjs';

const { runs, accel } = benchArguments('bench:boot', 5);
const once = fileURLToPath(new URL('boot-once.mjs', import.meta.url));
const LONGEST_GAPS = 12;

function boot(...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [once, accel, ...args], {
    encoding: 'utf8',
    timeout: 300_000,
  });
  if (status !== 0) throw new Error(`a boot failed with status ${status}:\n${stderr}`);
  return JSON.parse(stdout);
}

const results = Array.from({ length: runs }, (_, index) => {
  process.stderr.write(`boot ${index + 1} of ${runs}\n`);
  return boot();
});
const rows = [
  ['process start to first line of userland', (r) => r.userland],
  ['  Node starts and loads tsvmm', (r) => r.loaded],
  ['  kernel read, machine made, kernel loaded', (r) => r.created - r.loaded],
  ['  guest runs until userland', (r) => r.userland - r.started],
  ['userland to the end of a first command', (r) => r.command - r.userland],
  ['stop until everything is given back', (r) => r.stopped - r.command],
  ['CPU of the vCPU thread until userland (kvm)', (r) => r.vcpuCpu],
  ['CPU of all other threads meanwhile (software: the guest too)', (r) => r.deviceCpu],
  ['VMM beyond the guest: before the guest runs, and CPU beside it', (r) => r.started + r.deviceCpu],
];
console.log(`${''.padEnd(64)}${SUMMARY_HEAD}  ms`);
for (const [name, read] of rows) console.log(`${name.padEnd(64)}${summary(results.map(read))}`);

console.log('\nLongest gaps between kernel messages in one verbose boot (guest time, ms):');
const lines = boot('--verbose')
  .console.split('\n')
  .flatMap((line) => {
    const [, seconds, text] = /^\[\s*(\d+\.\d+)\] (.*)/.exec(line) ?? [];
    return seconds === undefined ? [] : [{ at: Number(seconds) * 1000, text: text.trim() }];
  });
lines
  .map(({ at, text }, index) => ({ gap: at - (lines[index - 1]?.at ?? at), text, after: lines[index - 1]?.text ?? '' }))
  .sort((a, b) => b.gap - a.gap)
  .slice(0, LONGEST_GAPS)
  .forEach(({ gap, text, after }) => {
    console.log(`${gap.toFixed(0).padStart(7)}  ${after.slice(0, 50).padEnd(50)} -> ${text.slice(0, 50)}`);
  });

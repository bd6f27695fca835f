// boot-once.mjs ACCEL [--verbose]: boots one guest and writes, as one line of JSON, when it came how far and which thread worked how long.
import { readdirSync, readFileSync } from 'node:fs';
import { VirtualMachine } from 'tsvmm';

const TICK_MS = 10;
const verbose = process.argv.includes('--verbose');
const accel = process.argv[2];
const loaded = performance.now();

const vm = await VirtualMachine.create({
  accel,
  shares: [{ path: '.', mountTag: 'host' }],
  memory: 128 * 2 ** 20,
  announce: true,
  verbose,
});
const created = performance.now();

/** CPU time of this process's threads in milliseconds: those of the vCPUs, and all others together. */
function cpuTimes() {
  let [vcpu, others] = [0, 0];
  for (const thread of readdirSync('/proc/self/task')) {
    const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8');
    const [, name, rest] = /^\d+ \((.*)\) (.*)$/s.exec(stat) ?? [];
    const fields = (rest ?? '').split(' ');
    const ms = (Number(fields[11]) + Number(fields[12])) * TICK_MS;
    if (name?.startsWith('kvm-vcpu')) vcpu += ms;
    else others += ms;
  }
  return { vcpu, others };
}

let console_ = '';
let firstByte;
vm.onConsole((bytes) => {
  firstByte ??= performance.now();
  console_ += new TextDecoder().decode(bytes);
  if (userland === undefined && console_.includes('tsvmm-init: userland')) arrived();
});

let userland;
function arrived() {
  userland = { at: performance.now(), cpu: cpuTimes() };
}

const before = cpuTimes();
vm.start();
const started = performance.now();
await vm.exec(['true']);
const command = performance.now();
await vm.stop();
const stopped = performance.now();

const result = {
  loaded,
  created,
  started,
  firstByte,
  userland: userland.at,
  command,
  stopped,
  vcpuCpu: userland.cpu.vcpu - before.vcpu,
  deviceCpu: userland.cpu.others - before.others,
  ...(verbose && { console: console_ }),
};
process.stdout.write(`${JSON.stringify(result)}\n`);

// One guest that reads a file in small pieces: MODE REQUESTS ACCEL. With `off` uninspected, with `stream` its events are made and
// taken by nobody, with `on` inspected: it prints the address of the page first. Waits for a line on standard input before it reads. Prints one line of JSON for each thing it has to say.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { EventStream, openInspector, VirtualMachine } from 'tsvmm';

const [mode = 'off', count = '50000', accel = 'auto'] = process.argv.slice(2);
const requests = Number(count);
const PIECE = 512;

const share = mkdtempSync(join(tmpdir(), 'tsvmm-inspect-'));
process.on('exit', () => rmSync(share, { recursive: true, force: true }));
writeFileSync(join(share, 'data'), Buffer.alloc(PIECE * requests, 0x41));
const orders = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const tell = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);

const stream = mode === 'stream' ? new EventStream() : undefined;
stream?.add({ take: () => {} });
const inspector = mode === 'on' ? await openInspector({ port: 0, notice: (line) => console.error(line) }) : undefined;
const vm = await VirtualMachine.create(
  { accel, memory: 128 * 2 ** 20, shares: [{ path: share, mountTag: 'host', counters: true }] },
  inspector?.hooks ?? (stream ? { events: stream } : {}),
);
vm.start();
await vm.exec(['true']);
tell({ url: inspector?.url });
await orders.next();

/** Processor time of this thread alone, in milliseconds: with a processor to itself, its speed depends on nothing else. */
const threadMs = () => Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;

let resident = 0;
const look = () => {
  resident = Math.max(resident, process.memoryUsage.rss());
};
const looking = setInterval(look, 200);
const treads = () => vm.counters().host?.Tread?.count ?? 0;
const before = {
  events: inspector?.hooks.events.count ?? 0,
  treads: treads(),
  cpu: process.cpuUsage(),
  thread: threadMs(),
};
const began = performance.now();
const { status, stderr } = await vm.exec([
  'dd',
  'if=/mnt/host/data',
  'of=/dev/null',
  `bs=${PIECE}`,
  `count=${requests}`,
]);
const ms = performance.now() - began;
clearInterval(looking);
look();
if (status !== 0) throw new Error(new TextDecoder().decode(stderr));
const { user, system } = process.cpuUsage(before.cpu);
tell({
  ms,
  cpuMs: (user + system) / 1000,
  threadMs: threadMs() - before.thread,
  resident,
  requests: treads() - before.treads,
  events: (inspector?.hooks.events.count ?? 0) - before.events,
});
// Also where whoever measures has gone.
await orders.next();
await vm.stop();
await inspector?.close();
process.exit(0);

// Run in place of the helper, confined as it is: tries what it must not be able to do, on every thread, and prints what
// came of each as JSON.
import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { Worker } from 'node:worker_threads';

const [addon, share, outside, neighbour, port] = process.argv.slice(2);
const hostfs = createRequire(import.meta.url)(addon);
const result = { confined: process.env.CONFINED, seccomp: hostfs.refuseEscapes() };
const attempt = (run) => {
  try {
    run();
    return 'done';
  } catch (error) {
    return error.code ?? error.message;
  }
};
const later = (promise) => promise.then(() => 'done').catch((error) => error.code ?? error.message);

result.main = attempt(() => readFileSync(outside));
// Many more at once than the pool has threads, so that each has some.
result.pool = [...new Set(await Promise.all(Array.from({ length: 64 }, () => later(readFile(outside)))))];
result.native = await hostfs.openatAsync(-100, Buffer.from(outside), 0, 0);
result.worker = await new Promise((resolve) => {
  const source = `
    const { parentPort, workerData } = require('node:worker_threads');
    try { require('node:fs').readFileSync(workerData); parentPort.postMessage('done'); }
    catch (error) { parentPort.postMessage(error.code); }`;
  const worker = new Worker(source, { eval: true, workerData: outside });
  worker.on('message', resolve).on('error', (error) => resolve(error.message));
});
result.share = await later(open(`${share}/inside`, 'w').then((file) => file.close()));
result.exec = attempt(() => execFileSync(process.execPath, ['--version']));
result.connect = await new Promise((resolve) => {
  connect({ port: Number(port), host: '127.0.0.1' })
    .on('connect', () => resolve('done'))
    .on('error', (error) => resolve(error.code));
});
result.environ = attempt(() => readFileSync('/proc/1/environ'));
result.chmod = attempt(() => chmodSync(neighbour, 0o777));
result.neighbour = attempt(() => readFileSync(neighbour));
/** What the kernel says of a thread; nothing of one that has ended since it was listed. */
function statusOf(thread) {
  try {
    return [readFileSync(`/proc/self/task/${thread}/status`, 'utf8')];
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return [];
    throw error;
  }
}
const NAMES = ['NoNewPrivs', 'Seccomp', 'CapEff', 'CapBnd'];
result.threads = readdirSync('/proc/self/task')
  .flatMap(statusOf)
  .map((status) => NAMES.map((name) => status.match(`${name}:\\s*(\\S+)`)?.[1]).join(' '));
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));

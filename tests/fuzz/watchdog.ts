import { Worker } from 'node:worker_threads';

/** Looks at the counter from a thread of its own, since a thread that hangs cannot say so. */
const WATCH = `
const { workerData: { counter, limitMs } } = require('node:worker_threads');
const shared = new Int32Array(counter);
let last = Atomics.load(shared, 0);
setInterval(() => {
  const now = Atomics.load(shared, 0);
  if (now === last) {
    require('node:fs').writeSync(2, 'fuzz: nothing has moved for ' + limitMs / 1000 + ' s; the process is aborted\\n');
    process.kill(process.pid, 'SIGABRT');
  }
  last = now;
}, limitMs);
`;

/** Aborts the process when `beat` is not called for a while. */
export class Watchdog {
  private readonly counter = new Int32Array(new SharedArrayBuffer(4));
  private readonly worker: Worker;

  constructor(limitMs: number) {
    this.worker = new Worker(WATCH, { eval: true, workerData: { counter: this.counter.buffer, limitMs } });
    this.worker.unref();
  }

  beat(): void {
    Atomics.add(this.counter, 0, 1);
  }

  async stop(): Promise<void> {
    await this.worker.terminate();
  }
}

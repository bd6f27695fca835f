import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { buildSync } from 'esbuild';
import {
  CLOSED,
  HEADER_BYTES,
  LENGTH,
  type SocketData,
  type SocketNews,
  STATE,
  TOO_LONG,
  WAITING,
} from './socket-words.ts';

const ANSWER_BYTES = 1 << 20;
const PATIENCE_MS = 60_000;

const code = buildSync({
  entryPoints: [fileURLToPath(new URL('socket-worker.ts', import.meta.url))],
  bundle: true,
  write: false,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
}).outputFiles[0]?.text;

/** The client's end of a qtest socket, which listens until the machine connects. Lines are asked and answered at once. */
export class QtestSocket {
  /** Changes of interrupt pins, as the machine told of them: `raise 16`, `lower 16`. */
  readonly interrupts: string[] = [];
  readonly #worker: Worker;
  readonly #words: Int32Array;
  readonly #text: Uint8Array;
  readonly #connected: Promise<void>;

  private constructor(worker: Worker, shared: SharedArrayBuffer, connected: Promise<void>) {
    this.#worker = worker;
    this.#words = new Int32Array(shared, 0, 2);
    this.#text = new Uint8Array(shared, HEADER_BYTES);
    this.#connected = connected;
  }

  /** Listens at `path`. */
  static async listen(path: string): Promise<QtestSocket> {
    const shared = new SharedArrayBuffer(HEADER_BYTES + ANSWER_BYTES);
    const data: SocketData = { path, shared };
    const worker = new Worker(code ?? '', { eval: true, workerData: data });
    const news = (wanted: SocketNews): Promise<void> =>
      new Promise((resolve, reject) => {
        worker.on('message', (told: SocketNews) => told === wanted && resolve());
        worker.once('error', reject);
      });
    const [listening, connected] = [news('listening'), news('connected')];
    await listening;
    return new QtestSocket(worker, shared, connected);
  }

  /** Resolves when the machine has connected. */
  connected(): Promise<void> {
    return this.#connected;
  }

  /** Sends a line and gives the answer. @throws Error when there is none, since the machine is gone or does not speak */
  ask(line: string): string {
    if (Atomics.load(this.#words, STATE) === CLOSED) throw new Error(`the machine is gone; it was to answer ${line}`);
    Atomics.store(this.#words, STATE, WAITING);
    this.#worker.postMessage(line);
    if (Atomics.wait(this.#words, STATE, WAITING, PATIENCE_MS) === 'timed-out') {
      throw new Error(`no answer in ${PATIENCE_MS} ms to: ${line.slice(0, 80)}`);
    }
    const state = Atomics.load(this.#words, STATE);
    if (state === CLOSED) throw new Error(`the machine went away instead of answering ${line.slice(0, 80)}`);
    if (state === TOO_LONG) throw new Error(`the answer to ${line.slice(0, 80)} is longer than ${ANSWER_BYTES}`);
    const lines = Buffer.from(this.#text.slice(0, this.#words[LENGTH])).toString('latin1').trimEnd().split('\n');
    const answer = lines.pop() ?? '';
    this.interrupts.push(...lines.map((told) => told.replace(/^IRQ /, '')));
    return answer;
  }

  /** Hangs up. */
  async close(): Promise<void> {
    this.#worker.postMessage(null);
    await this.#worker.terminate();
  }
}

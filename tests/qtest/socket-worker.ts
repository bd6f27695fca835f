/**
 * The thread that owns the socket of a qtest client, so that the client can wait for an answer without giving way: it sleeps on
 * a word of shared memory until the answer lies there.
 */
import { createServer, type Socket } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import {
  ANSWERED,
  CLOSED,
  HEADER_BYTES,
  LENGTH,
  type SocketData,
  type SocketNews,
  STATE,
  TOO_LONG,
} from './socket-words.ts';

const { path, shared } = workerData as SocketData;
const words = new Int32Array(shared, 0, 2);
const text = new Uint8Array(shared, HEADER_BYTES);
let connection: Socket | undefined;
/** Lines that came since the last answer, that one last. */
let lines = '';
let rest = '';

function tell(state: number): void {
  Atomics.store(words, STATE, state);
  Atomics.notify(words, STATE);
}

function received(piece: string): void {
  const complete = (rest + piece).split('\n');
  rest = complete.pop() ?? '';
  for (const line of complete) {
    lines += `${line}\n`;
    if (line.startsWith('IRQ ')) continue;
    const bytes = Buffer.from(lines, 'latin1');
    lines = '';
    if (bytes.length > text.length) tell(TOO_LONG);
    else {
      text.set(bytes);
      words[LENGTH] = bytes.length;
      tell(ANSWERED);
    }
  }
}

const server = createServer((socket) => {
  connection = socket;
  server.close();
  socket.setEncoding('latin1').on('data', received);
  socket.on('error', () => {});
  socket.on('close', () => tell(CLOSED));
  parentPort?.postMessage('connected' satisfies SocketNews);
});
server.listen(path, () => parentPort?.postMessage('listening' satisfies SocketNews));

parentPort?.on('message', (line: string | null) => {
  if (line === null) {
    connection?.destroy();
    server.close();
    parentPort?.close();
  } else connection?.write(`${line}\n`, 'latin1');
});

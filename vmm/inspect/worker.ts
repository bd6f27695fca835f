/** The inspector's thread: it serves pages, also while the thread of the devices stands. */
import { readlinkSync, writeSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { UsageError } from '../usage-error.ts';
import { type MachineServerOptions, serveMachine } from './machine-server.ts';

/** What the thread says of itself, once it listens or cannot. */
export type WorkerNews =
  | { readonly kind: 'listening'; readonly url: string; readonly remote: boolean }
  | { readonly kind: 'failed'; readonly message: string; readonly usage: boolean };

/** Not by way of the other thread, which may stand. */
function notice(line: string): void {
  try {
    writeSync(2, `tsvmm: ${line.replace(/\p{Cc}/gu, '?')}\n`);
  } catch {
    // Nobody reads it.
  }
}

/** Where the machine's threads want the processor, they have it: showing comes after running. @spec Linux sched(7), of threads */
function giveWay(): void {
  try {
    setPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)), constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It shows all the same.
  }
}

const say = (news: WorkerNews) => parentPort?.postMessage(news);
giveWay();
try {
  const { url, remote, ended } = await serveMachine(workerData as MachineServerOptions, notice);
  say({ kind: 'listening', url, remote });
  await ended;
} catch (error) {
  const { message } = error as Error;
  say({ kind: 'failed', message, usage: error instanceof UsageError });
}
(workerData as MachineServerOptions).port.close();

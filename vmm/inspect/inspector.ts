import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { MessageChannel, Worker } from 'node:worker_threads';
import { headerToJson } from '../../trace/event-json.ts';
import { EventStream } from '../../trace/event-stream.ts';
import { describeError } from '../describe-error.ts';
import type { Hooks } from '../hooks.ts';
import { HostError, UsageError } from '../usage-error.ts';
import { sharedMemory } from './event-ring.ts';
import type { InspectAddress } from './listen.ts';
import type { MachineServerOptions } from './machine-server.ts';
import { MachineSide } from './machine-side.ts';
import type { WorkerNews } from './worker.ts';

/** How an inspector is made. */
export interface InspectorOptions extends InspectAddress {
  /** The guest does not begin until a page lets it. Default false. */
  readonly wait?: boolean;
  /** A stream that others take events from as well; one of its own unless given. */
  readonly events?: EventStream;
  /** Something a person should know, one line each. */
  readonly notice?: (line: string) => void;
}

/** A page that shows a machine at work. */
export interface Inspector extends AsyncDisposable {
  /** The address to open; whoever knows it may watch the machine and hold it. */
  readonly url: string;
  /** To be given to `VirtualMachine.create`. */
  readonly hooks: Pick<Hooks, 'events' | 'inspector'>;
  /** Tells pages that the machine has ended, and why, and serves no more. Idempotent. */
  close(why?: string): Promise<void>;
}

/** Beside this module in the bundle, and in the bundle from the sources. */
const PROGRAMS = ['./inspect-worker.js', '../dist/inspect-worker.js'] as const;

/** Most memory of the inspector's thread, in MiB, beside what it keeps outside the heap. */
const MOST_HEAP_MIB = 512;
const REMOTE_WARNING =
  'inspect: other machines can reach the page, and nothing is encrypted: whoever sees its address go by can watch the machine and hold it';
/** Longest to wait for pages to be told of the end, in milliseconds. */
const FAREWELL_MS = 2000;

/**
 * Serves a page that shows the machine that is made with its hooks, from a thread of its own.
 *
 * @throws UsageError where the address cannot be had, HostError where the page is not built
 */
export async function openInspector(options: InspectorOptions): Promise<Inspector> {
  const { notice = () => {}, wait = false, host, port } = options;
  const program = PROGRAMS.map((path) => fileURLToPath(new URL(path, import.meta.url))).find(existsSync);
  if (program === undefined) throw new HostError('the inspector is not built; build it with npm run build');
  const events = options.events ?? new EventStream();
  const channel = new MessageChannel();
  const memory = sharedMemory();
  const data: MachineServerOptions = {
    address: { ...(host !== undefined && { host }), port },
    token: randomBytes(24).toString('base64url'),
    header: headerToJson({ program: versionOf(program), started: events.started }),
    wait,
    memory,
    port: channel.port2,
  };
  const worker = new Worker(program, {
    workerData: data,
    transferList: [channel.port2],
    resourceLimits: { maxOldGenerationSizeMb: MOST_HEAP_MIB },
  });
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const { url, remote } = await listening(worker);
  if (remote) notice(REMOTE_WARNING);
  worker.unref();

  const side = new MachineSide({ memory, port: channel.port1, notice, wait });
  const remove = events.add(side);
  worker.on('error', (error) => {
    remove();
    notice(`inspect: the inspector has failed, and the machine goes on without it: ${describeError(error)}`);
  });
  let closing: Promise<void> | undefined;
  const close = async (why: string) => {
    remove();
    worker.ref();
    side.end(why);
    let late: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => {
      late = setTimeout(resolve, FAREWELL_MS);
    });
    await Promise.race([exited, limit]);
    clearTimeout(late);
    await worker.terminate();
    channel.port1.close();
  };
  const inspector: Inspector = {
    url,
    hooks: { events, inspector: side },
    close(why = 'the machine has ended') {
      closing ??= close(why);
      return closing;
    },
    [Symbol.asyncDispose]: () => inspector.close(),
  };
  return inspector;
}

/** The address, once the thread listens. */
async function listening(worker: Worker): Promise<WorkerNews & { readonly kind: 'listening' }> {
  const news = await new Promise<WorkerNews>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  if (news.kind === 'listening') return news;
  await worker.terminate();
  throw new (news.usage ? UsageError : HostError)(news.message);
}

/** Version of the package that the program is of. */
function versionOf(program: string): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', `file://${program}`), 'utf8')) as {
    version: string;
  };
  return version;
}

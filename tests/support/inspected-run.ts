/** `tsvmm ... --inspect` as a process, and a page of it that is no browser. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { WebSocket } from 'ws';
import { connectMachine, type LiveSocket } from '../../inspector/live/live-machine.ts';
import type { RunState, StepChoice } from '../../inspector/protocol.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { PATIENCE_MS } from './eventually.ts';
import { TSVMM } from './tsvmm.ts';

/** A run of tsvmm whose page was announced. */
export interface InspectedRun {
  readonly process: ChildProcessWithoutNullStreams;
  readonly url: string;
  readonly output: () => string;
  readonly errors: () => string;
}

/** Starts it, and waits for the address of its page. What is not urgent gives way to every other process of this host. */
export async function inspectedRun(args: readonly string[], { urgent = true } = {}): Promise<InspectedRun> {
  const child = spawn(process.execPath, [TSVMM, ...args], { stdio: 'pipe' });
  if (!urgent && child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  for (const began = Date.now(); Date.now() - began < PATIENCE_MS; await pause(50)) {
    const url = /http:\S+/.exec(err + out)?.[0];
    if (url !== undefined) return { process: child, url, output: () => out, errors: () => err };
    if (child.exitCode !== null) break;
  }
  child.kill('SIGKILL');
  throw new Error(`no address was printed: ${err}`);
}

/** The page's end of the connection, in this process. */
export interface Watcher {
  /** What the page has been shown. */
  readonly seen: readonly TraceEvent[];
  readonly state: () => RunState | undefined;
  readonly end: () => string | undefined;
  pause(): void;
  resume(): void;
  /** Steps, and gives the event that the machine stands before then. */
  step(before: StepChoice): Promise<TraceEvent>;
  /** Waits until that is so. */
  until(holds: () => boolean): Promise<void>;
  /** Waits until the machine stands, or runs. */
  becomes(how: 'standing' | 'running'): Promise<void>;
  close(): void;
}

/** Watches a machine as a page does. */
export async function watch(url: string): Promise<Watcher> {
  const { origin, hash } = new URL(url);
  const token = new URLSearchParams(hash.slice(1)).get('token') ?? '';
  let socket: WebSocket | undefined;
  const machine = await connectMachine({ origin, token }, (at, protocols) => {
    socket = new WebSocket(at, protocols);
    socket.on('error', () => {});
    return socket as unknown as LiveSocket;
  });
  const seen: TraceEvent[] = [];
  const states: RunState[] = [];
  let end: string | undefined;
  const stop = machine.listen({
    restarted: () => {},
    events: (events) => seen.push(...events),
    runState: (state) => states.push(state),
    ended: (why) => {
      end = why;
    },
  });
  const { control } = machine;
  if (control === undefined) throw new Error('this page may not hold the machine');
  const until = async (holds: () => boolean) => {
    for (const began = Date.now(); !holds(); await pause(10)) {
      if (Date.now() - began < PATIENCE_MS) continue;
      throw new Error(`it never came so far: ${JSON.stringify(states.at(-1))}, ${end}, ${seen.length} events`);
    }
  };
  const standsAt = () => {
    const before = states.at(-1)?.before;
    return before === undefined ? undefined : seen.find(({ id }) => id === before);
  };
  return {
    seen,
    state: () => states.at(-1),
    end: () => end,
    pause: () => control.pause(),
    resume: () => control.resume(),
    async step(before) {
      const from = states.at(-1)?.before ?? 0;
      control.step(before);
      await until(() => (standsAt()?.id ?? 0) > from);
      return standsAt() as TraceEvent;
    },
    until,
    becomes: (how) => until(() => states.at(-1)?.running === (how === 'running')),
    close() {
      stop();
      socket?.close();
    },
  };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

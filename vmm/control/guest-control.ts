import type { SynthDirectory } from '../../ninep/backends/synth/nodes.ts';
import { createSynth, type Synth } from '../../ninep/backends/synth/synth.ts';
import { fail } from '../../ninep/errno.ts';
import { BytePump, type ByteSource } from './byte-pump.ts';
import { LineQueue } from './line-queue.ts';

/** A program to run in the guest. */
export interface GuestCommand {
  /** Program and arguments; the program is searched for in the guest's PATH. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Working directory in the guest; empty for `/`. */
  readonly cwd: string;
  readonly stdin: ByteSource;
  /** Receives what the command writes; a promise holds the writer back until it settles. */
  readonly onStdout: (bytes: Uint8Array) => void | Promise<void>;
  readonly onStderr: (bytes: Uint8Array) => void | Promise<void>;
}

/** A command on its way through the guest. */
export interface RunningCommand {
  /** Exit status as a shell reports it: 0 to 255, 126 not executable, 127 not found, 128 + n killed by signal n. */
  readonly status: Promise<number>;
  /** Sends signal `number` to the command's process group. */
  signal(number: number): void;
}

const NUL = '\0';

/**
 * The tree through which host and guest init agree on commands, served to the guest as a share of its own:
 *
 *     next        blocks, then names the directory of the next command; the end means that none will follow
 *     N/argv env cwd     what to run: NUL-separated words, NUL-separated KEY=VALUE, a path
 *     N/stdin            blocks until the host has bytes
 *     N/stdout stderr    what the command writes
 *     N/signal           blocks, then gives a signal number to deliver
 *     N/status           the exit status, written once
 */
export class GuestControl {
  readonly backend: Synth = createSynth({ mode: 0o500 });
  readonly #next = new LineQueue();
  readonly #pending = new Set<(error: Error) => void>();
  #count = 0;
  #ended: Error | undefined;

  constructor() {
    this.backend.root.special(
      'next',
      { read: (_offset, into, request) => this.#next.read(into, request) },
      { mode: 0o400 },
    );
  }

  /** Offers a command to the guest. `status` rejects if the guest ends first. */
  run(command: GuestCommand): RunningCommand {
    if (this.#ended !== undefined) throw this.#ended;
    const name = String(++this.#count);
    const directory = this.backend.root.directory(name, { mode: 0o500 });
    const stdin = new BytePump(command.stdin);
    const signals = new LineQueue();
    const status = new Promise<number>((resolve, reject) => {
      this.#pending.add(reject);
      describe(directory, command, stdin, signals, (value) => {
        resolve(value);
        this.#pending.delete(reject);
        this.backend.root.remove(name);
        stdin.close();
        signals.end();
      });
    });
    this.#next.push(name);
    return { status, signal: (number) => signals.push(String(number)) };
  }

  /** Tells the guest that no command will follow; it then powers off once the last has ended. */
  finish(): void {
    this.#next.end();
  }

  /** The guest is gone: fails every command that has not ended. */
  abandon(reason: Error): void {
    this.#ended = reason;
    this.#next.end();
    for (const reject of this.#pending) reject(reason);
    this.#pending.clear();
  }
}

/** Fills the directory of one command. */
function describe(
  directory: SynthDirectory,
  command: GuestCommand,
  stdin: BytePump,
  signals: LineQueue,
  ended: (status: number) => void,
): void {
  const words = (list: readonly string[]) => list.map((word) => word + NUL).join('');
  const read = { mode: 0o400 };
  const write = { mode: 0o200 };
  directory.file('argv', words(command.argv), read);
  directory.file('env', words(Object.entries(command.env).map(([key, value]) => `${key}=${value}`)), read);
  directory.file('cwd', command.cwd, read);
  directory.special('stdin', { read: (_offset, into, request) => stdin.read(into, request) }, read);
  directory.special('signal', { read: (_offset, into, request) => signals.read(into, request) }, read);
  directory.special('stdout', { write: (_offset, from) => forward(from, command.onStdout) }, write);
  directory.special('stderr', { write: (_offset, from) => forward(from, command.onStderr) }, write);
  directory.special('status', { write: (_offset, from) => readStatus(from, ended) }, write);
}

/** Hands the bytes on, copied, since the guest may reuse its pages at once. */
async function forward(
  from: readonly Uint8Array[],
  sink: (bytes: Uint8Array) => void | Promise<void>,
): Promise<number> {
  let written = 0;
  for (const part of from) {
    await sink(part.slice());
    written += part.length;
  }
  return written;
}

function readStatus(from: readonly Uint8Array[], ended: (status: number) => void): number {
  const text = from.map((part) => new TextDecoder().decode(part.slice())).join('');
  const status = /^\d{1,3}\n?$/.test(text) ? Number.parseInt(text, 10) : Number.NaN;
  if (!(status <= 255)) fail('EINVAL');
  ended(status);
  return text.length;
}

import { totalLength } from '../../bytes/segments.ts';
import { createSynth, type Synth } from '../../ninep/backends/synth/synth.ts';
import { fail } from '../../ninep/errno.ts';
import { BytePump, type ByteSource } from './byte-pump.ts';
import { type ByteListener, ByteSink } from './byte-sink.ts';
import { LineQueue } from './line-queue.ts';

/** A program to run in the guest. No string holds a NUL. */
export interface GuestCommand {
  /** Program and arguments; the program is searched for in the guest's PATH. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Working directory in the guest, an absolute path; empty for `/`. */
  readonly cwd: string;
  readonly stdin: ByteSource;
  /** Receives what the command writes; a promise holds the writer back until it settles. */
  readonly onStdout: ByteListener;
  readonly onStderr: ByteListener;
}

/** A command on its way through the guest. */
export interface RunningCommand {
  /**
   * Exit status as a shell reports it: 0 to 255, 126 not executable, 127 not found, 128 + n killed by signal n. Rejects if
   * the guest ends first, and with whatever the source of stdin or a listener throws.
   */
  readonly status: Promise<number>;
  /** Sends signal `number`, 1 to 64, to the command's process group; nothing once it has ended. Throws RangeError. */
  signal(number: number): void;
}

/** What the host holds for a command that has not ended. */
interface Pending {
  readonly name: string;
  readonly stdin: BytePump;
  readonly signals: LineQueue;
  readonly fail: (error: unknown) => void;
}

const NUL = '\0';
const LAST_SIGNAL = 64;
/** Three digits and a newline. */
const LONGEST_STATUS = 4;

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
  readonly #pending = new Set<Pending>();
  #count = 0;
  #ended: Error | undefined;

  constructor() {
    this.backend.root.special(
      'next',
      { read: (_offset, into, request) => this.#next.read(into, request) },
      { mode: 0o400 },
    );
  }

  /** Offers a command to the guest. Throws TypeError for strings that cannot reach a program; a guest that is gone rejects `status`. */
  run(command: GuestCommand): RunningCommand {
    check(command);
    let resolve: (status: number) => void = () => {};
    let reject: (error: unknown) => void = () => {};
    const status = new Promise<number>((...settle) => {
      [resolve, reject] = settle;
    });
    // Whoever does not ask how a command ended shall not be brought down by how it did.
    status.catch(() => {});
    const pending = {
      name: String(++this.#count),
      stdin: new BytePump(command.stdin, reject),
      signals: new LineQueue(),
      fail: reject,
    };
    if (this.#ended === undefined) {
      this.#pending.add(pending);
      this.#publish(pending, command, resolve);
    } else {
      this.#end(pending);
      reject(this.#ended);
    }
    return {
      status,
      signal: (number) => {
        if (!Number.isInteger(number) || number < 1 || number > LAST_SIGNAL)
          throw new RangeError(`signal ${number}: give 1 to ${LAST_SIGNAL}`);
        pending.signals.push(String(number));
      },
    };
  }

  /** The guest is gone: fails every command that has not ended, and every one that follows. */
  abandon(reason: Error): void {
    this.#ended ??= reason;
    this.#next.end();
    this.#failAll(reason);
  }

  /** The guest begins anew: fails every command that has not ended. Called when none of its requests is under way. */
  restart(reason: Error): void {
    this.#next.clear();
    this.#failAll(reason);
  }

  #failAll(reason: Error): void {
    for (const pending of this.#pending) {
      this.#end(pending);
      pending.fail(reason);
    }
  }

  /** Fills the directory of one command, and tells the guest of it. */
  #publish(pending: Pending, command: GuestCommand, ended: (status: number) => void): void {
    const { name, stdin, signals } = pending;
    const stdout = new ByteSink(command.onStdout, pending.fail);
    const stderr = new ByteSink(command.onStderr, pending.fail);
    const directory = this.backend.root.directory(name, { mode: 0o500 });
    const read = { mode: 0o400 };
    const write = { mode: 0o200 };
    directory.file('argv', strings(command.argv), read);
    directory.file('env', strings(variables(command.env)), read);
    directory.file('cwd', command.cwd, read);
    directory.special('stdin', { read: (_offset, into, request) => stdin.read(into, request) }, read);
    directory.special('signal', { read: (_offset, into, request) => signals.read(into, request) }, read);
    directory.special('stdout', { write: (_offset, from, request) => stdout.write(from, request) }, write);
    directory.special('stderr', { write: (_offset, from, request) => stderr.write(from, request) }, write);
    directory.special(
      'status',
      {
        write: (_offset, from) => {
          const status = readStatus(from);
          this.#end(pending);
          ended(status);
          return totalLength(from);
        },
      },
      write,
    );
    this.#next.push(name);
  }

  #end(pending: Pending): void {
    this.#pending.delete(pending);
    this.backend.root.remove(pending.name);
    pending.stdin.close();
    pending.signals.end();
  }
}

function variables(env: Readonly<Record<string, string>>): string[] {
  return Object.entries(env).map(([key, value]) => `${key}=${value}`);
}

function strings(list: readonly string[]): string {
  return list.map((word) => word + NUL).join('');
}

/** Refuses what would arrive as something else than it is. */
function check({ argv, env, cwd }: GuestCommand): void {
  if (argv.length === 0) throw new TypeError('argv: a program is needed');
  for (const [name, list] of Object.entries({ argv, env: variables(env), cwd: [cwd] })) {
    if (list.some((word) => word.includes(NUL))) throw new TypeError(`${name}: a string holds a NUL`);
  }
  const unnamed = Object.keys(env).find((key) => key === '' || key.includes('='));
  if (unnamed !== undefined) throw new TypeError(`env: '${unnamed}' cannot be the name of a variable`);
  if (cwd !== '' && !cwd.startsWith('/')) throw new TypeError(`cwd: '${cwd}' is not an absolute path`);
}

/** Reads an exit status, decimal with or without a newline; EINVAL where it is none. */
function readStatus(from: readonly Uint8Array[]): number {
  const length = totalLength(from);
  const text = length > LONGEST_STATUS ? '' : from.map((part) => String.fromCharCode(...part)).join('');
  const status = /^\d{1,3}\n?$/.test(text) ? Number.parseInt(text, 10) : Number.NaN;
  return status <= 255 ? status : fail('EINVAL');
}

import type { ByteSource } from './byte-pump.ts';
import type { ByteListener } from './byte-sink.ts';
import type { GuestControl } from './guest-control.ts';

/** How to run a command in the guest. */
export interface ExecOptions {
  /** Working directory in the guest, an absolute path; default `/`. */
  readonly cwd?: string;
  /** Variables beside the guest's own PATH, HOME and TERM. */
  readonly env?: Readonly<Record<string, string>>;
  /** What the command reads; default nothing. */
  readonly stdin?: ByteSource;
  /** Receives output as it comes instead of it being collected; a returned promise holds the command back. */
  readonly onStdout?: ByteListener;
  readonly onStderr?: ByteListener;
  /** Most bytes collected of each, where no callback takes them; default 64 MiB. Beyond, `exec` rejects with RangeError. */
  readonly maxBuffer?: number;
}

const DEFAULT_MAX_BUFFER = 64 * 2 ** 20;

/** How a command ended. */
export interface ExecResult {
  /** As a shell reports it: 126 not executable, 127 not found, 128 + n killed by signal n. */
  readonly status: number;
  /** Everything written there, unless the matching callback took it. */
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

/** A command under way: awaited for its result, or sent signals. */
export interface Execution extends Promise<ExecResult> {
  /** Sends signal `number`, 1 to 64, to the command's process group; nothing once it has ended. Throws RangeError. */
  signal(number: number): void;
}

/**
 * Runs a command through `control`. Rejects if the guest ends before the command does, and with what a callback or the
 * source of stdin throws; the command then goes on, its output refused. Throws TypeError for an empty argv and for
 * strings that cannot reach a program.
 */
export function execute(control: GuestControl, argv: readonly string[], options: ExecOptions = {}): Execution {
  const { maxBuffer = DEFAULT_MAX_BUFFER } = options;
  const stdout = new Collected('stdout', maxBuffer);
  const stderr = new Collected('stderr', maxBuffer);
  const running = control.run({
    argv,
    env: options.env ?? {},
    cwd: options.cwd ?? '',
    stdin: options.stdin ?? new Uint8Array(0),
    onStdout: options.onStdout ?? ((bytes) => stdout.add(bytes)),
    onStderr: options.onStderr ?? ((bytes) => stderr.add(bytes)),
  });
  const result = running.status.then((status) => ({ status, stdout: stdout.whole(), stderr: stderr.whole() }));
  // A command nobody waits for may fail unseen; it must not end the process.
  result.catch(() => {});
  return Object.assign(result, { signal: (number: number) => running.signal(number) });
}

/** What a command wrote, up to a limit: the guest decides how much that is, and this process holds it. */
class Collected {
  readonly #name: string;
  readonly #limit: number;
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  constructor(name: string, limit: number) {
    this.#name = name;
    this.#limit = limit;
  }

  add(bytes: Uint8Array): void {
    this.#length += bytes.length;
    if (this.#length > this.#limit) {
      throw new RangeError(
        `the command wrote more than ${this.#limit} bytes to ${this.#name}: take them with a callback`,
      );
    }
    this.#parts.push(bytes);
  }

  whole(): Uint8Array {
    const whole = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}

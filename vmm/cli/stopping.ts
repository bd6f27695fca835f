import type { MachineEnd } from '../exit-status.ts';
import { BROKEN_PIPE, signalStatus } from './exit-statuses.ts';
import type { Machine } from './machine-port.ts';
import type { OutputStream, ProcessIo } from './process-io.ts';
import { reportEnd, say } from './report.ts';
import type { EndSignal } from './signals.ts';

/** Longest a machine may take to stop before the process ends without it. */
const STOP_LIMIT_MS = 5000;

/** Why the host ended the machine. */
type Cause = { readonly status: number; readonly line?: string };

/** Ends a machine on behalf of the host, once, and remembers why. */
export class Stopping {
  readonly #machine: Machine;
  readonly #io: ProcessIo;
  #cause: Cause | undefined;

  constructor(machine: Machine, io: ProcessIo) {
    this.#machine = machine;
    this.#io = io;
  }

  /** Ends the machine because of a signal; a second one ends the process without waiting. */
  bySignal({ name, number }: EndSignal): void {
    if (this.#cause !== undefined) this.#io.exit(signalStatus(number));
    else this.#stop({ status: signalStatus(number), line: `stopped by ${name}` });
  }

  /** Ends the machine once nobody reads `output` any more. Returns what stops the watching. */
  whenUnread(output: OutputStream): () => void {
    const onError = (): void => {
      if (this.#cause === undefined) this.#stop({ status: BROKEN_PIPE });
    };
    output.on('error', onError);
    return () => output.off('error', onError);
  }

  /** Says how the machine ended, or why it was ended. Returns the exit status. */
  report(end: MachineEnd): number {
    if (this.#cause === undefined) return reportEnd(this.#io.stderr, end);
    if (this.#cause.line !== undefined) say(this.#io.stderr, this.#cause.line);
    return this.#cause.status;
  }

  #stop(cause: Cause): void {
    this.#cause = cause;
    setTimeout(() => this.#io.exit(cause.status), STOP_LIMIT_MS).unref();
    this.#machine.stop().catch(() => this.#io.exit(cause.status));
  }
}

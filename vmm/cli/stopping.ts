import type { MachineEnd } from '../exit-status.ts';
import { BROKEN_PIPE, signalStatus } from './exit-statuses.ts';
import type { Machine } from './machine-port.ts';
import type { OutputStream, ProcessIo } from './process-io.ts';
import { reportEnd, say } from './report.ts';
import type { EndSignal } from './signals.ts';

/** Longest a machine may take to stop before the process ends without it. */
export const STOP_LIMIT_MS = 5000;

/** Why the host ended the machine. */
type Cause = { readonly status: number; readonly line?: string };

/** Ends a machine on behalf of the host, once, and remembers why; to be closed when the run is over. */
export class Stopping {
  readonly #machine: Machine;
  readonly #io: ProcessIo;
  readonly #release: (() => void)[] = [];
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

  /** Ends the machine once nobody reads `output` any more. */
  whenUnread(output: OutputStream): void {
    const onError = (): void => {
      if (this.#cause === undefined) this.#stop({ status: BROKEN_PIPE });
    };
    output.on('error', onError);
    this.#release.push(() => output.off('error', onError));
  }

  /** Says how the machine ended, or why it was ended. Returns the exit status. */
  report(end: MachineEnd): number {
    if (this.#cause === undefined) return reportEnd(this.#io.stderr, end);
    if (this.#cause.line !== undefined) say(this.#io.stderr, this.#cause.line);
    return this.#cause.status;
  }

  /** Watches nothing any more. */
  close(): void {
    for (const undo of this.#release.splice(0)) undo();
  }

  #stop(cause: Cause): void {
    this.#cause = cause;
    const limit = setTimeout(() => this.#io.exit(cause.status), STOP_LIMIT_MS);
    this.#release.push(() => clearTimeout(limit));
    this.#machine.stop().catch(() => this.#io.exit(cause.status));
  }
}

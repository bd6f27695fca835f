/**
 * How a machine can end, what the process says then, and with which status it exits. The README's table is this one.
 */
export const MACHINE_ENDS = {
  'power-off': { status: 0, line: 'the guest powered off' },
  stopped: { status: 0, line: 'stopped by request' },
  halted: { status: 120, line: 'the guest halted: every CPU waits with interrupts off' },
  reset: { status: 121, line: 'the guest reset the machine' },
  panic: { status: 122, line: 'the guest kernel panicked' },
  'triple-fault': { status: 123, line: 'triple fault: a CPU met an exception it could not deliver, and shut down' },
  error: { status: 125, line: 'the host could not go on running the guest' },
} as const;

export type MachineEndReason = keyof typeof MACHINE_ENDS;

/** Statuses that are no machine's end. */
export const PROCESS_STATUS = {
  /** Bad options or bad input files. */
  usage: 2,
  /** The host lacks something, or tsvmm failed. */
  host: 125,
} as const;

/** How this machine ended. */
export interface MachineEnd {
  readonly reason: MachineEndReason;
  /** Exit status of the process, 0 to 255. */
  readonly status: number;
  /** One line for people. */
  readonly line: string;
  /** More for whoever debugs the guest: registers, instruction bytes; lines without trailing newline. */
  readonly report?: string;
}

/** Builds the record of an end; `detail` follows the line after a colon. */
export function machineEnd(reason: MachineEndReason, detail?: string, report?: string): MachineEnd {
  const { status, line } = MACHINE_ENDS[reason];
  return { reason, status, line: detail ? `${line}: ${detail}` : line, ...(report ? { report } : {}) };
}

import type { VirtualMachineConfig } from '../config.ts';
import type { MachineReport } from '../dry-run/machine-report.ts';
import type { MachineEnd } from '../exit-status.ts';
import type { GuestReset } from '../guest-reset.ts';
import type { Hooks } from '../hooks.ts';

/** What the command line uses of a command running in the guest. */
export interface RunningCommand extends Promise<{ readonly status: number }> {
  /** Sends it a signal, by Linux number. */
  signal(number: number): void;
}

/** How a command is connected. */
export interface ExecStreams {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: AsyncIterable<Uint8Array>;
  /** The bytes are the callee's. A promise asks for no more until it settles. */
  readonly onStdout?: (bytes: Uint8Array) => void | Promise<void>;
  readonly onStderr?: (bytes: Uint8Array) => void | Promise<void>;
}

/** What the command line uses of a virtual machine; the class of the public API is one. */
export interface Machine {
  start(): void | Promise<void>;
  readonly ended: Promise<MachineEnd>;
  onConsole(listener: (bytes: Uint8Array) => void | Promise<void>): void;
  onReset(listener: (reset: Pick<GuestReset, 'line' | 'reason'>) => void): void;
  /** Has the guest begin anew, as the reset button does. */
  reset(): Promise<void>;
  /** Settles when the guest has taken the bytes, which may be never. */
  writeConsole(bytes: Uint8Array): Promise<void>;
  /** The terminal the console is shown on has another size. */
  resizeConsole(rows: number, columns: number): void;
  exec(argv: readonly string[], options?: ExecStreams): RunningCommand;
  stop(): Promise<MachineEnd>;
}

/** Makes a machine. Throws UsageError and HostError. */
export type MachineFactory = (
  config: VirtualMachineConfig,
  hooks: Pick<Hooks, 'trace' | 'events' | 'notice'>,
) => Promise<Machine>;

/** Says what a machine would be. Throws UsageError and HostError. */
export type MachineDescriber = (config: VirtualMachineConfig, hooks: Pick<Hooks, 'notice'>) => Promise<MachineReport>;

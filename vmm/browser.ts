/** The public interface of tsvmm in a page: the same machine and devices, on the software CPU, over trees in memory. */
export { createMemory, type Memory, type MemoryOptions } from '../ninep/backends/memory/memory.ts';
export { browserHost } from './accelerators/software/browser-host.ts';
export type { SoftwareHost } from './accelerators/software/software-host.ts';
export { BrowserMachine, type BrowserMachineConfig, type BrowserShare } from './browser/browser-machine.ts';
export { fillFromTar } from './browser/tar-tree.ts';
export type { ExecOptions, ExecResult, Execution } from './control/exec.ts';
export { MACHINE_ENDS, type MachineEnd, type MachineEndReason } from './exit-status.ts';
export type { ConsoleListener } from './guest-console.ts';
export type { GuestReset, GuestResetReason, OnReboot } from './guest-reset.ts';
export type { Hooks } from './hooks.ts';
export { HostError, UsageError } from './usage-error.ts';

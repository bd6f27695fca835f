/** The public interface of tsvmm. */
export type { RootConfig, SecurityModel, ShareConfig, VirtualMachineConfig } from './config.ts';
export type { ByteSource } from './control/byte-pump.ts';
export type { ExecOptions, ExecResult, Execution } from './control/exec.ts';
export { MACHINE_ENDS, type MachineEnd, type MachineEndReason } from './exit-status.ts';
export type { ConsoleListener } from './guest-console.ts';
export type { Hooks } from './hooks.ts';
export { type Server, serve } from './serve/serve.ts';
export type { ServeConfig, ServeHooks } from './serve/serve-config.ts';
export { HostError, UsageError } from './usage-error.ts';
export { VirtualMachine } from './virtual-machine.ts';

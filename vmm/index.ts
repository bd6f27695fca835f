/** The public interface of tsvmm. */
export type { BlockStore } from '../devices/virtio/block-store.ts';
export { MemoryBlockStore } from '../devices/virtio/memory-block-store.ts';
export type { Backend, Credential, Node, OpenFile, Request } from '../ninep/backend.ts';
export { createMemory, type Memory, type MemoryOptions } from '../ninep/backends/memory/memory.ts';
export type {
  SynthCallbacks,
  SynthContent,
  SynthDirectory,
  SynthHandle,
  SynthMode,
} from '../ninep/backends/synth/nodes.ts';
export { createSynth, type Synth, type SynthOptions } from '../ninep/backends/synth/synth.ts';
export type { Counts, MessageCounts } from '../ninep/counters.ts';
export { ERRNO, type Errno, errnoOf, fail } from '../ninep/errno.ts';
export type { IdRange } from '../ninep/layers/id-map/id-ranges.ts';
export type { QuotaLimits } from '../ninep/layers/quota/ledger.ts';
export type { Limit, Throttling } from '../ninep/layers/throttle/limits.ts';
export type { EventKind, Events, TraceEvent } from '../trace/event.ts';
export { type EventSink, EventStream } from '../trace/event-stream.ts';
export type {
  ConsoleConfig,
  DeviceConfig,
  DiskConfig,
  ImageDisk,
  MountConfig,
  RngConfig,
  RootConfig,
  ShareConfig,
  StoreDisk,
  VirtioConfig,
  VirtualMachineConfig,
} from './config.ts';
export type { ByteSource } from './control/byte-pump.ts';
export type { ExecOptions, ExecResult, Execution } from './control/exec.ts';
export { MACHINE_ENDS, type MachineEnd, type MachineEndReason } from './exit-status.ts';
export type {
  BackendExport,
  ExportConfig,
  ExportsExport,
  LocalExport,
  MemoryExport,
  SecurityModel,
  SynthExport,
  TreeExport,
} from './export-config.ts';
export type { ConsoleListener } from './guest-console.ts';
export type { GuestReset, GuestResetReason, OnReboot } from './guest-reset.ts';
export type { HeldMachine, Hooks, MachineHolder } from './hooks.ts';
export { type Inspector, type InspectorOptions, openInspector } from './inspect/inspector.ts';
export { type Server, serve } from './serve/serve.ts';
export type { ServeConfig, ServeHooks } from './serve/serve-config.ts';
export { HostError, UsageError } from './usage-error.ts';
export { VirtualMachine } from './virtual-machine.ts';

export { type CapabilityName, capabilities } from './capabilities.ts';
export { KvmError, VcpuStateError } from './error.ts';
export { EventFd } from './event-fd.ts';
export type * from './exit.ts';
export { GuestMemory, type GuestMemoryOptions, longestView, pageSize } from './guest-memory.ts';
export { type KvmBackend, kvmBackend } from './host.ts';
export { Kvm } from './kvm.ts';
export type {
  ClockData,
  CpuidEntry,
  DebugRegs,
  DescriptorTable,
  Fpu,
  GuestDebug,
  MsrEntry,
  Regs,
  Segment,
  Sregs,
  VcpuEvents,
  Xcr,
} from './layouts.ts';
export type { ExitHandler, MpState, Vcpu } from './vcpu.ts';
export type { VcpuState } from './vcpu-state.ts';
export {
  type GsiRoute,
  type IoeventfdOptions,
  type IrqchipName,
  type IrqfdOptions,
  type Msi,
  memoryRegionFlags,
  type Vm,
} from './vm.ts';

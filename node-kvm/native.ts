import { createRequire } from 'node:module';

/** The addon's `Kvm`: /dev/kvm opened. */
export interface NativeKvm {
  ioctl(name: string, argument: number | bigint | Uint8Array): number;
  createVm(type: number): NativeVm;
  close(): void;
}

/** The addon's `Vm`. It holds on to the memory in its slots until it and its vCPUs are closed. */
export interface NativeVm {
  ioctl(name: string, argument: number | bigint | Uint8Array): number;
  setUserMemoryRegion(
    slot: number,
    flags: number,
    guestAddress: bigint,
    memory: NativeGuestMemory,
    offset: number,
    size: number,
  ): void;
  deleteMemoryRegion(slot: number): void;
  createVcpu(id: number): NativeVcpu;
  close(): void;
}

/** What a vCPU thread has to tell: `code` is one of {@link threadEvents}, `errno` that of a failed KVM_RUN. */
export type NativeThreadListener = (code: number, errno: number) => void;

/** The addon's `Vcpu`, with its thread. */
export interface NativeVcpu {
  /** The mapped kvm_run structure; detached by `close()`. */
  readonly runPage: ArrayBuffer;
  ioctl(name: string, argument: number | bigint | Uint8Array): number;
  start(threadName: string, listener: NativeThreadListener): void;
  resume(): void;
  request(what: number): void;
  setReferenced(referenced: boolean): void;
  close(): void;
}

/** The addon's `GuestMemory`. */
export interface NativeGuestMemory {
  readonly fd: number;
  window(offset: number, length: number): ArrayBuffer;
  close(): void;
}

/** The addon's `EventFd`. */
export interface NativeEventFd {
  readonly fd: number;
  signal(count: bigint): void;
  read(): bigint;
  listen(callback: ((count: bigint) => void) | undefined): void;
  setReferenced(referenced: boolean): void;
  close(): void;
}

/** Everything `kvm.node` exports. */
export interface NativeAddon {
  Kvm: new (path: string) => NativeKvm;
  GuestMemory: new (size: number, anonymous: boolean) => NativeGuestMemory;
  EventFd: new () => NativeEventFd;
}

/** The codes a {@link NativeThreadListener} is called with; `native/vcpu_thread.h` has the same numbers. */
export const threadEvents = { exit: 1, runFailed: 2, interrupted: 3, paused: 4, ended: 5 } as const;

/** What {@link NativeVcpu.request} takes; `native/vcpu_thread.h` has the same numbers. */
export const threadRequests = { pause: 2, stop: 4, kick: 8 } as const;

/** Where the addon is: beside this source, or beside the directory of the bundle. */
const places = ['./build/Release/kvm.node', '../build/Release/kvm.node'];

let loaded: NativeAddon | undefined;

/** The addon, loaded at the first call. Throws an Error that says how to build it where it is missing. */
export function addon(): NativeAddon {
  loaded ??= load();
  return loaded;
}

function load(): NativeAddon {
  const requireHere = createRequire(import.meta.url);
  for (const place of places) {
    try {
      return requireHere(place) as NativeAddon;
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  throw new Error(
    'node-kvm: its addon kvm.node has not been built: run "npm rebuild node-kvm" (needs g++, make, python3 and the Linux headers)',
  );
}

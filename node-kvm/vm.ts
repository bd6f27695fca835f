import { type CapabilityName, capabilityNumber } from './capabilities.ts';
import { closedError, KvmError, translated } from './error.ts';
import { EventFd } from './event-fd.ts';
import { type GuestMemory, nativeMemory, pageSize } from './guest-memory.ts';
import * as layouts from './layouts.ts';
import type { NativeVm } from './native.ts';
import { checkBytes, checkInteger, checkU64 } from './struct.ts';
import { Vcpu } from './vcpu.ts';

/** Flags of a memory slot. @spec KVM API §4.35 KVM_SET_USER_MEMORY_REGION */
export const memoryRegionFlags = { logDirtyPages: 1, readonly: 2 } as const;

const irqchipNumbers = { 'pic-master': 0, 'pic-slave': 1, ioapic: 2 } as const;
/** One of the three in-kernel interrupt controllers. */
export type IrqchipName = keyof typeof irqchipNumbers;

/** Where a GSI leads: to a pin of an interrupt controller, or to a message. */
export type GsiRoute =
  | { readonly type: 'irqchip'; readonly gsi: number; readonly irqchip: IrqchipName; readonly pin: number }
  | { readonly type: 'msi'; readonly gsi: number; readonly address: bigint; readonly data: number };

/** Options of {@link Vm.irqfd}. */
export interface IrqfdOptions {
  /** Makes the interrupt level-triggered: signalled when the guest acknowledges it, so the device can raise it again. */
  readonly resample?: EventFd;
  /** Undoes an earlier call with the same eventfd and GSI. */
  readonly deassign?: boolean;
}

/** Which guest write signals which eventfd. */
export interface IoeventfdOptions {
  readonly eventfd: EventFd;
  readonly space: 'mmio' | 'pio';
  readonly address: bigint;
  /** Width of the write in bytes; 0 takes any width. */
  readonly length: 0 | 1 | 2 | 4 | 8;
  /** Only this value signals; any does where it is missing. */
  readonly datamatch?: bigint;
  /** Undoes an earlier call with the same values. */
  readonly deassign?: boolean;
}

/** A message-signalled interrupt. */
export interface Msi {
  readonly address: bigint;
  readonly data: number;
}

const ioeventfdFlags = { datamatch: 1, pio: 2, deassign: 4 } as const;
const irqfdFlags = { deassign: 1, resample: 2 } as const;
const gsiRoutingTypes = { irqchip: 1, msi: 2 } as const;
const u32Max = 0xffff_ffff;
const mostGsi = 4095;

/** A virtual machine: its memory slots, interrupt controllers, event descriptors and vCPUs. */
export class Vm {
  #native: NativeVm | undefined;

  /** Made by `Kvm.createVm()`. */
  constructor(native: NativeVm) {
    this.#native = native;
  }

  get closed(): boolean {
    return this.#native === undefined;
  }

  /** What KVM answers for a capability of this VM: 0 where it is missing, else 1 or a number of its own. */
  checkExtension(capability: CapabilityName | number): number {
    return this.#ioctl('KVM_CHECK_EXTENSION', capabilityNumber(capability));
  }

  /** Switches a capability on. `args` are up to four numbers. @spec KVM API §4.37 KVM_ENABLE_CAP */
  enableCap(capability: CapabilityName | number, args: readonly bigint[] = [], flags = 0): void {
    if (!Array.isArray(args) || args.length > 4) throw new TypeError('args: an array of up to four bigints is needed');
    const four = [0, 1, 2, 3].map((index) => args[index] ?? 0n);
    this.#ioctl(
      'KVM_ENABLE_CAP',
      layouts.enableCap.encode({ capability: capabilityNumber(capability), flags, args: four }),
    );
  }

  /**
   * Shows `size` bytes of `memory` from `offset` on to the guest at `guestAddress` (all multiples of 4096). The memory
   * stays mapped until the slot is deleted or the VM and its vCPUs are closed, whatever happens to the GuestMemory.
   * `flags` are {@link memoryRegionFlags}. @spec KVM API §4.35 KVM_SET_USER_MEMORY_REGION
   */
  setUserMemoryRegion(
    slot: number,
    guestAddress: bigint,
    memory: GuestMemory,
    offset = 0,
    size = memory.size - offset,
    flags = 0,
  ): void {
    const operation = 'KVM_SET_USER_MEMORY_REGION';
    const native = this.#open(operation);
    checkInteger(slot, 0, u32Max, 'slot');
    checkU64(guestAddress, 'guestAddress');
    const nativeBacking = nativeMemory(memory, operation);
    checkInteger(offset, 0, memory.size, 'offset');
    checkInteger(size, pageSize, memory.size - offset, 'size');
    checkInteger(flags, 0, u32Max, 'flags');
    for (const [name, value] of Object.entries({ offset, size })) {
      if (value % pageSize !== 0) throw new RangeError(`${name}: ${value} is not a multiple of ${pageSize}`);
    }
    translated(() => native.setUserMemoryRegion(slot, flags, guestAddress, nativeBacking, offset, size));
  }

  /** Takes the memory of `slot` away from the guest. */
  deleteMemoryRegion(slot: number): void {
    const native = this.#open('KVM_SET_USER_MEMORY_REGION');
    checkInteger(slot, 0, u32Max, 'slot');
    translated(() => native.deleteMemoryRegion(slot));
  }

  /** Makes the in-kernel PICs, IOAPIC and local APICs; before the first vCPU. @spec KVM API §4.24 KVM_CREATE_IRQCHIP */
  createIrqchip(): void {
    this.#ioctl('KVM_CREATE_IRQCHIP');
  }

  /** Makes the in-kernel timer; after the irqchip. Flag 1 answers port 0x61. @spec KVM API §4.71 KVM_CREATE_PIT2 */
  createPit2(flags = 0): void {
    this.#ioctl('KVM_CREATE_PIT2', layouts.pitConfig.encode({ flags }));
  }

  /** The 512 bytes of state of an interrupt controller: struct kvm_pic_state or kvm_ioapic_state. */
  getIrqchip(chip: IrqchipName): Uint8Array {
    const buffer = layouts.irqchip.encode({ chip: irqchipNumber(chip), state: new Uint8Array(512) });
    this.#ioctl('KVM_GET_IRQCHIP', buffer);
    return layouts.irqchip.decode(buffer).state;
  }

  /** Sets what {@link getIrqchip} returned. */
  setIrqchip(chip: IrqchipName, state: Uint8Array): void {
    checkBytes(state, 512, 'state');
    this.#ioctl('KVM_SET_IRQCHIP', layouts.irqchip.encode({ chip: irqchipNumber(chip), state }));
  }

  /** Replaces the whole GSI routing table (GSIs 0 to 4095). @spec KVM API §4.52 KVM_SET_GSI_ROUTING */
  setGsiRouting(routes: readonly GsiRoute[]): void {
    if (!Array.isArray(routes)) throw new TypeError('routes: an array is needed');
    const entries = routes.map((route: GsiRoute, index) => encodeRoute(route, `routes[${index}]`));
    const buffer = new Uint8Array(8 + entries.length * 48);
    new DataView(buffer.buffer).setUint32(0, entries.length, true);
    entries.forEach((entry, index) => {
      buffer.set(entry, 8 + index * 48);
    });
    this.#ioctl('KVM_SET_GSI_ROUTING', buffer);
  }

  /** Raises or lowers a GSI. @spec KVM API §4.25 KVM_IRQ_LINE */
  irqLine(gsi: number, level: boolean): void {
    if (typeof level !== 'boolean') throw new TypeError(`level: a boolean is needed, not ${typeof level}`);
    this.#ioctl('KVM_IRQ_LINE', layouts.irqLevel.encode({ irq: gsi, level: Number(level) }));
  }

  /** Lets `eventfd` raise a GSI without JavaScript. @spec KVM API §4.75 KVM_IRQFD */
  irqfd(eventfd: EventFd, gsi: number, options: IrqfdOptions = {}): void {
    checkInteger(gsi, 0, mostGsi, 'gsi');
    const flags =
      (options.deassign === true ? irqfdFlags.deassign : 0) |
      (options.resample === undefined ? 0 : irqfdFlags.resample);
    const resampleFd = options.resample === undefined ? 0 : descriptor(options.resample, 'resample');
    this.#ioctl('KVM_IRQFD', layouts.irqfd.encode({ fd: descriptor(eventfd, 'eventfd'), gsi, flags, resampleFd }));
  }

  /** Lets a guest write signal an eventfd without leaving the kernel. @spec KVM API §4.59 KVM_IOEVENTFD */
  ioeventfd(options: IoeventfdOptions): void {
    const { eventfd, space, address, length, datamatch, deassign } = options;
    if (space !== 'mmio' && space !== 'pio')
      throw new TypeError(`space: 'mmio' or 'pio' is needed, not ${String(space)}`);
    if (![0, 1, 2, 4, 8].includes(length)) throw new RangeError(`length: ${String(length)} is not 0, 1, 2, 4 or 8`);
    const flags =
      (datamatch === undefined ? 0 : ioeventfdFlags.datamatch) |
      (space === 'pio' ? ioeventfdFlags.pio : 0) |
      (deassign === true ? ioeventfdFlags.deassign : 0);
    const fd = descriptor(eventfd, 'eventfd');
    this.#ioctl('KVM_IOEVENTFD', layouts.ioeventfd.encode({ datamatch: datamatch ?? 0n, address, length, fd, flags }));
  }

  /** Sends a message-signalled interrupt; true where a local APIC took it. @spec KVM API §4.71 KVM_SIGNAL_MSI */
  signalMsi(message: Msi): boolean {
    const { address, data } = message;
    try {
      return this.#ioctl('KVM_SIGNAL_MSI', layouts.msi.encode({ address, data, flags: 0, deviceId: 0 })) > 0;
    } catch (error) {
      // KVM returns its own -1 where no local APIC matches, which reads as EPERM; the address is the guest's choice.
      if (error instanceof KvmError && error.code === 'EPERM') return false;
      throw error;
    }
  }

  /** The guest's clock. @spec KVM API §4.29 KVM_GET_CLOCK */
  getClock(): layouts.ClockData {
    const buffer = new Uint8Array(layouts.clockData.size);
    this.#ioctl('KVM_GET_CLOCK', buffer);
    return layouts.clockData.decode(buffer);
  }

  /** Sets the guest's clock; `flags` 0 sets `clock` alone. @spec KVM API §4.30 KVM_SET_CLOCK */
  setClock(clock: Pick<layouts.ClockData, 'clock'> & Partial<layouts.ClockData>): void {
    const full = { flags: 0, realtime: 0n, hostTsc: 0n, ...clock };
    this.#ioctl('KVM_SET_CLOCK', layouts.clockData.encode(full));
  }

  /** Where VT-x hosts may keep three pages for real mode, below 4 GiB. @spec KVM API §4.36 KVM_SET_TSS_ADDR */
  setTssAddress(address: bigint): void {
    checkU64(address, 'address');
    if (address > 0xffff_ffffn) throw new RangeError(`address: 0x${address.toString(16)} is not below 4 GiB`);
    this.#ioctl('KVM_SET_TSS_ADDR', address);
  }

  /** Where VT-x hosts may keep one page of identity mapping; before the first vCPU. @spec KVM API §4.40 KVM_SET_IDENTITY_MAP_ADDR */
  setIdentityMapAddress(address: bigint): void {
    this.#ioctl('KVM_SET_IDENTITY_MAP_ADDR', layouts.identityMap.encode({ address }));
  }

  /** A vCPU, whose `id` is also its APIC id. @spec KVM API §4.7 KVM_CREATE_VCPU */
  createVcpu(id: number): Vcpu {
    checkInteger(id, 0, u32Max, 'id');
    const native = this.#open('KVM_CREATE_VCPU');
    return new Vcpu(
      translated(() => native.createVcpu(id)),
      id,
    );
  }

  /** Closes the descriptor; the kernel keeps the VM until its last vCPU is closed too. Closing twice is harmless. */
  close(): void {
    this.#native?.close();
    this.#native = undefined;
  }

  #ioctl(name: string, argument: number | bigint | Uint8Array = 0): number {
    const native = this.#open(name);
    return translated(() => native.ioctl(name, argument));
  }

  #open(operation: string): NativeVm {
    if (this.#native === undefined) throw closedError(operation, 'Vm');
    return this.#native;
  }
}

function irqchipNumber(chip: IrqchipName): number {
  if (!Object.hasOwn(irqchipNumbers, chip))
    throw new TypeError(`irqchip: '${String(chip)}' is not one of ${Object.keys(irqchipNumbers).join(', ')}`);
  return irqchipNumbers[chip];
}

function encodeRoute(route: GsiRoute, path: string): Uint8Array {
  checkInteger(route?.gsi, 0, mostGsi, `${path}.gsi`);
  const head = { gsi: route.gsi, type: gsiRoutingTypes[route.type] };
  switch (route.type) {
    case 'irqchip':
      return layouts.irqchipRoute.encode({ ...head, irqchip: irqchipNumber(route.irqchip), pin: route.pin });
    case 'msi':
      return layouts.msiRoute.encode({ ...head, address: route.address, data: route.data });
    default:
      throw new TypeError(`${path}.type: 'irqchip' or 'msi' is needed`);
  }
}

function descriptor(eventfd: EventFd, name: string): number {
  if (!(eventfd instanceof EventFd)) throw new TypeError(`${name}: an EventFd is needed`);
  return eventfd.fd;
}

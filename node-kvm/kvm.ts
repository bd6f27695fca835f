import { type CapabilityName, capabilityNumber } from './capabilities.ts';
import { closedError, translated } from './error.ts';
import { type CpuidEntry, cpuid2, msrList } from './layouts.ts';
import { addon, type NativeKvm } from './native.ts';
import { checkInteger } from './struct.ts';
import { Vm } from './vm.ts';

const supportedApiVersion = 12;
const mostCpuidEntries = 256;
const mostMsrs = 1024;

/** The KVM device: what the host offers, and new virtual machines. */
export class Kvm {
  #native: NativeKvm | undefined;
  /** Always 12: `open` refuses any other. */
  readonly apiVersion: number;
  /** Bytes of the structure a vCPU shares with its owner. */
  readonly vcpuMmapSize: number;

  private constructor(native: NativeKvm) {
    this.#native = native;
    this.apiVersion = this.#ioctl('KVM_GET_API_VERSION');
    if (this.apiVersion !== supportedApiVersion) {
      native.close();
      throw new Error(`KVM API version ${this.apiVersion} is not supported: ${supportedApiVersion} is needed`);
    }
    this.vcpuMmapSize = this.#ioctl('KVM_GET_VCPU_MMAP_SIZE');
  }

  /**
   * Opens the KVM device. Throws {@link KvmError} (`ioctl` is 'open') whose `hint` says what to do: ENOENT where the
   * module is not loaded, EACCES where this user may not open it.
   */
  static open(path = '/dev/kvm'): Kvm {
    if (typeof path !== 'string' || path.includes('\0')) throw new TypeError('path: a string without NUL is needed');
    const { Kvm: Native } = addon();
    const native = translated(() => new Native(path), { subject: path });
    try {
      return new Kvm(native);
    } catch (error) {
      native.close();
      throw error;
    }
  }

  get closed(): boolean {
    return this.#native === undefined;
  }

  /** What KVM answers for a capability: 0 where it is missing, else 1 or a number of its own. */
  checkExtension(capability: CapabilityName | number): number {
    return this.#ioctl('KVM_CHECK_EXTENSION', capabilityNumber(capability));
  }

  /** The CPUID leaves KVM can give a guest. @spec KVM API §4.46 KVM_GET_SUPPORTED_CPUID */
  supportedCpuid(): CpuidEntry[] {
    const room = cpuid2.room(mostCpuidEntries);
    this.#ioctl('KVM_GET_SUPPORTED_CPUID', room);
    return cpuid2.decode(room);
  }

  /** The MSRs a vCPU's state is made of on this host. @spec KVM API §4.3 KVM_GET_MSR_INDEX_LIST, KVM_GET_MSR_FEATURE_INDEX_LIST */
  get msrIndexList(): number[] {
    const room = msrList.room(mostMsrs);
    this.#ioctl('KVM_GET_MSR_INDEX_LIST', room);
    return msrList.decode(room);
  }

  /** A new virtual machine without memory, vCPUs or devices. `type` is 0 but for special machines. */
  createVm(type = 0): Vm {
    checkInteger(type, 0, 0xffff_ffff, 'type');
    const native = this.#open('KVM_CREATE_VM');
    return new Vm(translated(() => native.createVm(type)));
  }

  /** Closes the device; virtual machines made from it live on. Closing twice is harmless. */
  close(): void {
    this.#native?.close();
    this.#native = undefined;
  }

  #ioctl(name: string, argument: number | Uint8Array = 0): number {
    const native = this.#open(name);
    return translated(() => native.ioctl(name, argument));
  }

  #open(operation: string): NativeKvm {
    if (this.#native === undefined) throw closedError(operation, 'Kvm');
    return this.#native;
  }
}

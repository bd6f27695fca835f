import { EventFd, type Vm } from 'node-kvm';
import type { Doorbell, DoorbellPort } from '../../../devices/ports.ts';

/**
 * Doorbells as ioeventfds: a guest write to one adds to an eventfd in the kernel and the vCPU goes on at once; libuv
 * wakes the device thread.
 */
export class IoEventFdDoorbells implements DoorbellPort {
  readonly #vm: Pick<Vm, 'ioeventfd'>;
  readonly #failed: (error: unknown) => void;
  readonly #bound = new Set<() => void>();

  /** @param failed is told what a callback threw */
  constructor(vm: Pick<Vm, 'ioeventfd'>, failed: (error: unknown) => void) {
    this.#vm = vm;
    this.#failed = failed;
  }

  /** Throws KvmError where the kernel refuses; nothing is left behind then. */
  bind(bell: Doorbell, ring: () => void): () => void {
    const eventfd = new EventFd();
    const rule = {
      space: bell.space,
      address: BigInt(bell.address),
      length: bell.width,
      ...(bell.datamatch !== undefined && { datamatch: BigInt(bell.datamatch) }),
      eventfd,
    };
    try {
      this.#vm.ioeventfd(rule);
    } catch (error) {
      eventfd.close();
      throw error;
    }
    eventfd.onSignal(() => {
      try {
        ring();
      } catch (error) {
        this.#failed(error);
      }
    });
    eventfd.unref();
    const unbind = () => {
      if (!this.#bound.delete(unbind)) return;
      try {
        this.#vm.ioeventfd({ ...rule, deassign: true });
      } finally {
        eventfd.close();
      }
    };
    this.#bound.add(unbind);
    return unbind;
  }

  /** Unbinds whatever is still bound. */
  close(): void {
    for (const unbind of [...this.#bound]) unbind();
  }
}

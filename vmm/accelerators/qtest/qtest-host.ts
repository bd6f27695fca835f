import { availableParallelism } from 'node:os';
import {
  asGpa,
  type DoorbellPort,
  type Gpa,
  type GuestMemory,
  type InterruptLine,
  type MessageSink,
} from '../../../devices/ports.ts';
import { GuestRam } from '../../../devices/virtio/fake-driver/guest-ram.ts';
import type { DeviceHost, RamRange } from '../../accelerator.ts';
import { HostError } from '../../usage-error.ts';
import { InterruptPins } from './interrupt-pins.ts';
import { VirtualClock } from './virtual-clock.ts';

const MESSAGE_LENGTH = 4;
const TOO_MUCH = "this host has not the memory for the guest's RAM; give less with -m";

/** What is around the devices of a machine without a CPU: plain memory, pins that can be watched, a clock that is moved. */
export class QtestHost implements DeviceHost {
  readonly memory: GuestMemory;
  /** No CPU has to be stopped for a kick, so each arrives as the write it is. */
  readonly doorbells: DoorbellPort = { bind: () => () => {} };
  readonly messages: MessageSink = { send: (address, data) => this.#deliver(address, data) };
  readonly clock = new VirtualClock();
  readonly concurrent: boolean;
  readonly pins = new InterruptPins();

  private constructor(memory: GuestMemory, concurrent: boolean) {
    this.memory = memory;
    this.concurrent = concurrent;
  }

  /** Throws HostError where the host has not as much memory. */
  static create(ram: readonly RamRange[]): QtestHost {
    try {
      return new QtestHost(new GuestRam(ram), false);
    } catch (error) {
      // There is nothing else in it that could fail.
      throw new HostError(TOO_MUCH, { cause: error });
    }
  }

  /**
   * The same with memory that a client can map, and so change beside the devices. It is for `close` to give back.
   *
   * Rejects with HostError where the host has not as much memory, or not our binding.
   */
  static async createShared(ram: readonly RamRange[]): Promise<{ readonly host: QtestHost; close(): void }> {
    try {
      const { GuestRam: Mapped } = await import('../kvm/guest-ram.ts');
      const memory = new Mapped(ram, true);
      return { host: new QtestHost(memory, availableParallelism() > 1), close: () => memory.close() };
    } catch (error) {
      throw new HostError(`${TOO_MUCH}: ${error instanceof Error ? error.message : error}`, { cause: error });
    }
  }

  line(gsi: number): InterruptLine {
    return this.pins.line(gsi);
  }

  /**
   * A message is a write. Where a client has it go to RAM it finds it there; there is no local APIC to take the others.
   *
   * @spec PCI Local Bus 3.0 §6.8 Message Signalled Interrupts
   */
  #deliver(address: bigint, data: number): void {
    const place: Gpa | undefined = asGpa(address);
    const bytes = place === undefined ? undefined : this.memory.view(place, MESSAGE_LENGTH);
    if (bytes !== undefined) new DataView(bytes.buffer, bytes.byteOffset, MESSAGE_LENGTH).setUint32(0, data, true);
  }
}

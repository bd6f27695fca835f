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

/** What is around the devices of a machine without a CPU: plain memory, pins that can be watched, a clock that is moved. */
export class QtestHost implements DeviceHost {
  readonly memory: GuestMemory;
  /** No CPU has to be stopped for a kick, so each arrives as the write it is. */
  readonly doorbells: DoorbellPort = { bind: () => () => {} };
  readonly messages: MessageSink = { send: (address, data) => this.#deliver(address, data) };
  readonly clock = new VirtualClock();
  readonly concurrent = false;
  readonly pins = new InterruptPins();

  private constructor(memory: GuestMemory) {
    this.memory = memory;
  }

  /** Throws HostError where the host has not as much memory. */
  static create(ram: readonly RamRange[]): QtestHost {
    try {
      return new QtestHost(new GuestRam(ram));
    } catch (error) {
      // There is nothing else in it that could fail.
      throw new HostError(`this host has not the memory for the guest's RAM; give less with -m`, { cause: error });
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

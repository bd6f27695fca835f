import type { DeviceTrace, Doorbell, DoorbellPort, InterruptLine } from '../../../devices/ports.ts';
import type { VirtioDevice } from '../../../devices/virtio/device.ts';
import type { DriverTransport } from '../../../devices/virtio/fake-driver/driver-transport.ts';
import type { RingChoice } from '../../../devices/virtio/features.ts';
import type { HostileRam } from './ram.ts';
import type { Operations, Window } from './window.ts';
import type { Wire } from './wires.ts';

/** What a transport is put together from. */
export interface RigParts {
  readonly device: VirtioDevice;
  readonly memory: HostileRam;
  readonly rings: RingChoice;
  readonly trace: DeviceTrace;
  readonly count: Operations;
  /** MSI-X vectors of a PCI function; undefined for one for each cause. */
  readonly vectors: number | undefined;
  readonly signals: Signals;
  readonly bells: Bells;
}

/** A device behind a transport, as a driver reaches it. */
export interface Rig {
  /** Blocks of registers. */
  readonly windows: readonly Window[];
  /** Ways to say what a driver says: two for a transitional function. */
  readonly wires: readonly Wire[];
  /** What firmware and the kernel's bus code do before a driver comes, also after the last one has left a mess. */
  tidy(): void;
  /** The well-behaved driver's way to the device, once it is tidy. */
  driver(wait: () => Promise<void>): DriverTransport;
  /** Puts everything back to power-on, as the machine does; absent where the machine resets the device like a driver. */
  powerOn?(): void;
  /** What only a PCI function has. */
  readonly pci?: PciReach;
}

/** A PCI function's own ways to misbehave. */
export interface PciReach {
  /** Configuration space. */
  readonly config: Window;
  readonly table: Window | undefined;
  /** Offset of the message control register of MSI-X; undefined where there is none. */
  readonly msixControl: number | undefined;
  /** Offset of the PCI configuration access capability; undefined where there is none. */
  readonly access: number | undefined;
  /** The memory bus and the I/O bus the BARs are on. */
  readonly memory: Window;
  readonly ports: Window;
  /** Registers of the BARs and whether they are of memory. */
  readonly bars: readonly { readonly register: number; readonly memory: boolean; readonly length: number }[];
}

/** The interrupts a device has sent. */
export class Signals {
  messages = 0;
  rises = 0;
  level = false;
  /** Notifications of the direct transport. */
  calls = 0;

  readonly line: InterruptLine = {
    set: (level) => {
      if (level && !this.level) this.rises += 1;
      this.level = level;
    },
  };

  get total(): number {
    return this.messages + this.rises + this.calls;
  }
}

/** The doorbells that are bound. */
export class Bells implements DoorbellPort {
  readonly bound = new Set<{ readonly bell: Doorbell; readonly ring: () => void }>();

  bind(bell: Doorbell, ring: () => void): () => void {
    const entry = { bell, ring };
    this.bound.add(entry);
    return () => this.bound.delete(entry);
  }
}

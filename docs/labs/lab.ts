/**
 * What the exercises get and give: small views of one machine with one virtio-9p device, which plays the guest's side of
 * everything. Your editor completes from here; nothing in this file does anything.
 */
import type { EventKind, TraceEvent } from '../../trace/event.ts';
import type { RecordingReader } from '../../trace/recording/recording-reader.ts';

/** Bytes of one access. */
export type Width = 1 | 2 | 4;

/** Something that is read and written by number: I/O ports, memory beyond RAM, one structure of a device. */
export interface Registers {
  /** The value there, unsigned. */
  read(at: number, width: Width): number;
  /** Writes the low `width` bytes of `value`. */
  write(at: number, width: Width, value: number): void;
}

/** Time, as far as a driver without a clock has any. */
export interface Turns {
  /**
   * Lets the device work: the device and you take turns on one thread. Comes back when it has interrupted you, or after a
   * while when it has not. Polling without it sees nothing change.
   */
  wait(): Promise<void>;
}

/** An exercise: gets its part of the machine, gives its answer. */
export type Exercise<Given, Answer> = (given: Given) => Answer | Promise<Answer>;

/** Lab 1: the I/O ports of a machine that has just been switched on. */
export interface BareMachine {
  readonly ports: Registers;
}

/** Lab 1: what is on the bus. */
export interface Found {
  /** Slot of the virtio-9p function, 0 to 31. It is function 0 there. */
  readonly slot: number;
  /** How many functions there are on bus 0. */
  readonly functions: number;
}

/** Lab 2: one function. Its BARs have addresses and it decodes them. */
export interface OneFunction {
  /** Its configuration space, by offset: 0 to 255. */
  readonly config: Registers;
  /** Guest physical memory beyond RAM, by address: where BARs are. */
  readonly memory: Registers;
}

/** Lab 2: where the structures are, as guest physical addresses. */
export interface Structures {
  readonly common: number;
  readonly notify: number;
  readonly isr: number;
  readonly device: number;
  /** `notify_off_multiplier`. */
  readonly notifyMultiplier: number;
  /** What the device's own configuration says. */
  readonly mountTag: string;
}

/** Lab 3: a device nobody has greeted yet, or somebody has left in any state. */
export interface FreshDevice extends Turns {
  /** `struct virtio_pci_common_cfg`, by offset. */
  readonly common: Registers;
}

/** Lab 4: a device with which features are agreed on: its status is ACKNOWLEDGE, DRIVER and FEATURES_OK. */
export interface AgreedDevice extends Turns {
  readonly common: Registers;
  /** All of guest RAM: offset is guest physical address. What is in it is what somebody left there. */
  readonly ram: DataView;
  /** The part of RAM that is yours. */
  readonly free: { readonly base: number; readonly length: number };
}

/** Where a split queue is: guest physical addresses of its areas, and its entries. */
export interface QueuePlace {
  readonly size: number;
  /** The descriptor table. */
  readonly desc: number;
  /** The driver area: the available ring. */
  readonly driver: number;
  /** The device area: the used ring. */
  readonly device: number;
}

/** Lab 5: a device that runs. Its queue 0 may have carried messages before; nothing is in flight. */
export interface RunningDevice extends Turns {
  readonly ram: DataView;
  readonly free: { readonly base: number; readonly length: number };
  readonly queue: QueuePlace;
  /** Writes 16 bits to the doorbell of queue 0; the value is to be the number of the queue. */
  ring(value: number): void;
}

/** Lab 5: what the server answered to Tversion. */
export interface Greeting {
  readonly msize: number;
  readonly version: string;
}

/** Lab 6: a recorded run. */
export type Recording = Pick<RecordingReader, 'header' | 'count' | 'from'>;

/** Lab 6: an event of it. */
export type RecordedEvent<K extends EventKind = EventKind> = Extract<TraceEvent, { readonly kind: K }>;

/** Lab 6: what you found in it. All of it is about the share. */
export interface Answers {
  /** Mount tag of the share. */
  readonly mountTag: string;
  /** The msize both sides agreed on. */
  readonly msize: number;
  /** Names of the 9P requests from Tversion to the reply that ended the first attach, in order, replies left out. */
  readonly opening: readonly string[];
  /** Names of the host's system calls made for the first Tread, in order. */
  readonly readCalls: readonly string[];
  /** Bytes of the file the first Tread brought. */
  readonly bytesRead: number;
  /** Microseconds from the kick that brought the first Tread to the notification that announced its reply. */
  readonly kickToInterrupt: number;
  /** How many 9P requests the server answered with an error. */
  readonly errors: number;
}

/** Lab 7: a device with which features are agreed on, EVENT_IDX among them; and a queue with eight requests in it. */
export interface QuietDevice extends Turns {
  readonly common: Registers;
  readonly ram: DataView;
  /** Its areas are zeroed and filled: entries 0 to 7 of the available ring name eight chains, but `idx` is 0 yet. */
  readonly queue: QueuePlace;
  ring(value: number): void;
  /** The MSI-X capability, by offset from its beginning. */
  readonly msixCapability: Registers;
  /** The MSI-X table, by offset. */
  readonly msixTable: Registers;
  /** Data of the messages that have arrived at 0xfee00000, the oldest first. */
  readonly messages: readonly number[];
}

/** Lab 7: the two halves of the work. The second begins when the first has ended, on the same device. */
export interface Suppression {
  /** Sets vector and queue up; publishes the first four requests and sees them served without any interrupt. */
  readonly quiet: Exercise<QuietDevice, void>;
  /** Publishes the other four and is interrupted once, when the last of them is done. */
  readonly once: Exercise<QuietDevice, void>;
}

/** Lab 8: a device that runs, and its registers. */
export interface FragileDevice extends RunningDevice {
  readonly common: Registers;
}

/** Lab 8: four drivers that break one rule each, on a fresh device each, and one that mends what is broken. */
export interface Breaks {
  /** A descriptor chain without an end. */
  readonly loop: Exercise<FragileDevice, void>;
  /** A buffer where there is no RAM. */
  readonly outside: Exercise<FragileDevice, void>;
  /** A buffer for the device to read after one for it to write. */
  readonly backwards: Exercise<FragileDevice, void>;
  /** An available index that claims more than the queue can hold. */
  readonly ahead: Exercise<FragileDevice, void>;
  /** Resets the device if, and only if, it asks for that; true if it did. Comes back when the reset is complete. */
  readonly recover: Exercise<FragileDevice, boolean>;
}

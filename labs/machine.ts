/**
 * The machine of one run of an exercise: a PCI bus with its configuration mechanism, a virtio-9p function over a tree in
 * memory, guest RAM, and somewhere for interrupts to arrive. The device code is that of the machine monitor.
 */
import { Bus } from '../devices/bus.ts';
import type { EventPort } from '../devices/events.ts';
import { assignBars } from '../devices/pci/assign-bars.ts';
import { ConfigMechanism1 } from '../devices/pci/config-mechanism.ts';
import type { PciFunction } from '../devices/pci/function.ts';
import { hostBridge } from '../devices/pci/host-bridge.ts';
import { PciBus } from '../devices/pci/pci-bus.ts';
import { GuestRam } from '../devices/virtio/fake-driver/guest-ram.ts';
import type { AccessPort } from '../devices/virtio/fake-driver/pci-driver.ts';
import { configSpace } from '../devices/virtio/fake-driver/pci-scan.ts';
import type { RingChoice } from '../devices/virtio/features.ts';
import { P9Device } from '../devices/virtio/p9-device.ts';
import { type PciInterfaces, VirtioPciTransport } from '../devices/virtio/pci-transport.ts';
import { RngDevice } from '../devices/virtio/rng-device.ts';
import type { QueuePlace, Registers } from '../docs/labs/lab.ts';
import { createMemory } from '../ninep/backends/memory/memory.ts';
import type { FrameHandler } from '../ninep/frame-handler.ts';
import { createSession } from '../ninep/session.ts';
import type { TraceEvent } from '../trace/event.ts';
import { EventStream } from '../trace/event-stream.ts';
import { describeMachine } from '../trace/machine-description.ts';
import { OTHER_TABLES } from '../trace/other-tables.ts';
import { watchSession } from '../trace/session-watch.ts';
import { type LearnerAccess, learnerPort } from './learner-port.ts';
import { Patience } from './patience.ts';
import { type RamStore, watchedRam } from './watched-ram.ts';

/** A stretch of guest RAM. */
export interface Stretch {
  readonly base: number;
  readonly length: number;
}

/** What can be chosen about the machine. */
export interface LabMachineOptions {
  /** Slot of the virtio-9p function. */
  readonly slot?: number;
  /** What else sits on the bus: slots and functions of entropy devices. */
  readonly others?: readonly (readonly [slot: number, number: number])[];
  readonly mountTag?: string;
  readonly interfaces?: PciInterfaces;
  readonly rings?: RingChoice;
  /** Puts BAR 4 above 4 GiB. */
  readonly high?: boolean;
  /** The part of RAM that is the exercise's. */
  readonly free?: Stretch;
  /** Answers requests one after the other, each some turns later. */
  readonly slow?: boolean;
}

/** Where BARs go. */
const WINDOWS = {
  io: { base: 0xc000, length: 0x1000 },
  memory: { base: 0xe000_0000, length: 0x10_0000 },
} as const;

const RAM_LENGTH = 0x10_0000;
/** What RAM is full of: nobody has cleared it. */
const LEFTOVER = 0xa5;
const STRUCTURES_BAR = 4;
const HIGH_ADDRESS = 0x8_4000_0000;
/** Turns of the event loop that one wait lasts at most. */
const TURNS_OF_WAIT = 40;
/** Events kept; what an exercise does after so many is not judged. */
const MOST_EVENTS = 100_000;
const MESSAGE_ADDRESS = 0xfee0_0000n;

/** A machine with everything that happens on it written down. */
export class LabMachine {
  readonly slot: number;
  readonly mountTag: string;
  readonly free: Stretch;
  readonly stream = new EventStream();
  /** Everything that has happened, the oldest first. */
  readonly record: TraceEvent[] = [];
  /** What the exercise did by ports and registers. */
  readonly accesses: LearnerAccess[] = [];
  /** What it stored in guest RAM. */
  readonly stores: RamStore[] = [];
  readonly ports = new Bus('pio', 0x1_0000);
  readonly memory = new Bus('mmio', 2 ** 46);
  readonly pci: PciBus;
  readonly function: PciFunction;
  /** Guest RAM as the machine's own parts see it. */
  readonly guestRam: GuestRam;
  /** Guest RAM as the exercise sees it. */
  readonly ram: DataView;
  /** Data of the messages that arrived. */
  readonly messages: number[] = [];
  readonly patience = new Patience();
  /** Where queue 0 is, once it was prepared for the exercise. */
  queue: QueuePlace | undefined;
  #interrupts = 0;
  #prepared = 0;
  #recording = true;

  constructor(options: LabMachineOptions = {}) {
    const { slot = 3, mountTag = 'lab', others = [], interfaces, rings, high = false, slow = false } = options;
    this.slot = slot;
    this.mountTag = mountTag;
    this.free = options.free ?? { base: 0x2_0000, length: 0x1000 };
    this.stream.add({
      messageBytes: 4096,
      bufferBytes: 256,
      take: (event) => {
        if (this.record.length < MOST_EVENTS) this.record.push(event);
      },
    });
    const buffer = new ArrayBuffer(RAM_LENGTH);
    new Uint8Array(buffer).fill(LEFTOVER);
    this.guestRam = new GuestRam([{ base: 0, length: RAM_LENGTH }], [buffer]);
    this.ram = watchedRam(buffer, {
      patience: this.patience,
      now: () => this.stream.count,
      stores: this.stores,
    });
    const { ports, memory } = this;
    const interrupt = { set: (level: boolean) => this.#interrupted(level) };
    this.pci = new PciBus({ ports, memory, interrupts: [interrupt] });
    ports.map(0xcf8, 8, new ConfigMechanism1(this.pci, { events: this.#port('') }));
    this.pci.attach(hostBridge(), 0);
    for (const [place, number] of others) {
      const device = new RngDevice({ random: (into) => void into.fill(4), defer: (work) => void setImmediate(work) });
      this.#attach('entropy', this.#plug('entropy', device, { interfaces: undefined, rings }).pci, place, number);
    }
    const device = new P9Device({
      mountTag,
      handler: this.#server(slow),
      defer: (work) => void setImmediate(work),
    });
    const transport = this.#plug(mountTag, device, { interfaces, rings });
    this.function = transport.pci;
    this.#attach(mountTag, transport.pci, slot);
    const bars = assignBars(this.pci, WINDOWS);
    this.stream.emit('', 'machine', {
      description: describeMachine({ pci: this.pci, bars, ports, mmio: memory }, this.guestRam.regions, OTHER_TABLES),
    });
    if (high) this.#moveUp();
  }

  /** Configuration space of the virtio-9p function, by the ports. */
  get config(): AccessPort {
    return configSpace(this.ports, this.slot);
  }

  /** What has happened since the preparation. */
  get events(): readonly TraceEvent[] {
    return this.record.slice(this.#prepared);
  }

  /** Ends a run: what those who judge it read themselves is none of it. */
  stopRecording(): void {
    this.#recording = false;
  }

  /** Says that the machine is prepared: what happens from now on is the exercise's. */
  forgetPreparation(): void {
    this.#recording = true;
    this.#prepared = this.record.length;
    this.messages.length = 0;
    this.accesses.length = 0;
    this.stores.length = 0;
  }

  /** A port for the exercise, which calls it `name`. */
  learnerPort(name: string, target: AccessPort, base = 0): Registers {
    const { patience, accesses } = this;
    return learnerPort({ name, target, base, patience, accesses });
  }

  /** What the exercise waits with. */
  readonly wait = async (): Promise<void> => {
    this.patience.wait();
    await this.settle();
  };

  /** Lets the device work until it interrupts, or for some turns. */
  async settle(): Promise<void> {
    const before = this.#interrupts;
    for (let turn = 0; turn < TURNS_OF_WAIT && this.#interrupts === before; turn += 1) {
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  /** The port of a device, silent while nothing is recorded: events are numbered without gaps. */
  #port(name: string): EventPort {
    const port = this.stream.port(name);
    return {
      get snippet() {
        return port.snippet;
      },
      emit: (kind, fields) => (this.#recording ? port.emit(kind, fields) : this.stream.count),
      causing: (event, work) => port.causing(event, work),
      brought: (thing, event) => port.brought(thing, event),
      of: (other) => this.#port(other),
    };
  }

  #interrupted(level: boolean): void {
    if (level) this.#interrupts += 1;
  }

  #attach(name: string, pci: PciFunction, slot: number, number = 0): void {
    this.pci.attach(pci, slot, number);
    this.#port(name).emit('plugged', { name: pci.name, bus: 'pci', address: slot, function: number });
  }

  #plug(
    name: string,
    device: P9Device | RngDevice,
    { interfaces, rings }: { interfaces: PciInterfaces | undefined; rings: RingChoice | undefined },
  ): VirtioPciTransport {
    return new VirtioPciTransport({
      device,
      memory: this.guestRam,
      messages: {
        send: (address, data) => {
          if (address === MESSAGE_ADDRESS) this.messages.push(data);
          this.#interrupted(true);
        },
      },
      trace: { guestFault: () => {}, events: this.#port(name) },
      interfaces,
      rings,
    });
  }

  #server(slow: boolean): FrameHandler {
    const session = createSession(createMemory(), { observer: watchSession(this.stream, this.mountTag) });
    return slow ? oneByOne(session) : session;
  }

  #moveUp(): void {
    const register = 0x10 + 4 * STRUCTURES_BAR;
    this.function.writeConfig(register, 4, HIGH_ADDRESS % 2 ** 32);
    this.function.writeConfig(register + 4, 4, Math.floor(HIGH_ADDRESS / 2 ** 32));
  }
}

/** Serves requests one after the other, a few turns apart, so that each completes by itself. */
function oneByOne(handler: FrameHandler): FrameHandler {
  let last: Promise<unknown> = Promise.resolve();
  const turns = async () => {
    for (let turn = 0; turn < 4; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
  };
  return {
    handle(request, reply) {
      const answer = last.then(turns).then(() => handler.handle(request, reply));
      last = answer.catch(() => {});
      return answer;
    },
    reset: () => last.then(() => handler.reset()),
  };
}

/** One device from being plugged in to the end, with the driver's side of it in the learner's hands. */
import type { DriverTransport } from '../../devices/virtio/fake-driver/driver-transport.ts';
import { queueOptions } from '../../devices/virtio/fake-driver/driver-transport.ts';
import { Arena, GuestRam } from '../../devices/virtio/fake-driver/guest-ram.ts';
import { makeDriverQueue } from '../../devices/virtio/fake-driver/make-driver-queue.ts';
import { P9Device } from '../../devices/virtio/p9-device.ts';
import { type RingFormat, ringFormat } from '../../devices/virtio/queue-layout.ts';
import type { Memory } from '../../ninep/backends/memory/memory.ts';
import { createSession } from '../../ninep/session.ts';
import type { EventStream } from '../../trace/event-stream.ts';
import { describeMachine } from '../../trace/machine-description.ts';
import { OTHER_TABLES } from '../../trace/other-tables.ts';
import { watchSession } from '../../trace/session-watch.ts';
import { Conversation } from '../compose/conversation.ts';
import type { RegisterWindow } from './register-window.ts';
import { DriverRequests } from './requests.ts';
import { makeTree } from './tree.ts';
import { Turns } from './turns.ts';
import { type OpenedWay, WAYS, type WayRow } from './ways.ts';

/** Mount tag of the device, and its name in every view. */
export const MOUNT_TAG = 'bench';
/** Guest RAM in bytes: small enough to be looked at. */
export const RAM_LENGTH = 0x2_0000;
/** Nothing is at address 0, so that a pointer nobody set shows. */
const ARENA_BASE = 0x1000;
/** Entries of the queue where the driver may choose: few enough to be drawn. */
const QUEUE_SIZE = 8;

/** What the learner chooses before the device is plugged in. */
export interface BenchChoice {
  /** Key of the way. */
  readonly way: string;
  /** Whether the device offers packed rings. */
  readonly packed: boolean;
}

/** What the device's events have told of its state. */
export interface Seen {
  status: number;
  state: string;
  agreed: boolean;
  queueAlive: boolean;
  /** Notifications that came since the used ring was last looked at. */
  interrupts: number;
}

/** The device and its driver. A reset keeps it; starting anew makes another. */
export class Bench {
  readonly choice: BenchChoice;
  readonly way: WayRow;
  readonly stream: EventStream;
  readonly ram = GuestRam.ofLength(RAM_LENGTH);
  readonly tree: Memory = makeTree();
  readonly turns = new Turns();
  readonly seen: Seen = {
    status: 0,
    state: 'reset',
    agreed: false,
    queueAlive: false,
    interrupts: 0,
  };
  /** Features the device offers, once the driver has read them. */
  offered: bigint | undefined;
  /** Features the driver accepts when it writes them. */
  wanted = 0n;
  /** Features it wrote. */
  accepted = 0n;
  /** Resets the driver has asked for. */
  resets = 0;
  readonly conversation = new Conversation();
  /** The driver's side of the queue, once it made one. */
  requests: DriverRequests | undefined;
  readonly #opened: OpenedWay;
  #transport: DriverTransport | undefined;
  #windows: readonly RegisterWindow[] = [];
  #hold: Promise<void> | undefined;

  constructor(choice: BenchChoice, stream: EventStream) {
    const way = WAYS.find(({ key }) => key === choice.way);
    if (way === undefined) throw new RangeError(`there is no way ${choice.way}`);
    this.choice = choice;
    this.way = way;
    this.stream = stream;
    stream.add({ take: (event) => this.#see(event) });
    const session = createSession(this.tree, { observer: watchSession(stream, MOUNT_TAG) });
    const device = new P9Device({ mountTag: MOUNT_TAG, handler: session, defer: this.turns.defer });
    this.#opened = way.open({
      device,
      memory: this.ram,
      rings: { packed: choice.packed },
      trace: { guestFault: () => {}, events: stream.port(MOUNT_TAG) },
      bus: stream.port('pci'),
      holdCpu: (until) => {
        this.#hold = until;
      },
      wait: () => this.turns.settle(),
    });
    stream.emit('', 'machine', { description: describeMachine(this.#opened.machine, this.ram.regions, OTHER_TABLES) });
  }

  get found(): boolean {
    return this.#transport !== undefined;
  }

  /** The way to the device's registers. @throws RangeError before the device was found. */
  get transport(): DriverTransport {
    if (this.#transport === undefined) throw new RangeError('the driver has not found the device yet');
    return this.#transport;
  }

  get windows(): readonly RegisterWindow[] {
    return this.#windows;
  }

  get format(): RingFormat {
    return ringFormat(this.accepted);
  }

  /** Finds the device; says what there is. */
  find(): readonly string[] {
    const { transport, windows, said } = this.#opened.find();
    this.#transport = transport;
    this.#windows = windows;
    return said;
  }

  /** Makes a queue in guest RAM, from the start of what the driver may use. The device does not know of it yet. */
  makeQueue(): DriverRequests {
    const legacy = this.way.legacy;
    const size = legacy ? this.transport.maxQueueSize(0) : QUEUE_SIZE;
    const arena = new Arena(this.ram, ARENA_BASE, RAM_LENGTH - ARENA_BASE);
    const queue = makeDriverQueue(arena, { size, legacy, ...queueOptions(this.accepted) });
    this.requests = new DriverRequests(queue, arena, this.format);
    return this.requests;
  }

  /** Lets the device do all that follows from what the driver did. */
  async settle(): Promise<void> {
    await this.turns.settle();
    const hold = this.#hold;
    this.#hold = undefined;
    await hold;
  }

  #see(event: Parameters<Parameters<EventStream['add']>[0]['take']>[0]): void {
    const { seen } = this;
    if (event.kind === 'status') {
      seen.status = event.fields.value;
      seen.state = event.fields.to;
      if (event.fields.to === 'reset') Object.assign(seen, { agreed: false, queueAlive: false, interrupts: 0 });
    } else if (event.kind === 'features-agreed') seen.agreed = true;
    else if (event.kind === 'queue') seen.queueAlive = true;
    else if (event.kind === 'queue-end') seen.queueAlive = false;
    else if (event.kind === 'notification' && event.fields.queue !== undefined) seen.interrupts += 1;
  }
}

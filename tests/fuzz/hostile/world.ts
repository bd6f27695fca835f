import type { RingFormat } from '../../../devices/virtio/queue-layout.ts';
import { STATUS } from '../../../devices/virtio/status.ts';
import { Random } from '../../support/random.ts';
import { HostileRing } from './hostile-ring.ts';
import { Ledger } from './ledger.ts';
import type { HostileRam } from './ram.ts';
import { Bells, type Rig, Signals } from './rig.ts';
import { SUBJECTS, type Subject, type SubjectMaker } from './subjects.ts';
import { TRANSPORTS, type TransportRow } from './transports.ts';
import { Verdict } from './verdict.ts';
import { WatchedDevice } from './watched-device.ts';
import type { Operations } from './window.ts';
import type { Wire } from './wires.ts';

/** What is to be fuzzed. */
export interface Target {
  readonly subject: SubjectMaker;
  readonly transport: TransportRow;
  readonly format: RingFormat;
}

/** Every combination there is, by name: `9p/pci/split`. */
export const TARGETS: ReadonlyMap<string, Target> = new Map(
  Object.entries(SUBJECTS).flatMap(([device, subject]) =>
    Object.entries(TRANSPORTS).flatMap(([name, transport]) =>
      (transport.packed ? (['split', 'packed'] as const) : (['split'] as const)).map(
        (format) => [`${device}/${name}/${format}`, { subject, transport, format }] as const,
      ),
    ),
  ),
);

/** Sessions in which another CPU changes memory while the device looks at it. */
const RACING = 3;
/** How often it does, of the times it could. */
const RACE = 32;
const CALM = [1, 3, 10, 30];
/** MSI-X vectors functions are given: mostly as many as they want. */
const VECTORS: readonly (number | undefined)[] = [undefined, undefined, undefined, 0, 1, 70];

/** One device behind one transport, with everything a hostile driver and its watcher have in hand. */
export class World {
  readonly target: Target;
  readonly ram: HostileRam;
  readonly ledger: Ledger;
  readonly subject: Subject;
  readonly rig: Rig;
  readonly signals = new Signals();
  readonly bells = new Bells();
  readonly count: Operations;
  readonly rings: readonly HostileRing[];
  readonly vectors: number | undefined;
  /** The way the driver talks at the moment. */
  wire: Wire;
  /** Tables of descriptors were agreed on. */
  indirect = false;
  /** Of so many harmful moves one is made: sessions differ, so that some get far. */
  readonly calm: number;
  /** The driver means no harm any more. */
  good = false;
  kicks = 0;
  #faultsSeen = 0;
  #wrecked = false;

  constructor(target: Target, ram: HostileRam, seed: number, series: number) {
    this.target = target;
    this.ram = ram;
    const verdict = new Verdict();
    ram.clear(verdict);
    this.count = { operations: 0 };
    this.ledger = new Ledger(ram, verdict);
    const random = new Random(seed, series ^ 0x5bd1_e995);
    this.vectors = VECTORS[random.below(VECTORS.length)];
    this.calm = random.pick(CALM);
    this.ledger.racing = random.oneIn(RACING);
    this.ledger.mayStop = target.transport.stopsQueues;
    const interfere = (): void => {
      if (this.ledger.racing && random.oneIn(RACE)) this.#race(random);
    };
    this.subject = target.subject({ defer: this.ledger.defer, random, interfere, isGood: () => this.good });
    this.rig = target.transport.make({
      device: new WatchedDevice(this.subject.device, this.ledger),
      memory: ram,
      rings: { packed: target.format === 'packed', inOrder: random.oneIn(2), notificationData: random.oneIn(2) },
      trace: { guestFault: (_, message) => this.ledger.fault(message) },
      count: this.count,
      vectors: this.vectors,
      signals: this.signals,
      bells: this.bells,
    });
    const { queueSizes } = this.subject.device;
    this.rings = queueSizes.map(() => new HostileRing(ram, this.count));
    const [wire] = this.rig.wires;
    if (wire === undefined) throw new Error('a transport without any registers');
    this.wire = wire;
    ram.interfere = interfere;
  }

  /** Whether the device has queues it works on: it looks after each rule that was broken. */
  get alive(): boolean {
    if (this.ledger.queues.length === 0) {
      this.#wrecked = false;
      return false;
    }
    if (this.#faultsSeen !== this.ledger.faulted) {
      this.#faultsSeen = this.ledger.faulted;
      this.#wrecked = (this.wire.readStatus() & (STATUS.DEVICE_NEEDS_RESET | STATUS.FAILED)) !== 0;
    }
    return !this.#wrecked;
  }

  #race(random: Random): void {
    const ring = random.pick(this.rings);
    if (ring.place.size === 0) return;
    if (random.oneIn(3)) ring.disturb(random);
    else ring.scribble(random);
  }
}

/** Lets everything that waits for a promise go on. */
export async function ticks(most: number, until: () => boolean = () => false): Promise<void> {
  for (let i = 0; i < most && !until(); i += 1) await null;
}

import { LEGACY_PAGE, legacyAreas, RING_FEATURE, type RingFormat } from '../../../devices/virtio/queue-layout.ts';
import { STATUS } from '../../../devices/virtio/status.ts';
import type { Random } from '../../support/random.ts';
import { ZONES } from './chains.ts';
import { HIGH_RAM } from './ram.ts';
import type { WatchedQueue } from './watched-queue.ts';
import type { QueuePlace } from './wires.ts';
import { ticks, type World } from './world.ts';

/** The steps by which a driver brings its device to life: in order, and in any other. */

/** One step, by name. */
export type Step = readonly [name: string, run: () => void];

const { ACKNOWLEDGE, DRIVER, FEATURES_OK, DRIVER_OK, FAILED } = STATUS;
const LOW_BITS = { indirect: Number(RING_FEATURE.indirectDesc), eventIdx: Number(RING_FEATURE.eventIdx) };
/** Feature bits of the device itself. */
const OWN_BITS = 0x00ff_ffff;
const PACKED_HIGH = Number(RING_FEATURE.packed >> 32n);
/** Ring features above bit 32 that a driver may take or leave. */
const OPTIONAL_HIGH = [RING_FEATURE.inOrder, RING_FEATURE.notificationData, RING_FEATURE.ringReset].map((bit) =>
  Number(bit >> 32n),
);
const VERSION_1_HIGH = 1;
const NOTIFY_ON_EMPTY = 1 << 24;
const SIZES = [1, 2, 4, 8, 8, 16, 64];
/** Sizes of a packed ring need not be powers of two. */
const ODD_SIZES = [1, 2, 3, 5, 7, 16, 50];
const MSIX_ENABLE = 0x8000;
const COMMAND = 0x04;
const ALL = 0x0007;

/** Times a driver looks whether its reset has ended. */
const PATIENCE = 50;

/** What a driver has made up its mind to do. */
export interface Plan {
  readonly format: RingFormat;
  readonly indirect: boolean;
  readonly low: number;
  readonly high: number;
  readonly places: readonly QueuePlace[];
}

/** Decides on features, sizes and places. */
export function makePlan({ wire, target, subject }: World, random: Random): Plan {
  const [low, high] = wire.offered();
  const format = !wire.legacy && target.format === 'packed' ? 'packed' : 'split';
  const [indirect, eventIdx] = [!random.oneIn(3), random.oneIn(2)];
  const unwanted = (indirect ? 0 : LOW_BITS.indirect) | (eventIdx ? 0 : LOW_BITS.eventIdx);
  const quiet = wire.legacy && random.oneIn(3) ? 0 : NOTIFY_ON_EMPTY;
  const own = random.oneIn(4) ? random.next() | ~OWN_BITS : -1;
  const sizes = format === 'packed' ? ODD_SIZES : SIZES;
  return {
    format,
    indirect,
    low: (low & ~unwanted & ~quiet & own) >>> 0,
    high: (high & wantedHigh(format, random)) >>> 0,
    places: subject.device.queueSizes.map((most, index) => {
      const orderly = wire.name === 'legacy' || random.oneIn(3) ? most : Math.min(most, random.pick(sizes));
      const size = wire.name !== 'legacy' && random.oneIn(50) ? random.pick([2 * most, most - 1, 32_768]) : orderly;
      return placeFor(index, subject.device.queueSizes.length, size, wire.legacy, random);
    }),
  };
}

function wantedHigh(format: RingFormat, random: Random): number {
  const optional = OPTIONAL_HIGH.reduce((bits, bit) => (random.oneIn(3) ? bits : bits | bit), 0);
  return VERSION_1_HIGH | optional | (format === 'packed' ? PACKED_HIGH : 0);
}

function placeFor(index: number, queues: number, size: number, legacy: boolean, random: Random): QueuePlace {
  const room = Math.floor(ZONES.rings.length / queues / 4096) * 4096;
  const base = ZONES.rings.base + index * room;
  if (legacy || random.oneIn(2)) {
    const { desc, driver, device } = legacyAreas(BigInt(base), size, LEGACY_PAGE);
    return { size, areas: { desc: Number(desc), driver: Number(driver), device: Number(device) } };
  }
  const used = random.oneIn(4) ? HIGH_RAM.base + 0x1000 * index : base + Math.ceil((18 * size + 8) / 4) * 4;
  return { size, areas: { desc: base, driver: base + 16 * size, device: used } };
}

/** The steps of an orderly initialisation. @spec virtio 1.2 §3.1.1 Driver Requirements: Device Initialization */
export function orderly({ wire, rig, rings }: World, plan: Plan, random: Random): Step[] {
  const bits = wire.legacy ? ACKNOWLEDGE | DRIVER : ACKNOWLEDGE | DRIVER | FEATURES_OK;
  const queues = rings.flatMap((ring, index): Step[] => {
    const place = plan.places[index] ?? ring.place;
    return [
      [`lay out ring ${index}`, () => ring.begin(place, plan.format)],
      [`place queue ${index} of ${place.size}`, () => wire.place(index, place)],
      [`vectors of queue ${index}`, () => wire.vectors(index, 0, random.oneIn(4) ? random.below(8) : index + 1)],
      [`enable queue ${index}`, () => wire.enable(index)],
    ];
  });
  const { pci } = rig;
  const bus: Step[] =
    pci === undefined
      ? []
      : [
          ['command', () => pci.config.write(COMMAND, 2, ALL)],
          ['MSI-X', () => pci.msixControl && pci.config.write(pci.msixControl, 2, random.oneIn(3) ? 0 : MSIX_ENABLE)],
          ['vector table', () => programTable(pci.table, random)],
        ];
  return [
    ...bus,
    ['status ACKNOWLEDGE', () => wire.status(ACKNOWLEDGE)],
    ['status DRIVER', () => wire.status(ACKNOWLEDGE | DRIVER)],
    ['features', () => wire.accept(plan.low, plan.high)],
    ...(wire.legacy ? [] : [['status FEATURES_OK', () => wire.status(bits)] as const]),
    ...queues,
    ['status DRIVER_OK', () => wire.status(bits | DRIVER_OK)],
  ];
}

function programTable(table: NonNullable<World['rig']['pci']>['table'], random: Random): void {
  if (table === undefined) return;
  for (let vector = 0; vector < 4 && table.rows.some(({ name }) => name === `vector_control_${vector}`); vector += 1) {
    table.put(`message_address_${vector}`, 0xfee0_0000);
    table.put(`message_data_${vector}`, 0x40 + vector);
    table.put(`vector_control_${vector}`, random.oneIn(8) ? 1 : 0);
  }
}

/** Steps that no orderly driver takes there. */
export function disorderly({ wire }: World, random: Random): Step[] {
  const any = random.below(256);
  return [
    ['status 0', () => wire.status(0)],
    [`status ${any}`, () => wire.status(any)],
    ['status FAILED', () => wire.status(wire.readStatus() | FAILED)],
    ['any features', () => wire.accept(random.next(), random.next())],
    ['DRIVER_OK alone', () => wire.status(DRIVER_OK)],
  ];
}

/**
 * Resets one queue and sets it up anew, elsewhere and of another size; a driver in a hurry does not wait between.
 *
 * @spec virtio 1.2 §2.6.1 Virtqueue Reset
 */
export async function renewQueue(world: World, random: Random): Promise<string> {
  const { wire, subject, ledger } = world;
  const index = random.below(world.rings.length);
  const ring = world.rings[index];
  const hurried = random.oneIn(4);
  wire.resetQueue(index);
  for (let turn = 0; !hurried && turn < PATIENCE && wire.isResetting(index); turn += 1) {
    subject.release(random);
    await ticks(4);
  }
  if (!hurried && ledger.queues[index] === undefined && wire.isResetting(index))
    ledger.verdict.fail(`the reset of queue ${index} does not end`);
  const format = ring?.format ?? 'split';
  const place = makePlan(world, random).places[index];
  if (ring === undefined || place === undefined || ledger.queues[index] !== undefined)
    return `queue ${index}, which is not reset`;
  if (random.oneIn(10)) return `queue ${index}, and leaves it at that`;
  ring.begin(place, format);
  wire.place(index, place);
  wire.enable(index);
  ledger.turn();
  await ticks(2);
  const renewed: WatchedQueue | undefined = ledger.queues.at(index);
  const looks = world.alive && subject.onDemand?.includes(index) !== true;
  if (looks && renewed?.looks === 0) ledger.verdict.fail(`nobody looks at the new queue ${index}`);
  return `queue ${index} of ${place.size}${hurried ? ', in a hurry' : ''}`;
}

/** Resets the device and brings it to life, now and then with a step too few or too many, or one in another place. */
export async function bringUp(world: World, random: Random): Promise<string> {
  const { wire, ledger, subject } = world;
  wire.status(0);
  for (let turn = 0; turn < PATIENCE && (ledger.resetting > 0 || wire.readStatus() !== 0); turn += 1) {
    subject.release(random);
    await ticks(4);
  }
  const plan = makePlan(world, random);
  const steps = orderly(world, plan, random);
  let mishap = 'in order';
  if (random.oneIn(6)) {
    const at = random.below(steps.length);
    const [step] = steps.splice(at, 1);
    mishap = `without '${step?.[0]}'`;
    if (step !== undefined && random.oneIn(2)) {
      const to = random.below(steps.length + 1);
      steps.splice(to, 0, step, ...(random.oneIn(3) ? [step] : []));
      mishap = `with '${step[0]}' at ${to} instead of ${at}`;
    }
  }
  world.indirect = plan.indirect;
  for (const [, run] of steps) run();
  return `${mishap}, ${plan.format}, features ${plan.high.toString(16)}:${plan.low.toString(16)}, sizes ${plan.places.map(({ size }) => size)}`;
}

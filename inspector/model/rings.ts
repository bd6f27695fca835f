/**
 * Every virtqueue as its events tell it: how far driver and device have come, which chains the device holds, and what became
 * of the last ones. Positions are counted from the set-up of the queue, as driver and device count them themselves.
 */
import type { DescriptorSeen, EventId } from '../../devices/events.ts';
import type { TraceEvent } from '../../trace/event.ts';

/** Queues kept; what is told of others is counted. */
export const MOST_QUEUES = 64;
/** Chains in flight kept of a queue. */
export const MOST_IN_FLIGHT = 128;
/** Chains kept after they were returned. */
export const MOST_RETURNED = 64;
/** Descriptors kept of a chain: a message of 128 KiB in pages has 34. */
export const MOST_DESCRIPTORS = 40;

/** One chain on its way through a queue. */
export interface ChainModel {
  /** Its `chain` event, and when that was. */
  readonly event: EventId;
  readonly time: number;
  /** First descriptor, or buffer id of a packed ring. */
  readonly head: number;
  /** Chains taken before it since the queue came to life. */
  readonly order: number;
  /** Descriptors of the ring taken before it, and how many it has there. */
  readonly place: number;
  readonly slots: number;
  readonly readableLength: number;
  readonly writableLength: number;
  /** The first of its descriptors, and how many more there were. */
  readonly descriptors: readonly DescriptorSeen[];
  readonly moreDescriptors: number;
  readonly kick?: EventId;
  /** Its `used` event, the chains and the descriptors returned before it, and the bytes written. */
  used?: EventId;
  usedTime?: number;
  usedOrder?: number;
  usedPlace?: number;
  length?: number;
  /** The `notification` that announced it, and the `message` or `pin` that went out for that. */
  notification?: EventId;
  interrupt?: EventId;
}

/** One queue. */
export interface RingModel {
  readonly device: string;
  readonly queue: number;
  /** Entries; 0 where the stream began after the queue was set up. */
  readonly size: number;
  /** `split`, `packed`, or empty where that is not known. */
  readonly format: string;
  /** Guest physical addresses in hexadecimal. */
  readonly descriptorArea: string;
  readonly driverArea: string;
  readonly deviceArea: string;
  /** When it came to life, or was first heard of. */
  readonly since: number;
  /** It was not cut from guest memory. */
  alive: boolean;
  /** Chains taken and returned since then, free-running. */
  taken: number;
  returned: number;
  /** Descriptors of the ring in them. */
  takenSlots: number;
  returnedSlots: number;
  kicks: number;
  notifications: number;
  lastKick: EventId | undefined;
  lastNotification: EventId | undefined;
  /** By head; more than these may be in flight: `taken - returned`. */
  inFlight: Record<number, ChainModel>;
  kept: number;
  /** The last chains returned, oldest first. */
  recent: ChainModel[];
  /** Events are missing since, so that the counts may be too low. */
  uncertain: boolean;
  /** The rule the driver broke. */
  fault: { readonly event: EventId; readonly reason: string; readonly message: string } | undefined;
}

/** All queues, by device and index: `host 0`. */
export interface RingsModel {
  queues: Record<string, RingModel>;
  /** Queues that are left out. */
  notKept: number;
}

/** No queues. */
export function emptyRings(): RingsModel {
  return { queues: {}, notKept: 0 };
}

/** Place of a queue in the model. */
export function ringKey(device: string, queue: number): string {
  return `${device} ${queue}`;
}

/** Entries of a split ring's index: driver and device count modulo 2^16. @spec virtio 1.2 §2.7.6 */
export function ringIndex(count: number): number {
  return count % 0x1_0000;
}

/** The wrap counter of a packed ring after so many descriptors; it begins as 1. @spec virtio 1.2 §2.8.1 */
export function wrapCounter(slots: number, size: number): 0 | 1 {
  return size > 0 && Math.floor(slots / size) % 2 === 1 ? 0 : 1;
}

type Rule<K extends TraceEvent['kind']> = (rings: RingsModel, event: TraceEvent<K>) => void;

const RULES: { readonly [K in TraceEvent['kind']]?: Rule<K> } = {
  queue(rings, { device, time, fields }) {
    const key = ringKey(device, fields.queue);
    if (rings.queues[key] === undefined && !hasRoom(rings)) return;
    rings.queues[key] = {
      ...unheard(device, fields.queue, time),
      size: fields.size,
      format: fields.format,
      descriptorArea: hex(fields.descriptorArea),
      driverArea: hex(fields.driverArea),
      deviceArea: hex(fields.deviceArea),
    };
  },
  'queue-end'(rings, { device, fields }) {
    const ring = rings.queues[ringKey(device, fields.queue)];
    if (ring === undefined) return;
    ring.alive = false;
    ring.inFlight = {};
    ring.kept = 0;
  },
  kick(rings, { id, device, time, fields }) {
    const ring = ringOf(rings, device, fields.queue, time);
    if (ring === undefined) return;
    ring.kicks += 1;
    ring.lastKick = id;
  },
  chain: take,
  used: giveBack,
  'ring-fault'(rings, { id, device, time, fields }) {
    const ring = ringOf(rings, device, fields.queue, time);
    if (ring !== undefined) ring.fault = { event: id, reason: fields.reason, message: fields.message };
  },
  notification(rings, { id, device, fields }) {
    if (fields.queue === undefined) return;
    const ring = rings.queues[ringKey(device, fields.queue)];
    if (ring === undefined) return;
    ring.notifications += 1;
    ring.lastNotification = id;
    const oldest = fields.used?.[0] ?? id;
    for (let at = ring.recent.length - 1; at >= 0; at -= 1) {
      const chain = ring.recent[at];
      if (chain?.used === undefined || chain.used < oldest) break;
      chain.notification ??= id;
    }
  },
  message: announce,
  pin: announce,
  dropped(rings) {
    for (const key in rings.queues) {
      const ring = rings.queues[key];
      if (ring !== undefined) ring.uncertain = true;
    }
  },
};

/** Takes one event into the model, which is changed in place. */
export function foldRings(rings: RingsModel, event: TraceEvent): void {
  const rule = RULES[event.kind] as ((rings: RingsModel, event: TraceEvent) => void) | undefined;
  rule?.(rings, event);
}

function take(rings: RingsModel, { id, device, time, fields }: TraceEvent<'chain'>): void {
  const ring = ringOf(rings, device, fields.queue, time);
  if (ring === undefined) return;
  const { head, readableLength, writableLength, descriptors, kick } = fields;
  const slots = descriptors.reduce((sum, { table }) => sum + (table === 'ring' ? 1 : 0), 0);
  const chain: ChainModel = {
    event: id,
    time,
    head,
    order: ring.taken,
    place: ring.takenSlots,
    slots,
    readableLength,
    writableLength,
    descriptors: descriptors.length > MOST_DESCRIPTORS ? descriptors.slice(0, MOST_DESCRIPTORS) : descriptors,
    moreDescriptors: Math.max(0, descriptors.length - MOST_DESCRIPTORS),
    ...(kick !== undefined && { kick }),
  };
  ring.taken += 1;
  ring.takenSlots += slots;
  const known = ring.inFlight[head] !== undefined;
  if (!known && ring.kept === MOST_IN_FLIGHT) return;
  ring.inFlight[head] = chain;
  if (!known) ring.kept += 1;
}

function giveBack(rings: RingsModel, { id, device, time, fields }: TraceEvent<'used'>): void {
  const ring = ringOf(rings, device, fields.queue, time);
  if (ring === undefined) return;
  const chain = ring.inFlight[fields.head];
  const { returned, returnedSlots } = ring;
  ring.returned += 1;
  // Of a chain that was not seen or not kept the descriptors are not known; one is the least.
  ring.returnedSlots += chain?.slots ?? 1;
  // What was in flight when the stream began was taken as well.
  ring.taken = Math.max(ring.taken, ring.returned);
  ring.takenSlots = Math.max(ring.takenSlots, ring.returnedSlots);
  if (chain === undefined || (fields.chain !== undefined && fields.chain !== chain.event)) return;
  delete ring.inFlight[fields.head];
  ring.kept -= 1;
  chain.used = id;
  chain.usedTime = time;
  chain.usedOrder = returned;
  chain.usedPlace = returnedSlots;
  chain.length = fields.length;
  ring.recent.push(chain);
  if (ring.recent.length > MOST_RETURNED) ring.recent.shift();
}

function announce(rings: RingsModel, { id, device, cause }: TraceEvent<'message'> | TraceEvent<'pin'>): void {
  if (cause === undefined) return;
  for (const key in rings.queues) {
    const ring = rings.queues[key];
    if (ring?.device !== device || ring.lastNotification !== cause) continue;
    for (let at = ring.recent.length - 1; at >= 0; at -= 1) {
      const chain = ring.recent[at];
      if (chain?.notification !== cause) break;
      chain.interrupt ??= id;
    }
  }
}

function ringOf(rings: RingsModel, device: string, queue: number, time: number): RingModel | undefined {
  const key = ringKey(device, queue);
  const known = rings.queues[key];
  if (known !== undefined) return known;
  if (!hasRoom(rings)) return undefined;
  const ring = unheard(device, queue, time);
  rings.queues[key] = ring;
  return ring;
}

function hasRoom(rings: RingsModel): boolean {
  if (Object.keys(rings.queues).length < MOST_QUEUES) return true;
  rings.notKept += 1;
  return false;
}

function unheard(device: string, queue: number, since: number): RingModel {
  return {
    device,
    queue,
    size: 0,
    format: '',
    descriptorArea: '',
    driverArea: '',
    deviceArea: '',
    since,
    alive: true,
    taken: 0,
    returned: 0,
    takenSlots: 0,
    returnedSlots: 0,
    kicks: 0,
    notifications: 0,
    lastKick: undefined,
    lastNotification: undefined,
    inFlight: {},
    kept: 0,
    recent: [],
    uncertain: false,
    fault: undefined,
  };
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}

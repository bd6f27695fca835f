/** Rules about how a message is put into a ring, for the labs that send some. */
import type { DescriptorSeen } from '../../devices/events.ts';
import { AVAIL, DESCRIPTOR_FLAG } from '../../devices/virtio/queue-layout.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { eventsOf, type Finding, hex, type Rule } from '../finding.ts';
import type { LabMachine } from '../machine.ts';
import type { RamStore } from '../watched-ram.ts';

const UPDATING = 'virtio 1.2 §2.7.13.3 Updating idx';
const NOTIFYING = 'virtio 1.2 §4.1.5.2 Available Buffer Notifications';
const DESCRIPTORS = 'virtio 1.2 §2.7.5 The Virtqueue Descriptor Table';

function storesAt({ stores }: LabMachine, at: number, length: number): RamStore[] {
  return stores.filter((store) => store.at < at + length && store.at + store.length > at);
}

/** The device was rung for. */
export const ringingRule: Rule<unknown> = ({ machine }) => {
  const bells = machine.accesses.filter(({ port }) => port === 'doorbell');
  const wrong = bells.find(({ value }) => value !== 0);
  if (wrong !== undefined) {
    return {
      wrong: `you rang with ${wrong.value}: a doorbell takes the number of its queue`,
      spec: NOTIFYING,
      next: 'ring(0)',
    };
  }
  if (bells.length > 0) return undefined;
  return {
    wrong: 'you have not rung: the device does not know that there is something in the ring',
    spec: NOTIFYING,
    next: 'call ring(0) when the available index has been moved',
  };
};

/** The available index was moved, and before the kick. */
export const idxRule: Rule<unknown> = ({ machine }) => {
  const { queue } = machine;
  if (queue === undefined) return undefined;
  const [chain] = eventsOf(machine, 'chain');
  const [moved] = storesAt(machine, queue.driver + AVAIL.idx, 2);
  const [kick] = eventsOf(machine, 'kick');
  if (moved === undefined && chain === undefined) {
    const wrote = storesAt(machine, queue.driver, 2).length > 0 ? ', and wrote flags, at offset 0, instead' : '';
    return {
      wrong: `you rang, but did not move idx of the available ring (offset 2)${wrote}: the device sees nothing new`,
      spec: UPDATING,
      next: 'write the head of the chain to ring[idx % size], then idx + 1 to idx: 16 bits, little-endian',
      event: kick,
    };
  }
  if (moved !== undefined && kick !== undefined && moved.after >= kick.id && chain?.fields.kick === kick.id) {
    return undefined;
  }
  if (moved !== undefined && kick !== undefined && moved.after >= kick.id) {
    return {
      wrong: 'you rang before you moved idx of the available ring: the device looked, saw nothing and went to sleep',
      spec: 'virtio 1.2 §2.7.13.4 Notifying The Device',
      next: 'ring last, when everything is in its place',
      event: kick,
    };
  }
  if (moved !== undefined && chain === undefined && swapped(moved.value)) {
    return {
      wrong: `idx of the available ring was written as ${hex(moved.value)}: its bytes are the wrong way round`,
      spec: 'virtio 1.2 §2.7.6 The Virtqueue Available Ring',
      next: 'give the DataView its last argument: setUint16(at, value, true) is little-endian',
      event: kick,
    };
  }
  return undefined;
};

/** A small count whose two bytes changed places. */
function swapped(value: bigint): boolean {
  return value > 0xffn && (value & 0xffn) === 0n;
}

/** The head of the chain was written where the device looks for it. */
export const slotRule: Rule<unknown> = ({ machine }) => {
  const { queue } = machine;
  if (queue === undefined) return undefined;
  const [moved] = storesAt(machine, queue.driver + AVAIL.idx, 2);
  const entries = storesAt(machine, queue.driver + AVAIL.ring, 2 * queue.size);
  if (moved === undefined || entries.length === 0) return undefined;
  const before = Number(moved.value) - 1;
  const slot = before % queue.size;
  const at = queue.driver + AVAIL.ring + 2 * slot;
  if (before < 0 || entries.some((store) => store.at <= at && at < store.at + store.length)) return undefined;
  const written = ((entries[0]?.at ?? 0) - queue.driver - AVAIL.ring) / 2;
  return {
    wrong: `you wrote the head to ring[${written}]; idx was ${before}, so the device looks at ring[${slot}] (${before} % ${queue.size})`,
    spec: 'virtio 1.2 §2.7.13.2 Updating The Available Ring',
    next: 'indices run on for ever, modulo 65536, and the entry is the one of the index before you move it: ring[idx % size]',
  };
};

/** The entry was written before the index that says it is there. */
export const orderRule: Rule<unknown> = ({ machine }) => {
  const { queue } = machine;
  if (queue === undefined) return undefined;
  const [moved] = storesAt(machine, queue.driver + AVAIL.idx, 2);
  if (moved === undefined) return undefined;
  const isLate = (store: RamStore) => machine.stores.indexOf(store) > machine.stores.indexOf(moved);
  const entry = storesAt(machine, queue.driver + AVAIL.ring, 2 * queue.size).some(isLate);
  const descriptor = storesAt(machine, queue.desc, 16 * queue.size).some(isLate);
  if (!entry && !descriptor) return undefined;
  return {
    wrong: `you moved idx of the available ring before ${entry ? 'its entry' : 'a descriptor'} was written: a device that looks in between takes what was there before`,
    spec: UPDATING,
    next: 'descriptors first, then the entry, then idx, then the kick',
  };
};

/** There is something to read in the chain, and room for the reply. */
export const roomRule: Rule<unknown> = ({ machine }) => {
  const chain = eventsOf(machine, 'chain').find(
    ({ fields }) => fields.readableLength === 0 || fields.writableLength === 0,
  );
  if (chain === undefined) return undefined;
  const { descriptors, readableLength } = chain.fields;
  const last = descriptors.at(-1);
  if (readableLength === 0) {
    return {
      wrong: `descriptor ${descriptors[0]?.index} is for the device to write, so there is no request for it to read (${shown(descriptors)})`,
      spec: DESCRIPTORS,
      next: 'the first descriptor, with the request, has no WRITE flag',
      event: chain,
    };
  }
  const wrong = `no descriptor of the chain is writable by the device: the reply has nowhere to go (${shown(descriptors)})`;
  const ended = descriptors.length === 1 && ((last?.flags ?? 0) & DESCRIPTOR_FLAG.next) === 0;
  return {
    wrong,
    spec: DESCRIPTORS,
    next: ended
      ? `the chain ends with descriptor ${last?.index}, which lacks the NEXT flag (1): let it lead to one with the WRITE flag (2)`
      : `give descriptor ${last?.index} the WRITE flag (2), and a length`,
    event: chain,
  };
};

function shown(descriptors: readonly DescriptorSeen[]): string {
  return descriptors
    .map(
      ({ index, address, length, flags }) => `descriptor ${index}: ${length} bytes at ${hex(address)}, flags ${flags}`,
    )
    .join('; ');
}

/** The server understood what came. */
export const requestRule: Rule<unknown> = ({ machine }) => {
  const [request] = eventsOf(machine, 'request');
  if (request === undefined) return undefined;
  const reply = eventsOf(machine, 'reply').find(({ fields }) => fields.request === request.id);
  if (request.fields.name === 'Tversion' && reply?.fields.error === undefined) return versionRule(request, reply);
  return {
    wrong: `the server took your message for ${request.fields.text}${reply === undefined ? '' : ` and answered ${reply.fields.text}`}`,
    spec: 'Plan 9 intro(5), version(5)',
    next: 'size[4] is of the whole message, type Tversion is 100, tag is NOTAG 0xffff, and every number is little-endian',
    event: reply ?? request,
  };
};

function versionRule(request: TraceEvent<'request'>, reply: TraceEvent<'reply'> | undefined): Finding | undefined {
  const said = reply?.fields.fields as { readonly version?: unknown } | undefined;
  const asked = request.fields.fields as { readonly version?: unknown } | undefined;
  if (said === undefined || said.version === '9P2000.L') return undefined;
  return {
    wrong: `you asked for version '${String(asked?.version)}', and the server answered '${String(said.version)}'`,
    spec: 'Plan 9 version(5)',
    next: "ask for '9P2000.L': a string is its length in 2 bytes, then its bytes",
    event: reply,
  };
}

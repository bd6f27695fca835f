/** What lies where in guest RAM, as the queue's own bytes say: its areas, indirect tables, and the buffers descriptors point to. */
import { PACKED_DESCRIPTOR, PACKED_FLAG } from '../../devices/virtio/packed-layout.ts';
import {
  areaLength,
  DESCRIPTOR,
  DESCRIPTOR_FLAG,
  DESCRIPTOR_LENGTH,
  QUEUE_AREAS,
  type QueueArea,
  type RingFormat,
} from '../../devices/virtio/queue-layout.ts';
import type { DriverRequests } from './requests.ts';

/** Kinds of parts, by which they are coloured. */
export type PartKind = QueueArea | 'indirect' | 'readable' | 'writable';

/** A stretch of guest RAM with a meaning. */
export interface RamPart {
  readonly kind: PartKind;
  readonly name: string;
  readonly address: number;
  readonly length: number;
}

/** A descriptor as its sixteen bytes read. */
export interface ReadDescriptor {
  readonly index: number;
  /** Where it stands. */
  readonly at: number;
  readonly addr: bigint;
  readonly len: number;
  readonly flags: number;
  readonly flagNames: readonly string[];
  /** `next` of a split ring, `id` of a packed one. */
  readonly nextOrId: number;
}

/** Tables an indirect descriptor points to are read so far. */
const MOST_INDIRECT = 128;

/** The descriptors of a table of `count` entries at `at`; `bytes` are its. */
export function readDescriptors(format: RingFormat, bytes: Uint8Array, at: number): ReadDescriptor[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const layout =
    format === 'split'
      ? { flags: DESCRIPTOR.flags, last: DESCRIPTOR.next, names: DESCRIPTOR_FLAG }
      : { flags: PACKED_DESCRIPTOR.flags, last: PACKED_DESCRIPTOR.id, names: PACKED_FLAG };
  return Array.from({ length: Math.floor(bytes.length / DESCRIPTOR_LENGTH) }, (_, index) => {
    const offset = index * DESCRIPTOR_LENGTH;
    const flags = view.getUint16(offset + layout.flags, true);
    return {
      index,
      at: at + offset,
      addr: view.getBigUint64(offset + DESCRIPTOR.addr, true),
      len: view.getUint32(offset + DESCRIPTOR.len, true),
      flags,
      flagNames: Object.entries(layout.names).flatMap(([name, bit]) =>
        (flags & bit) === 0 ? [] : [name.toUpperCase()],
      ),
      nextOrId: view.getUint16(offset + layout.last, true),
    };
  });
}

/** The queue's descriptors. */
export function ringDescriptors(requests: DriverRequests): ReadDescriptor[] {
  const { format, queue } = requests;
  const { desc } = queue.ring.areas;
  return readDescriptors(format, requests.bytes(desc, areaLength(format, 'desc', queue.ring.size)), desc);
}

/** Every part, the more particular ones first: a byte belongs to the first part it lies in. */
export function ramParts(requests: DriverRequests | undefined, ramLength: number): RamPart[] {
  if (requests === undefined) return [];
  const { format, queue } = requests;
  const { size, areas } = queue.ring;
  const parts: RamPart[] = (['desc', 'driver', 'device'] as const).map((area) => ({
    kind: area,
    name: QUEUE_AREAS[format][area].holds,
    address: areas[area],
    length: areaLength(format, area, size),
  }));
  for (const descriptor of ringDescriptors(requests)) parts.push(...pointedTo(descriptor, requests, ramLength));
  return parts;
}

function pointedTo(descriptor: ReadDescriptor, requests: DriverRequests, ramLength: number): RamPart[] {
  const { addr, len, flags, index } = descriptor;
  if (len === 0 || addr + BigInt(len) > BigInt(ramLength)) return [];
  const address = Number(addr);
  if ((flags & DESCRIPTOR_FLAG.indirect) === 0) {
    const kind = (flags & DESCRIPTOR_FLAG.write) === 0 ? 'readable' : 'writable';
    return [{ kind, name: `${kind} buffer of descriptor ${index}`, address, length: len }];
  }
  const length = Math.min(len, MOST_INDIRECT * DESCRIPTOR_LENGTH);
  const table: RamPart = { kind: 'indirect', name: `table of descriptor ${index}`, address, length };
  const inside = readDescriptors(requests.format, requests.bytes(address, length), address)
    .filter((one) => (one.flags & DESCRIPTOR_FLAG.indirect) === 0)
    .flatMap((one) => pointedTo(one, requests, ramLength));
  return [table, ...inside.map((part) => ({ ...part, name: `${part.name} of the table of descriptor ${index}` }))];
}

/** The part a byte lies in. */
export function partAt(parts: readonly RamPart[], address: number): RamPart | undefined {
  return parts.find((part) => address >= part.address && address < part.address + part.length);
}

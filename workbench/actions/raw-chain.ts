/** Puts a chain into the ring that no driver in its right mind would: any descriptor, linked as asked. */
import { putDescriptor } from '../../devices/virtio/fake-driver/driver-ring.ts';
import { putPackedDescriptor } from '../../devices/virtio/fake-driver/packed-driver-ring.ts';
import { availableBits } from '../../devices/virtio/packed-layout.ts';
import { DESCRIPTOR_FLAG, DESCRIPTOR_LENGTH } from '../../devices/virtio/queue-layout.ts';
import type { DriverRequests } from '../rig/requests.ts';

/** A descriptor of either format; the flags NEXT, WRITE and INDIRECT are the same in both. */
export interface RawDescriptor {
  readonly addr: bigint | number;
  readonly len: number;
  /** NEXT is added to all but the last one. */
  readonly flags?: number;
  /** Of a split ring; the following one unless given. */
  readonly next?: number;
}

/** Where the wrap counter stands in what the driver's side says of its progress. */
const WRAP = 1 << 15;

/** Writes the chain into the first descriptors that come and makes it available. */
export function rawChain(requests: DriverRequests, descriptors: readonly RawDescriptor[]): void {
  if (requests.format === 'packed') rawPacked(requests, descriptors);
  else rawSplit(requests, descriptors);
}

function rawSplit({ split, queue }: DriverRequests, descriptors: readonly RawDescriptor[]): void {
  descriptors.forEach((one, index) => {
    split.setDescriptor(index, linked(one, index, descriptors.length));
  });
  split.setAvailEntry(split.availIdx & (queue.ring.size - 1), 0);
  split.availIdx = (split.availIdx + 1) & 0xffff;
}

function rawPacked({ packed, queue }: DriverRequests, descriptors: readonly RawDescriptor[]): void {
  const [slot, wrap] = [queue.next & ~WRAP, (queue.next & WRAP) !== 0];
  // From the last one on: the flags of the first show them all.
  for (let index = descriptors.length - 1; index >= 0; index -= 1) {
    const one = descriptors[index];
    if (one === undefined) continue;
    const { addr, len, flags = 0 } = linked(one, index, descriptors.length);
    packed.setDescriptor(slot + index, { addr, len, id: 0, flags: flags | availableBits(wrap) });
  }
}

/** Writes an indirect table at an address of RAM; its length in bytes. */
export function rawTable(requests: DriverRequests, address: number, descriptors: readonly RawDescriptor[]): number {
  const length = descriptors.length * DESCRIPTOR_LENGTH;
  const bytes = requests.bytes(address, length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  descriptors.forEach((one, index) => {
    const offset = index * DESCRIPTOR_LENGTH;
    if (requests.format === 'packed') putPackedDescriptor(view, offset, one);
    else putDescriptor(view, offset, linked(one, index, descriptors.length));
  });
  return length;
}

function linked(one: RawDescriptor, index: number, count: number): RawDescriptor {
  const more = index < count - 1 ? DESCRIPTOR_FLAG.next : 0;
  return { ...one, flags: (one.flags ?? 0) | more, next: one.next ?? index + 1 };
}

/**
 * Where things are in the three areas of a virtqueue: sizes and alignments for both formats, offsets and flags for the
 * split one (those of the packed one are in `packed-layout.ts`), as numbers.
 *
 * @spec virtio 1.2 §2.7 Split Virtqueues
 * @spec virtio 1.2 §2.8 Packed Virtqueues
 */
import { maskOf, RESERVED_FEATURES } from './feature-table.ts';

/** The three parts of a queue by the names of their registers. @spec virtio 1.2 §4.1.4.3 Common configuration structure layout */
export type QueueArea = 'desc' | 'driver' | 'device';

/** The two formats a queue can have. @spec virtio 1.2 §2.6 Virtqueues */
export type RingFormat = 'split' | 'packed';

/** Length of one descriptor of either format, in bytes. @spec virtio 1.2 §2.7.5 The Virtqueue Descriptor Table */
export const DESCRIPTOR_LENGTH = 16;

/** Largest number of entries a queue of either format may have. @spec virtio 1.2 §2.7 Split Virtqueues, §2.8.10.1 Structure Size and Alignment */
export const MAX_QUEUE_SIZE = 32768;

interface AreaLayout {
  /** The spec's name of what occupies the area. */
  readonly holds: string;
  /** The address is a multiple of this. */
  readonly alignment: bigint;
  /** Bytes before the entries, with the one field after them. */
  readonly fixedLength: number;
  readonly entryLength: number;
}

/** The table of parts. @spec virtio 1.2 §2.7 Split Virtqueues, §2.8.10.1 Structure Size and Alignment */
export const QUEUE_AREAS: {
  readonly [format in RingFormat]: { readonly [area in QueueArea]: AreaLayout };
} = {
  split: {
    desc: { holds: 'descriptor table', alignment: 16n, fixedLength: 0, entryLength: DESCRIPTOR_LENGTH },
    driver: { holds: 'available ring', alignment: 2n, fixedLength: 6, entryLength: 2 },
    device: { holds: 'used ring', alignment: 4n, fixedLength: 6, entryLength: 8 },
  },
  packed: {
    desc: { holds: 'descriptor ring', alignment: 16n, fixedLength: 0, entryLength: DESCRIPTOR_LENGTH },
    driver: { holds: 'driver event suppression structure', alignment: 4n, fixedLength: 4, entryLength: 0 },
    device: { holds: 'device event suppression structure', alignment: 4n, fixedLength: 4, entryLength: 0 },
  },
};

/** Length in bytes of one part of a queue of `size` entries. */
export function areaLength(format: RingFormat, area: QueueArea, size: number): number {
  const { fixedLength, entryLength } = QUEUE_AREAS[format][area];
  return fixedLength + entryLength * size;
}

/** Unit of a queue's place, and alignment of its used ring, by the legacy interface over PCI. @spec virtio 1.2 §2.7.2 Legacy Interfaces: A Note on Virtqueue Layout */
export const LEGACY_PAGE = 4096n;

/** Where the parts of a queue of `size` entries are that lies in one piece at `base`. @spec virtio 1.2 §2.7.2 Legacy Interfaces: A Note on Virtqueue Layout */
export function legacyAreas(base: bigint, size: number, align: bigint): { readonly [area in QueueArea]: bigint } {
  const driver = base + BigInt(areaLength('split', 'desc', size));
  const end = driver + BigInt(areaLength('split', 'driver', size));
  return { desc: base, driver, device: ((end + align - 1n) / align) * align };
}

/** `struct virtq_desc`: offsets in bytes. @spec virtio 1.2 §2.7.5 The Virtqueue Descriptor Table */
export const DESCRIPTOR = { addr: 0, len: 8, flags: 12, next: 14 } as const;

/** Flags of a descriptor: VIRTQ_DESC_F_*. @spec virtio 1.2 §2.7.5 The Virtqueue Descriptor Table */
export const DESCRIPTOR_FLAG = { next: 1, write: 2, indirect: 4 } as const;

/** `struct virtq_avail`: offsets in bytes. @spec virtio 1.2 §2.7.6 The Virtqueue Available Ring */
export const AVAIL = { flags: 0, idx: 2, ring: 4 } as const;

/** VIRTQ_AVAIL_F_NO_INTERRUPT. @spec virtio 1.2 §2.7.7 Used Buffer Notification Suppression */
export const AVAIL_NO_INTERRUPT = 1;

/** `struct virtq_used`: offsets in bytes. @spec virtio 1.2 §2.7.8 The Virtqueue Used Ring */
export const USED = { flags: 0, idx: 2, ring: 4 } as const;

/** VIRTQ_USED_F_NO_NOTIFY. @spec virtio 1.2 §2.7.10 Available Buffer Notification Suppression */
export const USED_NO_NOTIFY = 1;

/** Offset of `used_event`, which follows the entries of the available ring. @spec virtio 1.2 §2.7.6 The Virtqueue Available Ring */
export function usedEventOffset(size: number): number {
  return AVAIL.ring + 2 * size;
}

/** Offset of `avail_event`, which follows the entries of the used ring. @spec virtio 1.2 §2.7.8 The Virtqueue Used Ring */
export function availEventOffset(size: number): number {
  return USED.ring + 8 * size;
}

/**
 * Whether moving a ring index from `before` to `now` passed the entry `event`: the rule of EVENT_IDX for both rings. All
 * three are free-running, 0 to 65535.
 *
 * @spec virtio 1.2 §2.7.7 Used Buffer Notification Suppression
 */
export function passedEvent(event: number, now: number, before: number): boolean {
  return ((now - event - 1) & 0xffff) < ((now - before) & 0xffff);
}

/** Feature bits that decide the format of a ring and how it is used. @spec virtio 1.2 §6 Reserved Feature Bits */
export const RING_FEATURE = {
  indirectDesc: maskOf(RESERVED_FEATURES.INDIRECT_DESC),
  eventIdx: maskOf(RESERVED_FEATURES.EVENT_IDX),
  packed: maskOf(RESERVED_FEATURES.RING_PACKED),
  inOrder: maskOf(RESERVED_FEATURES.IN_ORDER),
  notificationData: maskOf(RESERVED_FEATURES.NOTIFICATION_DATA),
  ringReset: maskOf(RESERVED_FEATURES.RING_RESET),
} as const;

/** The format of the rings where these features were negotiated. */
export function ringFormat(features: bigint): RingFormat {
  return (features & RING_FEATURE.packed) === 0n ? 'split' : 'packed';
}

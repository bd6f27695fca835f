/**
 * Feature bits as tables, and those of all devices. The sentences on them stand beside the bits, in a table of their own: who drives
 * a machine does not carry them.
 */

/** Bits, 0 to 63, by the specification's names without `VIRTIO_F_`, `VIRTIO_BLK_F_` and the like. */
export type FeatureBits = Readonly<Record<string, number>>;

/** What is said of the bits of a table. */
export interface FeatureWords<Bits extends FeatureBits = FeatureBits> {
  /** Where they are specified: number and title. */
  readonly spec: string;
  /** One sentence for each: what is the case where it is agreed on. */
  readonly docs: { readonly [name in keyof Bits]: string };
}

/** The bit, set. */
export function maskOf(bit: number): bigint {
  return 1n << BigInt(bit);
}

/** Feature bits that mean the same for every device. */
export const RESERVED_FEATURES = {
  INDIRECT_DESC: 28,
  EVENT_IDX: 29,
  VERSION_1: 32,
  ACCESS_PLATFORM: 33,
  RING_PACKED: 34,
  IN_ORDER: 35,
  ORDER_PLATFORM: 36,
  SR_IOV: 37,
  NOTIFICATION_DATA: 38,
  NOTIF_CONFIG_DATA: 39,
  RING_RESET: 40,
} as const;

/** What they mean. */
export const RESERVED_WORDS: FeatureWords<typeof RESERVED_FEATURES> = {
  spec: 'virtio 1.2 §6 Reserved Feature Bits',
  docs: {
    INDIRECT_DESC: 'A descriptor may point to a table of further descriptors.',
    EVENT_IDX: 'Each side says after which entry it wants to be notified next.',
    VERSION_1: 'Driver and device follow the standard and not what came before it.',
    ACCESS_PLATFORM: 'The device reaches memory through what the platform puts before it.',
    RING_PACKED: 'The packed layout of the ring, one area for both sides.',
    IN_ORDER: 'Buffers are returned in the order in which they were made available.',
    ORDER_PLATFORM: 'Memory is ordered as the platform has it for real devices.',
    SR_IOV: 'The device is a PCI function that can make virtual functions.',
    NOTIFICATION_DATA: 'A notification says how far the driver has come, not only which queue it is about.',
    NOTIF_CONFIG_DATA: 'What a notification has to contain is read from the device.',
    RING_RESET: 'A queue can be reset by itself.',
  },
};

/** The same by the legacy interface alone. */
export const LEGACY_FEATURES = {
  NOTIFY_ON_EMPTY: 24,
  ANY_LAYOUT: 27,
} as const;

/** What they mean. */
export const LEGACY_WORDS: FeatureWords<typeof LEGACY_FEATURES> = {
  spec: 'virtio 1.2 §6.3 Legacy Interface: Reserved Feature Bits',
  docs: {
    NOTIFY_ON_EMPTY: 'The device interrupts when a queue runs empty, even where the driver suppressed it.',
    ANY_LAYOUT: 'The device takes messages split into descriptors in any way.',
  },
};

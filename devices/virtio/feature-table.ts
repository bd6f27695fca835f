/** Feature bits as tables: masks, names and sentences on a bit all come from its row; and the bits that all devices share. */

/** A feature bit. */
export interface FeatureRow {
  /** 0 to 63. */
  readonly bit: number;
  /** One sentence: what is the case where it is agreed on. */
  readonly doc: string;
  /** Where it is specified: number and title. */
  readonly spec: string;
}

/** Rows by the specification's names, without `VIRTIO_F_`, `VIRTIO_BLK_F_` and the like. */
export type FeatureTable<Name extends string = string> = Readonly<Record<Name, FeatureRow>>;

/** A table of what one section specifies. */
export function featureTable<Name extends string>(
  spec: string,
  rows: Readonly<Record<Name, readonly [bit: number, doc: string]>>,
): FeatureTable<Name> {
  const named = Object.entries<readonly [number, string]>(rows).map(([name, [bit, doc]]) => [name, { bit, doc, spec }]);
  return Object.fromEntries(named) as FeatureTable<Name>;
}

/** The bit of a row, set. */
export function maskOf({ bit }: FeatureRow): bigint {
  return 1n << BigInt(bit);
}

/** Feature bits that mean the same for every device. */
export const RESERVED_FEATURES = featureTable('virtio 1.2 §6 Reserved Feature Bits', {
  INDIRECT_DESC: [28, 'A descriptor may point to a table of further descriptors.'],
  EVENT_IDX: [29, 'Each side says after which entry it wants to be notified next.'],
  VERSION_1: [32, 'Driver and device follow the standard and not what came before it.'],
  ACCESS_PLATFORM: [33, 'The device reaches memory through what the platform puts before it.'],
  RING_PACKED: [34, 'The packed layout of the ring, one area for both sides.'],
  IN_ORDER: [35, 'Buffers are returned in the order in which they were made available.'],
  ORDER_PLATFORM: [36, 'Memory is ordered as the platform has it for real devices.'],
  SR_IOV: [37, 'The device is a PCI function that can make virtual functions.'],
  NOTIFICATION_DATA: [38, 'A notification says how far the driver has come, not only which queue it is about.'],
  NOTIF_CONFIG_DATA: [39, 'What a notification has to contain is read from the device.'],
  RING_RESET: [40, 'A queue can be reset by itself.'],
});

/** The same by the legacy interface alone. */
export const LEGACY_FEATURES = featureTable('virtio 1.2 §6.3 Legacy Interface: Reserved Feature Bits', {
  NOTIFY_ON_EMPTY: [24, 'The device interrupts when a queue runs empty, even where the driver suppressed it.'],
  ANY_LAYOUT: [27, 'The device takes messages split into descriptors in any way.'],
});

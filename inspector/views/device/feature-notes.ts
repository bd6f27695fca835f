/** What feature bits mean, in a sentence each. */

/** A note on one. */
export interface FeatureNote {
  readonly doc: string;
  readonly spec: string;
}

const RESERVED = 'virtio 1.2 §6 Reserved Feature Bits';
const LEGACY = 'virtio 1.2 §6.3 Legacy Interface: Reserved Feature Bits';

/** Bits that mean the same for every device. */
const COMMON: Readonly<Record<number, FeatureNote>> = {
  24: { doc: 'The device interrupts when a queue runs empty, even where the driver suppressed it.', spec: LEGACY },
  27: { doc: 'The device takes messages split into descriptors in any way.', spec: LEGACY },
  28: { doc: 'A descriptor may point to a table of further descriptors.', spec: RESERVED },
  29: { doc: 'Each side says after which entry it wants to be notified next.', spec: RESERVED },
  32: { doc: 'Driver and device follow the standard and not what came before it.', spec: RESERVED },
  33: { doc: 'The device reaches memory through what the platform puts before it.', spec: RESERVED },
  34: { doc: 'The packed layout of the ring, one area for both sides.', spec: RESERVED },
  35: { doc: 'Buffers are returned in the order in which they were made available.', spec: RESERVED },
  36: { doc: 'Memory is ordered as the platform has it for real devices.', spec: RESERVED },
  38: { doc: 'A notification says how far the driver has come, not only which queue it is about.', spec: RESERVED },
  39: { doc: 'What a notification has to contain is read from the device.', spec: RESERVED },
  40: { doc: 'A queue can be reset by itself.', spec: RESERVED },
};

const BLK = 'virtio 1.2 §5.2.3 Feature bits';
const CONSOLE = 'virtio 1.2 §5.3.3 Feature bits';

/** Bits of one kind of device, by virtio device id. */
const OWN: Readonly<Record<number, Readonly<Record<number, FeatureNote>>>> = {
  2: {
    1: { doc: 'The length of a segment is limited.', spec: BLK },
    2: { doc: 'The number of segments of a request is limited.', spec: BLK },
    4: { doc: 'The device tells its cylinders, heads and sectors.', spec: BLK },
    5: { doc: 'The device is read-only.', spec: BLK },
    6: { doc: 'The device tells the length of its blocks.', spec: BLK },
    9: { doc: 'The device has a command that flushes its cache.', spec: BLK },
    10: { doc: 'The device tells how I/O is best aligned.', spec: BLK },
    11: { doc: 'The driver may switch the cache between write-back and write-through.', spec: BLK },
    12: { doc: 'The device has several queues.', spec: BLK },
    13: { doc: 'Ranges can be discarded.', spec: BLK },
    14: { doc: 'Ranges can be zeroed without sending zeroes.', spec: BLK },
  },
  3: {
    0: { doc: 'The device tells the size of the terminal.', spec: CONSOLE },
    1: { doc: 'The device has several ports.', spec: CONSOLE },
    2: { doc: 'A character can be written before there are queues.', spec: CONSOLE },
  },
  9: {
    0: {
      doc: 'The configuration holds the tag by which the share is mounted.',
      spec: 'Linux include/uapi/linux/virtio_9p.h',
    },
  },
};

/** The note on a bit of a device of type `deviceId`; empty where there is none. */
export function featureNote(deviceId: number, bit: number): FeatureNote {
  return OWN[deviceId]?.[bit] ?? COMMON[bit] ?? { doc: '', spec: '' };
}

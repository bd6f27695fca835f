/** Feature bits of the block device, and what they mean. */
import { type FeatureWords, maskOf } from './feature-table.ts';

/** Feature bits of block devices. */
export const BLK_FEATURES = {
  SIZE_MAX: 1,
  SEG_MAX: 2,
  GEOMETRY: 4,
  RO: 5,
  BLK_SIZE: 6,
  FLUSH: 9,
  TOPOLOGY: 10,
  CONFIG_WCE: 11,
  MQ: 12,
  DISCARD: 13,
  WRITE_ZEROES: 14,
  LIFETIME: 15,
  SECURE_ERASE: 16,
} as const;

/** What they mean. */
export const BLK_WORDS: FeatureWords<typeof BLK_FEATURES> = {
  spec: 'virtio 1.2 §5.2.3 Feature bits',
  docs: {
    SIZE_MAX: 'The length of a segment is limited.',
    SEG_MAX: 'The number of segments of a request is limited.',
    GEOMETRY: 'The device tells its cylinders, heads and sectors.',
    RO: 'The device is read-only.',
    BLK_SIZE: 'The device tells the length of its blocks.',
    FLUSH: 'The device has a command that flushes its cache.',
    TOPOLOGY: 'The device tells how I/O is best aligned.',
    CONFIG_WCE: 'The driver may switch the cache between write-back and write-through.',
    MQ: 'The device has several queues.',
    DISCARD: 'Ranges can be discarded.',
    WRITE_ZEROES: 'Ranges can be zeroed without sending zeroes.',
    LIFETIME: 'The device tells how worn it is.',
    SECURE_ERASE: 'Ranges can be erased so that nothing of them is left.',
  },
};

/** Feature bits this device offers. */
export const BLK_FEATURE = {
  segMax: maskOf(BLK_FEATURES.SEG_MAX),
  ro: maskOf(BLK_FEATURES.RO),
  blkSize: maskOf(BLK_FEATURES.BLK_SIZE),
  flush: maskOf(BLK_FEATURES.FLUSH),
  topology: maskOf(BLK_FEATURES.TOPOLOGY),
  configWce: maskOf(BLK_FEATURES.CONFIG_WCE),
  discard: maskOf(BLK_FEATURES.DISCARD),
  writeZeroes: maskOf(BLK_FEATURES.WRITE_ZEROES),
} as const;

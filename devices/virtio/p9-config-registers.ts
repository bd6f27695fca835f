/** The numbers of the 9P transport: its feature bit, and its configuration as a table. */
import type { RegisterRow } from '../../bytes/register-row.ts';
import { registerBlock } from '../../bytes/registers.ts';
import type { FeatureWords } from './feature-table.ts';

/** Longest mount tag in bytes, the limit QEMU sets too. */
export const MAX_MOUNT_TAG_LENGTH = 31;

/** Feature bits of the 9P transport. */
export const P9_FEATURES = {
  MOUNT_TAG: 0,
} as const;

/** What they mean. */
export const P9_WORDS: FeatureWords<typeof P9_FEATURES> = {
  spec: 'Linux include/uapi/linux/virtio_9p.h',
  docs: {
    MOUNT_TAG: 'The configuration holds the tag by which the share is mounted.',
  },
};

const spec = 'Linux include/uapi/linux/virtio_9p.h: struct virtio_9p_config';

function tagByte(index: number): RegisterRow<void> {
  const doc = `Byte ${index} of the mount tag, which has no NUL at its end.`;
  return { name: `tag[${index}]`, at: 2 + index, width: 1, access: 'ro', reset: 0, spec, doc };
}

/** struct virtio_9p_config with room for the longest tag; a device has as much of it as its tag takes. */
export const p9Config = registerBlock('virtio_9p_config', [
  { name: 'tag_len', at: 0, width: 2, access: 'ro', reset: 0, spec, doc: 'Bytes of the mount tag.' },
  ...Array.from({ length: MAX_MOUNT_TAG_LENGTH }, (_, index) => tagByte(index)),
]);

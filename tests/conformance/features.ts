/** Features on which requirements depend. */
import type { FeatureBit } from './requirement.ts';

/** @spec virtio 1.2 §5.2.3 Feature bits, §5.3.3 Feature bits */
export const FEATURE = {
  blkLifetime: { name: 'VIRTIO_BLK_F_LIFETIME', bit: 15, device: 2 },
  consoleMultiport: { name: 'VIRTIO_CONSOLE_F_MULTIPORT', bit: 1, device: 3 },
} as const satisfies Readonly<Record<string, FeatureBit>>;

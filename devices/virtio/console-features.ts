/** Feature bits of the console device, and what they mean. */
import { type FeatureWords, maskOf } from './feature-table.ts';

/** Feature bits of consoles. */
export const CONSOLE_FEATURES = {
  SIZE: 0,
  MULTIPORT: 1,
  EMERG_WRITE: 2,
} as const;

/** What they mean. */
export const CONSOLE_WORDS: FeatureWords<typeof CONSOLE_FEATURES> = {
  spec: 'virtio 1.2 §5.3.3 Feature bits',
  docs: {
    SIZE: 'The device tells the size of the terminal.',
    MULTIPORT: 'The device has several ports.',
    EMERG_WRITE: 'A character can be written before there are queues.',
  },
};

/** Feature bits this device offers. */
export const CONSOLE_FEATURE = {
  size: maskOf(CONSOLE_FEATURES.SIZE),
  emergWrite: maskOf(CONSOLE_FEATURES.EMERG_WRITE),
} as const;

/** The numbers of the console device: feature bits, and its configuration as a table. */
import { registerBlock } from '../../bytes/registers.ts';
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

/** What the configuration asks of the device. */
export interface ConsoleOwner {
  readonly columns: number;
  readonly rows: number;
  emergencyWrite(value: number): void;
}

const spec = 'virtio 1.2 §5.3.4 Device configuration layout';

/** struct virtio_console_config. */
export const consoleConfig = registerBlock<ConsoleOwner>('virtio_console_config', [
  {
    name: 'cols',
    at: 0,
    width: 2,
    access: 'ro',
    reset: 0,
    spec,
    doc: 'Columns of the terminal it is shown on.',
    read: (owner) => owner.columns,
  },
  {
    name: 'rows',
    at: 2,
    width: 2,
    access: 'ro',
    reset: 0,
    spec,
    doc: 'Rows of the terminal it is shown on.',
    read: (owner) => owner.rows,
  },
  { name: 'max_nr_ports', at: 4, width: 4, access: 'ro', reset: 1, spec, doc: 'Most ports; of no use with one.' },
  {
    name: 'emerg_wr',
    at: 8,
    width: 4,
    access: 'rw',
    reset: 0,
    spec,
    doc: 'Writes one character, without queues and before they are there; reads 0.',
    read: () => 0,
    write: (owner, value) => owner.emergencyWrite(value),
  },
]);

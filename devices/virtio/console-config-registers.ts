/** The configuration of the console device as a table. */
import { registerBlock } from '../../bytes/registers.ts';

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

import { DEVICE_MODELS, VIRTIO_9P_PCI } from '../options/device.ts';
import { FSDEV_DRIVERS, fsdevTable, virtfsTable } from '../options/fsdev.ts';
import { columns, type ReferenceLine, referenceOf } from '../options/reference.ts';
import { exitStatuses } from './exit-statuses.ts';
import { QEMU_OPTIONS } from './qemu-options.ts';

const EXAMPLES: readonly ReferenceLine[] = [
  {
    written: 'tsvmm run --virtfs local,path=.,mount_tag=host',
    meaning: 'a shell in a guest, this directory at /mnt/host',
  },
  {
    written: 'tsvmm run --virtfs local,path=src,mount_tag=src,readonly -- ls -l /mnt/src',
    meaning: 'one command in a guest; its output, its status',
  },
  {
    written: 'tsvmm run -m 1G --smp 2 --root /srv/debian,readonly=off --init /sbin/init',
    meaning: 'boot a directory, its own init in charge',
  },
  {
    written: 'tsvmm run -kernel bzImage -fsdev local,id=fs0,path=/srv -device virtio-9p-pci,fsdev=fs0,mount_tag=srv',
    meaning: "QEMU's spelling",
  },
];

const KEYS: readonly ReferenceLine[] = [
  { written: 'Ctrl-A x', meaning: 'stop the machine and leave' },
  { written: 'Ctrl-A a', meaning: 'send Ctrl-A to the guest (Ctrl-A Ctrl-A does as well)' },
  { written: 'Ctrl-A h', meaning: 'list these keys' },
];

/** The keys that are tsvmm's and not the guest's while the terminal is the guest's console, one line each. */
export const CONSOLE_KEYS: readonly string[] = columns(KEYS).split('\n');

/** What `tsvmm --help` says below the commands. */
export function programHelp(): string {
  return section('Examples:', stacked(EXAMPLES.slice(0, 3)));
}

/** What `tsvmm run --help` says below the options: generated from the tables the parsers read. */
export function runHelp(): string {
  const accepted = QEMU_OPTIONS.flatMap(({ name, value, accepted }) =>
    accepted === undefined ? [] : [{ written: `-${name}${value === undefined ? '' : ` ${value}`}`, meaning: accepted }],
  );
  const drivers = Object.entries(FSDEV_DRIVERS).map(([written, driver]) => ({
    written,
    meaning: 'describe' in driver ? driver.doc : `${driver.doc}; not yet`,
  }));
  const devices = Object.entries(DEVICE_MODELS).flatMap(([written, { doc, refusal }]) =>
    refusal === undefined ? [{ written, meaning: doc }] : [],
  );
  const fsdevOnly = referenceOf(fsdevTable('local')).filter(({ written }) => written.startsWith('id='));
  return [
    section(
      'Keys of --virtfs local (a comma inside a value is written twice):',
      columns(referenceOf(virtfsTable('local'))),
    ),
    section('--fsdev local takes the same without mount_tag, and:', columns(fsdevOnly)),
    section('Drivers of --virtfs and --fsdev:', columns(drivers)),
    section('Devices of --device:', columns(devices)),
    section('Keys of --device virtio-9p-pci:', columns(referenceOf(VIRTIO_9P_PCI))),
    section("QEMU's options, accepted for what tsvmm does in any case:", columns(accepted)),
    section("Keys while the terminal is the guest's console:", CONSOLE_KEYS.join('\n')),
    section('Exit status:', columns(exitStatuses())),
    section('Examples:', stacked(EXAMPLES)),
  ].join('\n');
}

function section(title: string, body: string): string {
  return `\n${title}\n${body}`;
}

function stacked(lines: readonly ReferenceLine[]): string {
  return lines.map(({ written, meaning }) => `  ${written}\n      ${meaning}`).join('\n');
}

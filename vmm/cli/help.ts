import { EVENT_GROUPS } from '../../trace/kinds/kind-row.ts';
import { DISK_KEYS, P9_KEYS, RNG_KEYS } from '../options/device.ts';
import { DEVICE_MODELS } from '../options/device-models.ts';
import { DRIVE } from '../options/drive.ts';
import { FSDEV_DRIVERS, fsdevTable, virtfsTable } from '../options/fsdev.ts';
import { INSPECT_KEYS } from '../options/inspect.ts';
import { columns, type ReferenceLine, referenceOf } from '../options/reference.ts';
import { TRACE_KEYS } from '../options/trace.ts';
import { VIRTIO_MMIO_KEYS, VIRTIO_PCI_KEYS } from '../options/virtio-keys.ts';
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

const SERVE_EXAMPLES: readonly ReferenceLine[] = [
  {
    written: 'tsvmm serve --listen unix:/run/src.sock --virtfs local,path=src,mount_tag=src,readonly',
    meaning: 'mount it with: mount -t 9p -o trans=unix,version=9p2000.L /run/src.sock /mnt',
  },
  {
    written: 'tsvmm serve --listen tcp:127.0.0.1:5640 --fsdev local,id=a,path=/srv/a --fsdev local,id=b,path=/srv/b',
    meaning: 'mount b with: mount -t 9p -o trans=tcp,port=5640,version=9p2000.L,aname=b 127.0.0.1 /mnt',
  },
];

const SERVE_STATUSES: readonly ReferenceLine[] = [
  { written: '0', meaning: 'ended by SIGINT or SIGTERM' },
  { written: '2', meaning: 'bad options, a directory that cannot be served, an address that cannot be listened on' },
  { written: '125', meaning: 'this host lacks something, or tsvmm failed' },
  { written: '128+N', meaning: 'ended by signal N, another one or a second one' },
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
  const devices = Object.entries(DEVICE_MODELS).flatMap(([written, { doc, refusal }]) =>
    refusal === undefined ? [{ written, meaning: doc }] : [],
  );
  return [
    ...shareSections(),
    section('Devices of --device:', columns(devices)),
    section('Keys of 9p devices:', columns(referenceOf(P9_KEYS))),
    section('Keys of virtio-rng:', columns(referenceOf(RNG_KEYS))),
    section('Keys of --drive:', columns(referenceOf(DRIVE))),
    section('Keys of disks among devices:', columns(referenceOf(DISK_KEYS))),
    section('Keys of all devices on the PCI bus:', columns(referenceOf(VIRTIO_PCI_KEYS))),
    section('Keys of all devices by virtio-mmio:', columns(referenceOf(VIRTIO_MMIO_KEYS))),
    traceSection(),
    section('Keys of --inspect, after [HOST:]PORT:', columns(referenceOf(INSPECT_KEYS))),
    section("QEMU's options, accepted for what tsvmm does in any case:", columns(accepted)),
    section("Keys while the terminal is the guest's console:", CONSOLE_KEYS.join('\n')),
    section('Exit status:', columns(exitStatuses())),
    section('Examples:', stacked(EXAMPLES)),
  ].join('\n');
}

/** What `tsvmm serve --help` says below the options: generated from the tables the parsers read. */
export function serveHelp(): string {
  return [
    ...shareSections(),
    traceSection(),
    section('Exit status:', columns(SERVE_STATUSES)),
    section('Examples:', stacked(SERVE_EXAMPLES)),
  ].join('\n');
}

function traceSection(): string {
  const groups = Object.entries(EVENT_GROUPS).map(([name, doc]) => `${name} (${doc})`);
  const more = { written: 'groups of events', meaning: `${groups.join(', ')}; kinds: see the README of trace/` };
  return section('Keys of --trace, after FILE or without it:', columns([...referenceOf(TRACE_KEYS), more]));
}

/** How shares are written, for whoever they are shared with. */
function shareSections(): string[] {
  const drivers = Object.entries(FSDEV_DRIVERS).map(([written, driver]) => ({
    written,
    meaning: 'describe' in driver ? driver.doc : `${driver.doc}; not yet`,
  }));
  const fsdevOnly = referenceOf(fsdevTable('local')).filter(({ written }) => written.startsWith('id='));
  return [
    section(
      'Keys of --virtfs local (a comma inside a value is written twice):',
      columns(referenceOf(virtfsTable('local'))),
    ),
    section('--fsdev local takes the same without mount_tag, and:', columns(fsdevOnly)),
    section('Drivers of --virtfs and --fsdev:', columns(drivers)),
    section(
      'memory and synth take the keys of local that mean something there; keys of exports:',
      columns(referenceOf(FSDEV_DRIVERS.exports.table)),
    ),
  ];
}

function section(title: string, body: string): string {
  return `\n${title}\n${body}`;
}

function stacked(lines: readonly ReferenceLine[]): string {
  return lines.map(({ written, meaning }) => `  ${written}\n      ${meaning}`).join('\n');
}

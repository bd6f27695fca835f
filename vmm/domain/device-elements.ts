/** The elements in `<devices>`. @spec libvirt Domain XML format, Devices */
import { deviceModel } from './device-model.ts';
import { readDisk } from './disk.ts';
import type { DomainDraft } from './domain-draft.ts';
import type { ElementTable } from './element-table.ts';
import { readFilesystem } from './filesystem.ts';
import { childOf, type XmlElement } from './xml-tree.ts';

/** A source of random numbers: `<rng model='virtio'>`. @spec libvirt Domain XML format, Random number generator device */
function readRng(element: XmlElement, draft: DomainDraft): void {
  const rate = childOf(element, 'rate');
  if (rate !== undefined) draft.notice(rate, 'is left out: there is no limit');
  const backend = childOf(element, 'backend');
  const model = backend?.attributes.get('model') ?? 'random';
  if (backend !== undefined && !['random', 'builtin'].includes(model)) {
    draft.notice(backend, `model='${model}': the numbers come from the host's kernel instead`);
  }
  draft.options.device.push(deviceModel(element, 'virtio-rng', draft));
}

/** Ways to show a serial port that come to the terminal here. */
const ON_TERMINAL: readonly string[] = ['pty', 'stdio', 'vc'];
/** Ports that are the first serial one. */
const SERIAL_TARGETS: readonly string[] = ['serial', 'isa-serial'];

/** `<serial>` and `<console>`, of which the first serial port is one device with two names. */
function readConsole(element: XmlElement, draft: DomainDraft): void {
  const target = childOf(element, 'target');
  const type = target?.attributes.get('type') ?? 'serial';
  const way = element.attributes.get('type') ?? 'pty';
  const port = target?.attributes.get('port') ?? '0';
  if (!SERIAL_TARGETS.includes(type))
    draft.notice(element, `target ${type} is left out: the console is the serial port`);
  else if (port !== '0') draft.notice(element, `port ${port} is left out: there is one serial port`);
  else if (!ON_TERMINAL.includes(way))
    draft.notice(element, `type='${way}': the serial port is on the terminal instead`);
}

/** Says that it is left out, unless its model is `none`, which asks for no more. */
function leftOutUnlessNone(why: string): (element: XmlElement, draft: DomainDraft) => void {
  return (element, draft) => {
    const kind = element.attributes.get('model') ?? element.attributes.get('type');
    if (kind !== 'none') draft.notice(element, why);
  };
}

/** Controllers of buses on which there is nothing here that could be asked for. */
const NEEDLESS_CONTROLLERS: readonly string[] = [
  'pci',
  'usb',
  'virtio-serial',
  'scsi',
  'sata',
  'ide',
  'fdc',
  'isa',
  'ccid',
];

const NO_DISPLAY = 'is left out: there is no display, the console is the serial port';
const NO_USB = 'is left out: there is no USB';

export const DEVICE_ELEMENTS: ElementTable = {
  filesystem: { read: readFilesystem },
  disk: { read: readDisk },
  rng: { read: readRng },
  serial: { read: readConsole },
  console: { read: readConsole },
  emulator: { silent: 'tsvmm is the emulator' },
  controller: {
    silent: 'what would be on its bus is named itself',
    read: (element, draft) => {
      const type = element.attributes.get('type') ?? '';
      if (!NEEDLESS_CONTROLLERS.includes(type)) draft.notice(element, `type='${type}' is left out`);
    },
  },
  interface: { instead: 'is left out: there is no network' },
  memballoon: { read: leftOutUnlessNone('is left out: the guest keeps all of its memory') },
  panic: { silent: 'there is a pvpanic device in any machine' },
  input: { instead: NO_DISPLAY },
  graphics: { instead: NO_DISPLAY },
  video: { read: leftOutUnlessNone(NO_DISPLAY) },
  sound: { instead: 'is left out: there is no sound' },
  audio: { read: leftOutUnlessNone('is left out: there is no sound') },
  channel: { instead: 'is left out: commands reach the guest by tsvmm run -- COMMAND' },
  parallel: { instead: 'is left out: there is one serial port' },
  hub: { instead: NO_USB },
  redirdev: { instead: NO_USB },
  smartcard: { instead: NO_USB },
  watchdog: { instead: 'is left out: nothing watches the guest' },
  tpm: { instead: 'is left out: there is no TPM' },
  vsock: { instead: 'is left out: there is no vsock' },
  shmem: { instead: 'is left out: there is no shared memory' },
  memory: { instead: 'is left out: the guest has what <memory> of the domain says' },
  iommu: { instead: 'is left out: there is no IOMMU' },
  nvram: { instead: 'is left out: there is no firmware' },
  crypto: { instead: 'is left out: there is no crypto device' },
  hostdev: {
    read: (element, draft) => draft.refuse(element, 'devices of the host cannot be passed to the guest; leave it out'),
  },
  lease: { instead: 'is left out: tsvmm locks disk images itself' },
};

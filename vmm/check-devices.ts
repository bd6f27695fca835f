import type { DeviceConfig, ShareConfig, VirtioConfig } from './config.ts';
import { MAX_PCI_DEVICES, MAX_POLL_US, MAX_VECTORS } from './limits.ts';
import { UsageError } from './usage-error.ts';

/** What is looked at of a device, and what it is called. */
interface CheckedDevice {
  readonly what: string;
  readonly id: string | undefined;
  readonly virtio: VirtioConfig;
  /** It serves requests, for which it can poll. */
  readonly serves: boolean;
}

/** Refuses devices that cannot be, alone or together. Throws UsageError, one line. */
export function checkDevices(
  shares: readonly Pick<ShareConfig, 'mountTag' | 'id' | 'virtio'>[],
  devices: readonly DeviceConfig[],
): void {
  const all: readonly CheckedDevice[] = [
    ...shares.map(({ mountTag, id, virtio = {} }) => ({
      what: `device of share '${mountTag}'`,
      id,
      virtio,
      serves: true,
    })),
    ...devices.map(({ kind, id, virtio = {} }) => ({
      what: id === undefined ? kind : `${kind} '${id}'`,
      id,
      virtio,
      serves: kind === 'disk',
    })),
  ];
  const onPci = all.filter(({ virtio }) => virtio.bus !== 'mmio').length;
  if (onPci > MAX_PCI_DEVICES) {
    throw new UsageError(`${onPci} devices on the PCI bus: a machine has room for ${MAX_PCI_DEVICES}`);
  }
  const owners = new Map<string, string>();
  for (const { what, id, virtio, serves } of all) {
    for (const { when, line } of MISFITS) {
      if (when(virtio)) throw new UsageError(`${what}: ${line}`);
    }
    checkVectors(what, virtio);
    checkPolling(what, virtio, serves);
    if (id === undefined) continue;
    const owner = owners.get(id);
    if (owner !== undefined) {
      throw new UsageError(`id '${id}' is used twice, by ${owner} and ${what}: each device needs its own`);
    }
    owners.set(id, what);
  }
}

/** What contradicts itself in how a device presents itself. */
const MISFITS: readonly { readonly when: (virtio: VirtioConfig) => boolean; readonly line: string }[] = [
  {
    when: ({ bus, legacy, modern }) => bus === 'mmio' && modern !== undefined && modern === (legacy ?? false),
    line: 'by MMIO it has either the legacy or the modern interface; leave modern out',
  },
  {
    when: ({ bus, vectors }) => bus === 'mmio' && vectors !== undefined,
    line: 'vectors are for the PCI bus; by MMIO it has one interrupt line, so leave them out',
  },
  {
    when: ({ bus, legacy = false, packed = false }) => bus === 'mmio' && legacy && packed,
    line: 'packed virtqueues need the modern interface; leave legacy out',
  },
  {
    when: ({ bus, legacy = true, modern = true }) => bus !== 'mmio' && !legacy && !modern,
    line: 'it has neither interface; leave legacy or modern on',
  },
  {
    when: ({ bus, modern = true, packed = false }) => bus !== 'mmio' && packed && !modern,
    line: 'packed virtqueues need the modern interface; leave it on',
  },
];

function checkVectors(what: string, { vectors = 0 }: VirtioConfig): void {
  if (!Number.isInteger(vectors) || vectors < 0 || vectors > MAX_VECTORS) {
    throw new UsageError(`${what}: ${vectors} vectors; give 0 to ${MAX_VECTORS}`);
  }
}

function checkPolling(what: string, { pollUs }: VirtioConfig, serves: boolean): void {
  if (pollUs === undefined) return;
  if (!serves) throw new UsageError(`${what}: pollUs is for shares and disks; leave it out`);
  if (!Number.isInteger(pollUs) || pollUs < 0 || pollUs > MAX_POLL_US) {
    throw new UsageError(`${what}: ${pollUs} microseconds of polling; give 0 to ${MAX_POLL_US}`);
  }
}

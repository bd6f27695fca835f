/** The keys that every virtio device has on a bus, whatever it is; the names are QEMU's. */
import type { VirtioConfig } from '../config.ts';
import { MAX_VECTORS } from '../limits.ts';
import { UsageError } from '../usage-error.ts';
import type { OptionValues } from './option-table.ts';
import { pciPlace } from './pci-place.ts';
import { identifier, integer, oneOf, onOff } from './value-type.ts';

/** What any transport has. */
const RING_KEYS = {
  ioeventfd: { type: onOff, doc: 'the guest wakes the device without an exit (default on)' },
  packed: { type: onOff, doc: 'on: offer packed virtqueues (default off)' },
  indirect_desc: { type: onOff, doc: 'offer indirect descriptors (default on)' },
  event_idx: { type: onOff, doc: 'offer suppression of notifications by index (default on)' },
  in_order: {
    type: onOff,
    doc: 'on: offer the use of buffers in order, so that a slow request holds up all (default off)',
  },
  queue_reset: { type: onOff, doc: 'offer the reset of single queues (default on)' },
  notification_data: { type: onOff, doc: 'on: offer kicks that say how far the driver has come (default off)' },
} as const;

/** What only the interface of virtio 1.x has, so that asking for it without that is a contradiction. */
const MODERN_ONLY = ['packed', 'in_order', 'queue_reset', 'notification_data'] as const;

/** Keys of a device on the PCI bus. @spec QEMU virtio-pci properties */
export const VIRTIO_PCI_KEYS = {
  id: { type: identifier, doc: 'name of the device' },
  addr: { type: pciPlace, doc: 'place on the PCI bus, in hexadecimal (default the lowest free slot)' },
  vectors: {
    type: integer(0, MAX_VECTORS),
    doc: 'number of MSI-X vectors (default one for each queue and one more); 0 leaves the interrupt pin',
  },
  'disable-legacy': {
    type: oneOf('on', 'off', 'auto'),
    doc: 'on: without the interface from before virtio 1.0 (default auto, which on this bus means off)',
  },
  'disable-modern': { type: onOff, doc: 'on: without the interface of virtio 1.x (default off)' },
  ...RING_KEYS,
} as const;

/** Keys of a device by MMIO. @spec QEMU virtio-mmio properties */
export const VIRTIO_MMIO_KEYS = {
  id: { type: identifier, doc: 'name of the device' },
  'force-legacy': { type: onOff, doc: 'on: registers as before virtio 1.0 (default off)' },
  ...RING_KEYS,
} as const;

/** The interfaces of a model whose name decides them. */
export interface FixedInterfaces {
  readonly legacy: boolean;
  readonly modern: boolean;
}

type PciValues = OptionValues<typeof VIRTIO_PCI_KEYS>;
type MmioValues = OptionValues<typeof VIRTIO_MMIO_KEYS>;

/**
 * How a device on the PCI bus presents itself, where anything was said of it.
 *
 * @param name the model, and `fixed` the interfaces it stands for
 * @throws UsageError for what contradicts itself
 */
export function readVirtioPci(values: PciValues, name: string, fixed: FixedInterfaces | undefined): VirtioConfig {
  const refuse = (line: string): never => {
    throw new UsageError(`--device: ${line}`);
  };
  const { 'disable-legacy': disableLegacy, 'disable-modern': disableModern } = values;
  if (fixed !== undefined) {
    for (const key of ['disable-legacy', 'disable-modern'] as const) {
      if (values[key] === undefined) continue;
      const plain = name.replace(/-(non-)?transitional$/, '');
      refuse(`${key} goes with ${plain}; the name ${name} decides that already`);
    }
  }
  if (disableLegacy === 'on' && disableModern === true) {
    refuse('disable-legacy=on and disable-modern=on leave no interface; leave one of them out');
  }
  if (disableModern === true) refuseModernOnly(values, 'disable-modern');
  return given({
    legacy: fixed?.legacy ?? (disableLegacy === undefined ? undefined : disableLegacy !== 'on'),
    modern: fixed?.modern ?? (disableModern === undefined ? undefined : !disableModern),
    vectors: values.vectors,
    addr: values.addr,
    ...readRings(values),
  });
}

/** How a device by MMIO presents itself. Throws UsageError for what contradicts itself. */
export function readVirtioMmio(values: MmioValues): VirtioConfig {
  const legacy = values['force-legacy'];
  if (legacy === true) refuseModernOnly(values, 'force-legacy');
  return { bus: 'mmio', ...given({ legacy, ...readRings(values) }) };
}

function refuseModernOnly(values: MmioValues | PciValues, without: string): void {
  const asked = MODERN_ONLY.find((key) => values[key] === true);
  if (asked === undefined) return;
  throw new UsageError(`--device: ${asked}=on needs the interface of virtio 1.x; leave ${without} out`);
}

function readRings(values: MmioValues | PciValues) {
  return {
    ioeventfd: values.ioeventfd,
    packed: values.packed,
    indirectDesc: values.indirect_desc,
    eventIdx: values.event_idx,
    inOrder: values.in_order,
    queueReset: values.queue_reset,
    notificationData: values.notification_data,
  };
}

/** Leaves out what nothing was said of. */
function given(config: { readonly [K in keyof VirtioConfig]: VirtioConfig[K] | undefined }): VirtioConfig {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined));
}

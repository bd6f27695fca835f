import type { DomainDraft } from './domain-draft.ts';
import { childOf, type XmlElement } from './xml-tree.ts';

/** Names of models in libvirt, and what is behind the name of the device in QEMU's. @spec libvirt Domain XML format, virtio transitional devices */
const MODELS = {
  virtio: '-pci',
  'virtio-transitional': '-pci-transitional',
  'virtio-non-transitional': '-pci-non-transitional',
} as const;

/**
 * The name of a virtio device that an element describes: `base`, such as `virtio-9p`, on the bus its address says and with the
 * interfaces its model says, and the properties its `<driver>` gives to any device.
 */
export function deviceModel(element: XmlElement, base: string, draft: DomainDraft): string {
  const model = draft.word(element, 'model', Object.keys(MODELS) as (keyof typeof MODELS)[]) ?? 'virtio';
  const address = childOf(element, 'address');
  const onMmio = address?.attributes.get('type') === 'virtio-mmio';
  if (address !== undefined && onMmio && model !== 'virtio') {
    draft.refuse(address, `model='${model}' is for the PCI bus; leave one of them out`);
  }
  const driver = childOf(element, 'driver');
  const packed = driver === undefined ? undefined : draft.word(driver, 'packed', ['on', 'off']);
  const iommu = driver === undefined ? undefined : draft.word(driver, 'iommu', ['on', 'off']);
  if (driver !== undefined && iommu === 'on') draft.notice(driver, 'iommu: there is none; the device sees all memory');
  return `${base}${onMmio ? '-device' : MODELS[model]}${packed === undefined ? '' : `,packed=${packed}`}`;
}

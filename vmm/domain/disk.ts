import { deviceModel } from './device-model.ts';
import { type DomainDraft, optionValue } from './domain-draft.ts';
import { childOf, type XmlElement } from './xml-tree.ts';

/** Kinds of disks, and the attribute of `<source>` that names what is behind them. */
const SOURCES = { file: 'file', block: 'dev' } as const;
/** Attributes of `<driver>` that are keys of `--drive` by the same name and with the same values. */
const DRIVER_KEYS = ['cache', 'discard'] as const;
/** What would change whose bytes the guest sees, or where its writes go. */
const MATTERS: Readonly<Record<string, string>> = {
  encryption: 'an encrypted image is not supported',
  transient: 'writes would go to the image; give a copy of it and leave this out',
  mirror: 'copying to another image is not supported; leave it out',
};
/** Disks that are not on the virtio bus are other names in the guest, such as sda. */
const VIRTIO_TARGET = /^vd[a-z]+$/;

/** A disk: `<disk device='disk'>` in a raw file or a block device. @spec libvirt Domain XML format, Hard drives, floppy disks, CDROMs */
export function readDisk(element: XmlElement, draft: DomainDraft): void {
  const device = element.attributes.get('device') ?? 'disk';
  if (device !== 'disk') {
    draft.notice(element, `device='${device}' is left out; give its image as a disk with readonly instead`);
    return;
  }
  const type = draft.word(element, 'type', Object.keys(SOURCES) as (keyof typeof SOURCES)[]) ?? 'file';
  const target = childOf(element, 'target') ?? draft.refuse(element, 'lacks <target>');
  const name = target.attributes.get('dev') ?? '';
  const bus = target.attributes.get('bus') ?? (VIRTIO_TARGET.test(name) ? 'virtio' : 'another');
  if (bus !== 'virtio') draft.refuse(target, `${name} is on ${bus} bus; write dev='vda' bus='virtio'`);
  for (const child of element.children) {
    const line = MATTERS[child.name];
    if (line !== undefined) draft.refuse(child, line);
    if (child.name === 'backingStore' && child.children.length > 0) {
      draft.refuse(child, 'an image over another is not supported; convert it with qemu-img convert -O raw');
    }
    if (child.name === 'iotune') draft.notice(child, 'is left out: the disk has no limits');
  }
  const driver = childOf(element, 'driver');
  const format = driver?.attributes.get('type') ?? 'raw';
  if (driver !== undefined && format !== 'raw') {
    draft.refuse(driver, `type='${format}' is not supported; convert the image with qemu-img convert -O raw`);
  }
  const file = draft.required(childOf(element, 'source') ?? element, SOURCES[type]);
  const id = `domain-disk${draft.options.drive.length}`;
  const keys = [
    `file=${optionValue(file)}`,
    'format=raw',
    ...(childOf(element, 'readonly') === undefined ? [] : ['readonly=on']),
    ...DRIVER_KEYS.flatMap((key) => {
      const value = driver?.attributes.get(key);
      return value === undefined || value === 'default' ? [] : [`${key}=${optionValue(value)}`];
    }),
  ];
  const serial = childOf(element, 'serial');
  draft.options.drive.push(`if=none,id=${id},${keys.join(',')}`);
  draft.options.device.push(
    `${deviceModel(element, 'virtio-blk', draft)},drive=${id}${serial === undefined ? '' : `,serial=${optionValue(draft.text(serial))}`}`,
  );
}

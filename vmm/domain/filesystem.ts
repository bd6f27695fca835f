import { deviceModel } from './device-model.ts';
import { type DomainDraft, optionValue } from './domain-draft.ts';
import { childOf, type XmlElement } from './xml-tree.ts';

/** Access modes, and the security models libvirt asks QEMU for. @spec libvirt Domain XML format, Filesystems */
const ACCESS_MODES = { passthrough: 'passthrough', mapped: 'mapped-xattr', squash: 'none' } as const;

/** Attributes that are keys of `--fsdev` by the same name. */
const MODES = ['fmode', 'dmode'] as const;

/** A share: `<filesystem type='mount'>`. @spec libvirt Domain XML format, Filesystems */
export function readFilesystem(element: XmlElement, draft: DomainDraft): void {
  const type = element.attributes.get('type') ?? 'mount';
  if (type !== 'mount') draft.refuse(element, `type='${type}' is not supported; share a directory with type='mount'`);
  const driver = childOf(element, 'driver');
  const driverType = driver?.attributes.get('type') ?? 'path';
  if (driver !== undefined && driverType !== 'path') {
    // The guest would mount it as another file system, and find none.
    draft.refuse(driver, `type='${driverType}' is not supported; write type='path', and mount it in the guest as 9p`);
  }
  const path = draft.required(childOf(element, 'source') ?? element, 'dir');
  const tag = draft.required(childOf(element, 'target') ?? element, 'dir');
  const accessMode = draft.word(element, 'accessmode', Object.keys(ACCESS_MODES) as (keyof typeof ACCESS_MODES)[]);
  const multidevs = draft.word(element, 'multidevs', ['default', 'remap', 'forbid', 'warn']);
  const isImmediate = driver !== undefined && draft.word(driver, 'wrpolicy', ['default', 'immediate']) === 'immediate';
  for (const limit of ['space_hard_limit', 'space_soft_limit']) {
    const there = childOf(element, limit);
    if (there !== undefined) draft.notice(there, 'is for containers; add quota.bytes=SIZE to an --fsdev instead');
  }
  const id = `domain-fs${draft.options.fsdev.length}`;
  const keys = [
    `path=${optionValue(path)}`,
    `security_model=${ACCESS_MODES[accessMode ?? 'passthrough']}`,
    ...(childOf(element, 'readonly') === undefined ? [] : ['readonly=on']),
    ...MODES.flatMap((name) => {
      const mode = element.attributes.get(name);
      return mode === undefined ? [] : [`${name}=${optionValue(mode)}`];
    }),
    ...(multidevs === undefined || multidevs === 'default' ? [] : [`multidevs=${multidevs}`]),
    ...(isImmediate ? ['writeout=immediate'] : []),
  ];
  draft.options.fsdev.push(`local,id=${id},${keys.join(',')}`);
  draft.options.device.push(`${deviceModel(element, 'virtio-9p', draft)},fsdev=${id},mount_tag=${optionValue(tag)}`);
}

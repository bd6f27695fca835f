/** What all virtio devices share: status, features, queues, and the rules a driver can break. */
import { hex } from '../../bytes/register-text.ts';
import { BLK_FEATURE } from '../../devices/virtio/blk-features.ts';
import { commonConfig } from '../../devices/virtio/common-config-registers.ts';
import { CONSOLE_FEATURE } from '../../devices/virtio/console-features.ts';
import { DEVICE_TYPES } from '../../devices/virtio/device-names.ts';
import { featuresOf } from '../../devices/virtio/feature-words.ts';
import { baseFeatures, legacyOffer } from '../../devices/virtio/features.ts';
import { legacyHeader } from '../../devices/virtio/legacy-registers.ts';
import { mmioRegisters } from '../../devices/virtio/mmio-registers.ts';
import { MOUNT_TAG_FEATURE } from '../../devices/virtio/p9-device.ts';
import { PACKED_DESCRIPTOR, PACKED_FLAG } from '../../devices/virtio/packed-layout.ts';
import { DESCRIPTOR, DESCRIPTOR_FLAG, QUEUE_AREAS, type RingFormat } from '../../devices/virtio/queue-layout.ts';
import { RING_FAULTS, RING_RULES, type RingFaultReason } from '../../devices/virtio/ring-fault.ts';
import { STATUS, STATUS_MEANINGS, STATUS_TRANSITIONS } from '../../devices/virtio/status.ts';
import { type DescribedBlock, registerFragment } from './block-section.ts';
import { cell, code, link, table } from './markdown.ts';

const register = (page: string, block: DescribedBlock, name: string) =>
  link(code(name), `${page}#${registerFragment(block, name)}`);

/** The text of the page, without its title. */
export function virtioPage(): string {
  return [
    `What devices behind any transport have in common. The registers are each transport's: ${link('PCI', 'virtio-pci.md')}, ${link('MMIO', 'virtio-mmio.md')}; their configuration is ${link('their own', 'virtio-devices.md')}.`,
    statusSection(),
    featureSection(),
    areaSection(),
    descriptorSection(),
    faultSection(),
  ].join('\n\n');
}

function statusSection(): string {
  const places = [
    `${register('virtio-pci.md', commonConfig, 'device_status')} of common_cfg`,
    `${register('virtio-pci.md', legacyHeader, 'device_status')} of the legacy header`,
    `${register('virtio-mmio.md', mmioRegisters, 'Status')} over MMIO`,
  ];
  const bits = table(
    ['value', 'bit', 'meaning'],
    Object.entries(STATUS).map(([name, value]) => [
      hex(value),
      code(name),
      STATUS_MEANINGS[name as keyof typeof STATUS_MEANINGS],
    ]),
  );
  const moves = table(
    ['in state', 'a driver that sets', 'leads to'],
    Object.entries(STATUS_TRANSITIONS).flatMap(([state, next]) =>
      Object.entries(next).map(([bit, to]) => [state, code(bit), to]),
    ),
  );
  return `## Device status

${places.join(', ')}. *virtio 1.2 §2.1 Device Status Field*; ${link('devices/virtio/status.ts', '../../devices/virtio/status.ts')}. Moves are told as ${link('status', 'events.md#status')} events.

${bits}
Writing 0 leads to \`resetting\` from everywhere, and from there to \`reset\` when the device has drained. Any other move is refused, and told as ${link('guest-fault', 'events.md#guest-fault')}. *virtio 1.2 §3.1.1 Driver Requirements: Device Initialization*

${moves}`;
}

/** Feature bits of its own that a device here offers, by device type. */
const OWN: Readonly<Record<number, bigint>> = {
  2: Object.values(BLK_FEATURE).reduce((all, bit) => all | bit, 0n),
  3: CONSOLE_FEATURE.size | CONSOLE_FEATURE.emergWrite,
  9: MOUNT_TAG_FEATURE,
};

/** A device type without feature bits of its own. */
const NO_OWN_FEATURES = 4;
function offeredWhen(bit: number): string {
  const mask = 1n << BigInt(bit);
  const all = { packed: true, inOrder: true, notificationData: true };
  const none = { indirectDesc: false, eventIdx: false, queueReset: false };
  if ((baseFeatures(none) & mask) !== 0n) return 'always';
  if ((baseFeatures() & mask) !== 0n) return 'yes, unless switched off';
  if ((baseFeatures(all) & mask) !== 0n) return 'where asked for';
  return (legacyOffer(0n) & mask) !== 0n ? 'by the legacy interface' : 'no';
}

function featureSection(): string {
  const negotiated = [
    `${register('virtio-pci.md', commonConfig, 'device_feature')} and ${register('virtio-pci.md', commonConfig, 'driver_feature')} of common_cfg, a page of 32 at a time`,
    `${register('virtio-pci.md', legacyHeader, 'device_features')} and ${register('virtio-pci.md', legacyHeader, 'driver_features')} of the legacy header, bits 0 to 31`,
    `${register('virtio-mmio.md', mmioRegisters, 'DeviceFeatures')} and ${register('virtio-mmio.md', mmioRegisters, 'DriverFeatures')} over MMIO`,
  ];
  const shared = featuresOf(NO_OWN_FEATURES);
  const reserved = new Set(shared.map(({ bit }) => bit));
  const own = Object.entries(OWN).flatMap(([id, offered]) =>
    featuresOf(Number(id))
      .filter(({ bit }) => !reserved.has(bit))
      .map(({ bit, name, doc }) => [
        `${id}, ${DEVICE_TYPES[Number(id)] ?? ''}`,
        String(bit),
        code(name),
        cell(doc),
        (offered >> BigInt(bit)) % 2n === 1n ? 'yes' : 'no',
      ]),
  );
  return `## Feature bits

Offered and accepted by ${negotiated.join('; ')}. *virtio 1.2 §2.2 Feature Bits*. Told as ${link('features', 'events.md#features')} and ${link('features-agreed', 'events.md#features-agreed')}.

Of all devices. *virtio 1.2 §6 Reserved Feature Bits, §6.3 Legacy Interface: Reserved Feature Bits*

${table(
  ['bit', 'name', 'meaning', 'offered here'],
  shared.map(({ bit, name, doc }) => [String(bit), code(name), cell(doc), offeredWhen(bit)]),
)}
Of each device type; what a device offers depends on how it was made (a disk for reading offers \`RO\`). *virtio 1.2 §5.2.3 Feature bits, §5.3.3 Feature bits; Linux include/uapi/linux/virtio_9p.h*

${table(['device type', 'bit', 'name', 'meaning', 'a device here may offer it'], own)}`;
}

function areaSection(): string {
  const formats = Object.keys(QUEUE_AREAS) as RingFormat[];
  const rows = formats.flatMap((format) =>
    Object.entries(QUEUE_AREAS[format]).map(([area, { holds, alignment, fixedLength, entryLength }]) => [
      format,
      register('virtio-pci.md', commonConfig, `queue_${area}`),
      holds,
      String(alignment),
      entryLength === 0 ? String(fixedLength) : `${fixedLength === 0 ? '' : `${fixedLength} + `}${entryLength} × size`,
    ]),
  );
  return `## Areas of a queue

The registers that say where they are; over MMIO \`QueueDesc\`, \`QueueDriver\` and \`QueueDevice\` of ${link('virtio_mmio', 'virtio-mmio.md#virtio_mmio')}. *virtio 1.2 §2.7 Split Virtqueues, §2.8.10.1 Structure Size and Alignment*. Told as ${link('queue', 'events.md#queue')}.

${table(['format', 'register', 'holds', 'alignment', 'bytes'], rows)}`;
}

function descriptorSection(): string {
  const fields = (layout: Readonly<Record<string, number>>) =>
    table(
      ['offset', 'field'],
      Object.entries(layout).map(([name, at]) => [hex(at), code(name)]),
    );
  const flagsOf = (flags: Readonly<Record<string, number>>) =>
    table(
      ['bit', 'flag'],
      Object.entries(flags).map(([name, value]) => [String(Math.log2(value)), code(name.toUpperCase())]),
    );
  return `## Descriptors

Split: \`struct virtq_desc\`, 16 bytes. *virtio 1.2 §2.7.5 The Virtqueue Descriptor Table*; ${link('devices/virtio/queue-layout.ts', '../../devices/virtio/queue-layout.ts')}.

${fields(DESCRIPTOR)}
${flagsOf(DESCRIPTOR_FLAG)}
Packed: \`struct pvirtq_desc\`, 16 bytes. *virtio 1.2 §2.8.13 Descriptor Format*; ${link('devices/virtio/packed-layout.ts', '../../devices/virtio/packed-layout.ts')}.

${fields(PACKED_DESCRIPTOR)}
${flagsOf(PACKED_FLAG)}`;
}

function faultSection(): string {
  return `## Rules a driver can break

After one of these the device has \`DEVICE_NEEDS_RESET\` in its ${link('status', '#device-status')} and takes nothing more from the queue. Told as ${link('ring-fault', 'events.md#ring-fault')} or ${link('guest-fault', 'events.md#guest-fault')}; ${link('devices/virtio/ring-fault.ts', '../../devices/virtio/ring-fault.ts')}.

${table(
  ['rule', 'what was wrong', 'specification'],
  (Object.keys(RING_FAULTS) as RingFaultReason[]).map((reason) => [
    code(reason),
    cell(RING_FAULTS[reason]),
    cell(RING_RULES[reason]),
  ]),
)}`;
}

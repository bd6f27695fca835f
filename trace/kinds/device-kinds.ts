/** The kinds of events of devices. */
import { hex } from '../../bytes/register-text.ts';
import type { DescriptorSeen, DeviceEvents } from '../../devices/events.ts';
import type { KindTable } from './kind-row.ts';

const note = true;
const QUEUE = { type: 'number', doc: 'index of the queue' } as const;
const FEATURES = { type: 'u64', doc: 'feature bits the driver accepts' } as const;
const DESCRIPTORS = {
  type: 'descriptors',
  doc: 'each descriptor as it was read: table, index, address, length, flags, next or buffer id',
} as const;

const ACCESS = {
  offset: { type: 'hex', doc: 'in the block' },
  width: { type: 'number', doc: 'bytes: 1, 2 or 4' },
  value: { type: 'hex', doc: 'read or written' },
} as const;
const CONFIG = {
  slot: { type: 'number', doc: '0 to 31' },
  function: { type: 'number', doc: '0 to 7' },
  ...ACCESS,
  text: { type: 'text', doc: 'the registers by name, with their bits' },
} as const;
const BAR = { bar: { type: 'number', doc: 'base address register, 0 to 5' }, ...ACCESS } as const;
const REGISTER = {
  block: { type: 'text', doc: 'name of the block' },
  ...ACCESS,
  text: { type: 'text', doc: 'the registers by name, with their bits' },
} as const;

const place = ({ slot, function: number }: DeviceEvents['config-read']) =>
  `00:${slot.toString(16).padStart(2, '0')}.${number}`;
const barText = ({ bar, offset, width, value }: DeviceEvents['bar-read']) =>
  `BAR ${bar}+${hex(offset)}, ${width} bytes: ${hex(value)}`;

/** Every kind of them. */
export const DEVICE_KINDS: KindTable<DeviceEvents> = {
  plugged: {
    group: 'machine',
    doc: 'A device was plugged in.',
    fields: {
      name: { type: 'text', doc: 'kind of the device with its transport' },
      bus: { type: 'text', doc: '`pci` or `mmio`' },
      address: { type: 'hex', doc: 'slot of the PCI bus, or guest physical address' },
      function: { type: 'number', doc: 'of the PCI device, 0 to 7' },
    },
    text: ({ name, bus, address }) => `${name} on ${bus} at ${hex(address)}`,
  },
  'config-read': {
    group: 'pci',
    doc: 'The guest read configuration space; told after what it caused.',
    spec: 'PCI Local Bus 3.0 §3.2.2.3 Configuration Space Decoding',
    fields: CONFIG,
    text: (it) => `${place(it)} ${it.text}`,
  },
  'config-write': {
    group: 'pci',
    doc: 'The guest writes configuration space; told before what it causes.',
    spec: 'PCI Local Bus 3.0 §3.2.2.3 Configuration Space Decoding',
    fields: CONFIG,
    text: (it) => `${place(it)} ${it.text}`,
  },
  'bar-read': {
    group: 'pci',
    doc: 'The guest read from a range that a BAR decodes; told after what it caused.',
    spec: 'PCI Local Bus 3.0 §6.2.5 Base Addresses',
    fields: BAR,
    text: barText,
  },
  'bar-write': {
    group: 'pci',
    doc: 'The guest writes to a range that a BAR decodes; told before what it causes.',
    spec: 'PCI Local Bus 3.0 §6.2.5 Base Addresses',
    fields: BAR,
    text: barText,
  },
  'register-read': {
    group: 'registers',
    doc: 'A register was read; told after what it caused.',
    fields: REGISTER,
    text: ({ block, text }) => `${block}: ${text}`,
  },
  'register-write': {
    group: 'registers',
    doc: 'A register is written; told before what it causes.',
    fields: REGISTER,
    text: ({ block, text }) => `${block}: ${text}`,
  },
  'write-refused': {
    group: 'registers',
    doc: 'A write had no effect: read-only registers, a hole, or not an access of this block.',
    fields: { block: REGISTER.block, ...ACCESS },
    text: ({ block, offset, width, value }) => `${block}+${hex(offset)}, ${width} bytes: ${hex(value)} has no effect`,
  },
  status: {
    group: 'virtio',
    doc: 'The device status went from one state to another.',
    spec: 'virtio 1.2 §2.1 Device Status Field',
    fields: {
      from: { type: 'text', doc: 'state before' },
      to: { type: 'text', doc: 'state now' },
      value: { type: 'hex', doc: 'the field as the driver reads it' },
    },
    text: ({ from, to, value }) => `${from} -> ${to}, device_status ${hex(value)}`,
  },
  features: {
    group: 'virtio',
    doc: 'The driver wrote which features it accepts.',
    spec: 'virtio 1.2 §2.2 Feature Bits',
    fields: {
      offered: { type: 'u64', doc: 'feature bits the device offers' },
      accepted: FEATURES,
      names: { type: 'text', doc: 'the accepted ones by name' },
    },
    text: ({ offered, accepted, names }) => `${hex(accepted)} of ${hex(offered)}: ${names}`,
  },
  'features-agreed': {
    group: 'virtio',
    doc: 'FEATURES_OK: both sides agree.',
    spec: 'virtio 1.2 §3.1.1 Driver Requirements: Device Initialization',
    fields: { accepted: FEATURES, names: { type: 'text', doc: 'the same by name' } },
    text: ({ accepted, names }) => `${hex(accepted)}: ${names}`,
  },
  'features-refused': {
    group: 'virtio',
    doc: 'FEATURES_OK is not set: the device objects.',
    spec: 'virtio 1.2 §2.2.2 Device Requirements: Feature Bits',
    fields: { accepted: FEATURES, why: { type: 'text', doc: 'the objection' } },
    text: ({ why }) => why,
  },
  queue: {
    group: 'virtio',
    doc: 'A queue came to life, its set-up checked.',
    spec: 'virtio 1.2 §2.6 Virtqueues',
    fields: {
      queue: QUEUE,
      size: { type: 'number', doc: 'entries' },
      format: { type: 'text', doc: 'split or packed' },
      descriptorArea: { type: 'u64', doc: 'guest physical address of the descriptor area' },
      driverArea: { type: 'u64', doc: 'of the driver area' },
      deviceArea: { type: 'u64', doc: 'of the device area' },
    },
    text: ({ queue, size, format, descriptorArea, driverArea, deviceArea }) => {
      const areas = [descriptorArea, driverArea, deviceArea].map(hex).join(', ');
      return `queue ${queue}: ${format}, ${size} entries, areas ${areas}`;
    },
  },
  'queue-end': {
    group: 'virtio',
    doc: 'A queue was cut from guest memory.',
    spec: 'virtio 1.2 §2.4 Device Reset',
    fields: { queue: QUEUE, inFlight: { type: 'number', doc: 'chains that are not returned' } },
    text: ({ queue, inFlight }) => `queue ${queue}, ${inFlight} in flight`,
  },
  kick: {
    group: 'virtio',
    doc: 'The driver rang for a queue that is alive.',
    spec: 'virtio 1.2 §2.3 Notifications',
    fields: { queue: QUEUE },
    text: ({ queue }) => `queue ${queue}`,
  },
  chain: {
    group: 'virtio',
    doc: 'The device took a descriptor chain.',
    spec: 'virtio 1.2 §2.7.5 The Virtqueue Descriptor Table, §2.8.6 Next Flag: Descriptor Chaining',
    fields: {
      queue: QUEUE,
      head: { type: 'number', doc: 'first descriptor, or buffer id of a packed ring' },
      readableLength: { type: 'number', doc: 'bytes the device reads' },
      writableLength: { type: 'number', doc: 'bytes it may write' },
      descriptors: DESCRIPTORS,
      kick: { type: 'id', doc: 'the last `kick` of the queue', note },
      bytes: { type: 'bytes', doc: 'the first bytes the device reads' },
    },
    text: ({ queue, head, readableLength, writableLength, descriptors }) =>
      `queue ${queue} head ${head}: ${readableLength} to read, ${writableLength} to write ${shown(descriptors)}`,
  },
  'ring-fault': {
    group: 'virtio',
    doc: 'The driver broke a rule of the queue; nothing more is taken from it.',
    spec: 'virtio 1.2 §2.7.5.2 Driver Requirements: The Virtqueue Descriptor Table',
    fields: {
      queue: QUEUE,
      reason: { type: 'text', doc: 'name of the rule' },
      message: { type: 'text', doc: 'the rule and the numbers' },
      descriptors: DESCRIPTORS,
    },
    text: ({ reason, message, descriptors }) => `${reason}: ${message} ${shown(descriptors)}`,
  },
  used: {
    group: 'virtio',
    doc: 'The device returned a chain.',
    spec: 'virtio 1.2 §2.7.8 The Virtqueue Used Ring',
    fields: {
      queue: QUEUE,
      head: { type: 'number', doc: 'of the chain' },
      length: { type: 'number', doc: 'bytes written' },
      chain: { type: 'id', doc: 'the `chain`', note },
      bytes: { type: 'bytes', doc: 'the first bytes the device wrote' },
    },
    text: ({ queue, head, length }) => `queue ${queue} head ${head}: ${length} bytes written`,
  },
  notification: {
    group: 'interrupts',
    doc: 'The device notifies the driver; what it takes follows as `message` or `pin`.',
    spec: 'virtio 1.2 §2.3 Notifications',
    fields: {
      what: { type: 'text', doc: '`used buffers` or `configuration change`' },
      queue: { type: 'number', doc: 'whose used buffers' },
      used: { type: 'ids', doc: 'the `used` elements it announces', note },
    },
    text: ({ what, queue }) => (queue === undefined ? what : `${what} of queue ${queue}`),
  },
  message: {
    group: 'interrupts',
    doc: 'A message-signalled interrupt went out, or has to wait.',
    spec: 'PCI Local Bus 3.0 §6.8.2 MSI-X Capability and Table Structures',
    fields: {
      vector: { type: 'number', doc: 'entry of the MSI-X table' },
      address: { type: 'u64', doc: 'where the message is written' },
      data: { type: 'hex', doc: 'what is written' },
      outcome: { type: 'text', doc: '`sent` or `pending`' },
    },
    text: ({ vector, address, data, outcome }) => `vector ${vector}: ${hex(data)} to ${hex(address)}, ${outcome}`,
  },
  pin: {
    group: 'interrupts',
    doc: 'The interrupt pin was raised or lowered.',
    spec: 'virtio 1.2 §4.1.4.5 ISR status capability',
    fields: { level: { type: 'number', doc: '1 raised, 0 lowered' } },
    text: ({ level }) => (level === 1 ? 'raised' : 'lowered'),
  },
  'guest-fault': {
    group: 'virtio',
    doc: 'The guest broke a rule of a specification.',
    fields: { message: { type: 'text', doc: 'what it did' } },
    text: ({ message }) => message,
  },
};

/** Flags of a descriptor by name; those of a packed ring include its wrap bits. @spec virtio 1.2 §2.7.5, §2.8.1 */
const FLAGS: readonly (readonly [bit: number, name: string])[] = [
  [0x1, 'NEXT'],
  [0x2, 'WRITE'],
  [0x4, 'INDIRECT'],
  [0x80, 'AVAIL'],
  [0x8000, 'USED'],
];

/** Descriptors as people read them: `[3: 0x1000+64 NEXT, 4: 0x2000+128 WRITE]`. */
function shown(descriptors: readonly DescriptorSeen[]): string {
  const items = descriptors.map(({ table, index, address, length, flags }) => {
    const names = FLAGS.flatMap(([bit, name]) => ((flags & bit) === 0 ? [] : [name]));
    return `${table === 'indirect' ? '*' : ''}${index}: ${[`${hex(address)}+${length}`, ...names].join(' ')}`;
  });
  return `[${items.join(', ')}]`;
}

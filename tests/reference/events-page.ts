/** The kinds of events of a trace, each with links to what it is about. */
import type { EventKind } from '../../trace/event.ts';
import { EVENT_KINDS, fieldsOf } from '../../trace/event-kinds.ts';
import { EVENT_GROUPS, type EventGroup } from '../../trace/kinds/kind-row.ts';
import { cell, code, link, table } from './markdown.ts';

const STATUS = link('device status', 'virtio.md#device-status');
const FEATURES = link('feature bits', 'virtio.md#feature-bits');
const AREAS = link('areas of a queue', 'virtio.md#areas-of-a-queue');
const DESCRIPTORS = link('descriptors', 'virtio.md#descriptors');
const RULES = link('rules a driver can break', 'virtio.md#rules-a-driver-can-break');
const BLOCKS = ['virtio-pci.md', 'virtio-mmio.md', 'virtio-devices.md', 'platform.md'].map((page) => link(page, page));
const HEADER = link('configuration space', 'pci.md#config_header');
const NOTIFY = link('notification structure', 'virtio-pci.md#notification-structure');

/** The tables each kind is about; a kind without a row does not compile. */
const SEE: Readonly<Record<EventKind, readonly string[]>> = {
  'config-read': [HEADER, link('capabilities', 'virtio-pci.md#virtio_pci_cap')],
  'config-write': [HEADER, link('capabilities', 'virtio-pci.md#virtio_pci_cap')],
  'bar-read': [link('virtio_pci_cap', 'virtio-pci.md#virtio_pci_cap')],
  'bar-write': [link('virtio_pci_cap', 'virtio-pci.md#virtio_pci_cap')],
  'register-read': BLOCKS,
  'register-write': BLOCKS,
  'write-refused': BLOCKS,
  status: [STATUS],
  features: [FEATURES],
  'features-agreed': [FEATURES],
  'features-refused': [FEATURES],
  queue: [AREAS],
  'queue-end': [AREAS],
  kick: [NOTIFY, link('QueueNotify', 'virtio-mmio.md#virtio_mmio')],
  chain: [DESCRIPTORS],
  'ring-fault': [RULES],
  used: [AREAS],
  'guest-fault': [STATUS, RULES],
  notification: [link('isr', 'virtio-pci.md#isr'), link('msix_entry', 'pci.md#msix_entry')],
  message: [link('msix_entry', 'pci.md#msix_entry')],
  pin: [link('isr', 'virtio-pci.md#isr')],
  request: [link('messages', '9p.md')],
  reply: [link('messages', '9p.md'), link('errors', '9p-errors.md')],
  'taken-back': [link('Tflush', '9p.md#tflush')],
  'host-call': [],
  plugged: [link('device types', 'virtio-devices.md')],
  machine: [HEADER],
  dropped: [],
};

/** The text of the page, without its title. */
export function eventsPage(): string {
  const kinds = Object.keys(EVENT_KINDS) as EventKind[];
  const groups = (Object.keys(EVENT_GROUPS) as EventGroup[]).map((group) =>
    [
      `## Group ${group}: ${EVENT_GROUPS[group]}`,
      ...kinds.filter((kind) => EVENT_KINDS[kind].group === group).map(kindSection),
    ].join('\n\n'),
  );
  return [
    `What \`--trace FILE,events=KIND+KIND\` takes, and \`--record\` keeps: a kind, or the name of a group. Every event also has a number, a time in microseconds, its device, and the number of the event that caused it. Declared in ${link('trace/kinds', '../../trace/kinds')}; ${link('trace/README.md', '../../trace/README.md')} says how they are written.`,
    ...groups,
  ].join('\n\n');
}

function kindSection(kind: EventKind): string {
  const { doc, spec } = EVENT_KINDS[kind];
  const see = SEE[kind];
  return [
    `### ${kind}`,
    `${doc}${spec === undefined ? '' : ` *${spec}*`}${see.length === 0 ? '' : ` See ${see.join(', ')}.`}`,
    table(
      ['field', 'type', 'meaning'],
      Object.entries(fieldsOf(kind)).map(([name, field]) => [code(name), field.type, cell(field.doc)]),
    ),
  ].join('\n\n');
}

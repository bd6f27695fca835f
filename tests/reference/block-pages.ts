/** Which register block stands on which page, and where a driver finds it. */
import { configHeader } from '../../devices/pci/config-header.ts';
import { msixCapability, msixEntry, msixPending } from '../../devices/pci/msix-registers.ts';
import { pvpanicRegisters } from '../../devices/pci/pvpanic.ts';
import { cmosRegisters } from '../../devices/platform/cmos-registers.ts';
import {
  pm1ControlRegisters,
  resetControlRegisters,
  systemControlARegisters,
} from '../../devices/platform/control-ports.ts';
import { FW_CFG_ITEMS } from '../../devices/platform/fw-cfg.ts';
import { i8042CommandRegisters, i8042DataRegisters } from '../../devices/platform/i8042.ts';
import { postCodeRegisters, systemControlBRegisters } from '../../devices/platform/odd-ports.ts';
import { pitRegisters } from '../../devices/platform/pit.ts';
import { serialDivisorRegisters, serialRegisters } from '../../devices/platform/serial-registers.ts';
import { blkConfig } from '../../devices/virtio/blk-config-registers.ts';
import { commonConfig } from '../../devices/virtio/common-config-registers.ts';
import { consoleConfig } from '../../devices/virtio/console-config-registers.ts';
import { legacyHeader, legacyVectors } from '../../devices/virtio/legacy-registers.ts';
import { legacyMmioRegisters, mmioRegisters } from '../../devices/virtio/mmio-registers.ts';
import { p9Config } from '../../devices/virtio/p9-config-registers.ts';
import {
  configAccessCapability,
  notifyCapability,
  structureCapability,
} from '../../devices/virtio/pci-capabilities.ts';
import { isrStatus } from '../../devices/virtio/pci-isr.ts';
import { PORTS } from '../../vmm/memory-map.ts';
import { ACCESS_KEY, type BlockEntry, blockSection } from './block-section.ts';
import { cell, code, link, table } from './markdown.ts';

/** A page of register blocks. */
export interface BlockPage {
  readonly file: string;
  readonly title: string;
  /** What is told before the blocks, as Markdown. */
  readonly about: string;
  readonly blocks: readonly BlockEntry[];
  /** What has no table of registers, as Markdown with headings. */
  readonly more?: string;
}

const capability = (cfgType: string) =>
  `Described by a ${link(code('virtio_pci_cap'), '#virtio_pci_cap')} with \`cfg_type\` ${cfgType}.`;

function port(name: keyof typeof PORTS): string {
  const { base, length } = PORTS[name];
  return `I/O port 0x${base.toString(16)}${length === 1 ? '' : ` to 0x${(base + length - 1).toString(16)}`}.`;
}

/** Every page of register blocks. */
export const BLOCK_PAGES: readonly BlockPage[] = [
  {
    file: 'pci.md',
    title: 'PCI',
    about:
      'Configuration space of a function: 64 bytes of header, then its capabilities, a chain that begins at `capabilities_pointer` and in which byte 1 of each names the next. On this machine it is reached by configuration mechanism #1: a dword at port 0xcf8 selects function and register, port 0xcfc holds it.',
    blocks: [
      {
        block: configHeader,
        where: `Offsets 0x00 to 0x3f of configuration space. ${link('`capabilities_pointer`', '#config_header')} leads to ${link('`msix_capability`', '#msix_capability')} and ${link('`virtio_pci_cap`', 'virtio-pci.md#virtio_pci_cap')}.`,
        source: 'devices/pci/config-header.ts',
      },
      {
        block: msixCapability,
        where: `Capability 0x11. \`table\` and \`pba\` say in which BAR the entries (${link('`msix_entry`', '#msix_entry')}) and the pending bits (${link('`msix_pending`', '#msix_pending')}) are: BAR 1 on our virtio functions.`,
        source: 'devices/pci/msix-registers.ts',
      },
      {
        block: msixEntry,
        where: `One for each vector, where \`table\` of ${link('`msix_capability`', '#msix_capability')} says; ${link('common_cfg', 'virtio-pci.md#common_cfg')} chooses vectors by their number.`,
        source: 'devices/pci/msix-registers.ts',
      },
      {
        block: msixPending,
        where: `One for every 64 vectors, where \`pba\` of ${link('`msix_capability`', '#msix_capability')} says.`,
        source: 'devices/pci/msix-registers.ts',
      },
    ],
  },
  {
    file: 'virtio-pci.md',
    title: 'virtio over PCI',
    about: `A function is found by its ${link('configuration header', 'pci.md#config_header')} (vendor 0x1af4). Vendor capabilities (id 9) say in which BAR the structures lie: BAR 4 on our functions. Status, features and rings themselves are told of in ${link('virtio.md', 'virtio.md')}, what is each device's own in ${link('virtio-devices.md', 'virtio-devices.md')}.`,
    blocks: [
      {
        block: structureCapability,
        where: `In the chain that begins at ${link('`capabilities_pointer`', 'pci.md#config_header')}. \`cfg_type\` 1 is ${link('common_cfg', '#common_cfg')}, 2 the ${link('notification structure', '#notification-structure')}, 3 ${link('isr', '#isr')}, 4 the ${link("device's own configuration", 'virtio-devices.md')}, 5 ${link('virtio_pci_cfg_cap', '#virtio_pci_cfg_cap')}.`,
        source: 'devices/virtio/pci-capabilities.ts',
      },
      {
        block: notifyCapability,
        where: `A ${link('`virtio_pci_cap`', '#virtio_pci_cap')} with \`cfg_type\` 2: where the ${link('notification structure', '#notification-structure')} is.`,
        source: 'devices/virtio/pci-capabilities.ts',
      },
      {
        block: configAccessCapability,
        where: `A ${link('`virtio_pci_cap`', '#virtio_pci_cap')} with \`cfg_type\` 5: a way to the BARs through configuration space, for firmware.`,
        source: 'devices/virtio/pci-capabilities.ts',
      },
      {
        block: commonConfig,
        where: `${capability('1')} Negotiates ${link('features', 'virtio.md#feature-bits')}, moves the ${link('status', 'virtio.md#device-status')}, and sets up ${link('queues', 'virtio.md#areas-of-a-queue')}.`,
        source: 'devices/virtio/common-config-registers.ts',
      },
      { block: isrStatus, where: capability('3'), source: 'devices/virtio/pci-isr.ts' },
      {
        block: legacyHeader,
        where: `I/O BAR 0 of a function that has the legacy interface. Negotiates the low 32 ${link('features', 'virtio.md#feature-bits')}.`,
        source: 'devices/virtio/legacy-registers.ts',
      },
      {
        block: legacyVectors,
        where: `Behind ${link('legacy_header', '#legacy_header')} while ${link('MSI-X is enabled', 'pci.md#msix_capability-message_control')}; the ${link("device's own configuration", 'virtio-devices.md')} follows.`,
        source: 'devices/virtio/legacy-registers.ts',
      },
    ],
    more: `## Notification structure

${link('virtio_pci_notify_cap', '#virtio_pci_notify_cap')} says where it is. It has no registers: a write of any value at \`queue_notify_off\` (of ${link('common_cfg', '#common_cfg')}) times \`notify_off_multiplier\` rings the queue, and reads give 0. With ${link('NOTIFICATION_DATA', 'virtio.md#feature-bits')} the value says how far the driver has come. *virtio 1.2 §4.1.4.4 Notification structure layout*; ${link('devices/virtio/pci-notify.ts', '../../devices/virtio/pci-notify.ts')}.
`,
  },
  {
    file: 'virtio-mmio.md',
    title: 'virtio over MMIO',
    about: `One page of guest physical memory for each device, of which the kernel's command line tells. The ${link("device's own configuration", 'virtio-devices.md')} begins at 0x100.`,
    blocks: [
      {
        block: mmioRegisters,
        where: `The modern layout: \`Version\` 2. Negotiates ${link('features', 'virtio.md#feature-bits')}, moves the ${link('status', 'virtio.md#device-status')}, and sets up ${link('queues', 'virtio.md#areas-of-a-queue')}. Registers of 8 bytes are pairs of Low and High in the specification.`,
        source: 'devices/virtio/mmio-registers.ts',
      },
      {
        block: legacyMmioRegisters,
        where: `The legacy layout: \`Version\` 1. Negotiates ${link('features', 'virtio.md#feature-bits')}.`,
        source: 'devices/virtio/mmio-registers.ts',
      },
    ],
  },
  {
    file: 'virtio-devices.md',
    title: 'virtio: the configuration of each device',
    about: `The device-specific configuration: over PCI described by a ${link('`virtio_pci_cap`', 'virtio-pci.md#virtio_pci_cap')} with \`cfg_type\` 4 and behind the ${link('legacy header', 'virtio-pci.md#legacy_header')}, over MMIO at ${link('0x100', 'virtio-mmio.md')}. The entropy device has none. Feature bits of each are in ${link('virtio.md', 'virtio.md#feature-bits')}.`,
    blocks: [
      { block: blkConfig, where: 'Device type 2, the block device.', source: 'devices/virtio/blk-config-registers.ts' },
      {
        block: consoleConfig,
        where: 'Device type 3, the console.',
        source: 'devices/virtio/console-config-registers.ts',
      },
      {
        block: p9Config,
        where: `Device type 9, the 9P transport, with feature ${link('MOUNT_TAG', 'virtio.md#feature-bits')}. It ends with the last byte of the tag.`,
        source: 'devices/virtio/p9-config-registers.ts',
      },
    ],
    more: `## The 9P transport

Each chain of its one queue carries one ${link('9P request', '9p.md')} in the readable part and has room for the reply in the writable part. \`tag\` is what the guest mounts by.
`,
  },
  {
    file: 'platform.md',
    title: 'The platform: ports of a PC',
    about: `What a kernel expects of a PC before it has looked at any bus. Ports are those of ${link('vmm/memory-map.ts', '../../vmm/memory-map.ts')}.`,
    blocks: [
      {
        block: serialRegisters,
        where: `${port('com1')} Where \`DIVISOR_LATCH_ACCESS\` is set, the first two are ${link('serial-divisor', '#serial-divisor')}.`,
        source: 'devices/platform/serial-registers.ts',
      },
      {
        block: serialDivisorRegisters,
        where: `In place of the first two registers of ${link('serial', '#serial')}.`,
        source: 'devices/platform/serial-registers.ts',
      },
      {
        block: cmosRegisters,
        where: `Behind ${port('cmos').replace('.', ':')} the first selects a byte, the second holds it. Offsets are those bytes.`,
        source: 'devices/platform/cmos-registers.ts',
      },
      { block: pitRegisters, where: port('pit'), source: 'devices/platform/pit.ts' },
      { block: i8042DataRegisters, where: port('keyboardData'), source: 'devices/platform/i8042.ts' },
      { block: i8042CommandRegisters, where: port('keyboardCommand'), source: 'devices/platform/i8042.ts' },
      { block: systemControlARegisters, where: port('systemControlA'), source: 'devices/platform/control-ports.ts' },
      { block: systemControlBRegisters, where: port('systemControlB'), source: 'devices/platform/odd-ports.ts' },
      { block: postCodeRegisters, where: port('postCode'), source: 'devices/platform/odd-ports.ts' },
      {
        block: resetControlRegisters,
        where: 'I/O port 0xcf9, as a byte.',
        source: 'devices/platform/control-ports.ts',
      },
      { block: pm1ControlRegisters, where: port('pm1aControl'), source: 'devices/platform/control-ports.ts' },
      {
        block: pvpanicRegisters,
        where: `BAR 0 of the ${link('PCI function', 'pci.md#config_header')} pvpanic-pci.`,
        source: 'devices/pci/pvpanic.ts',
      },
    ],
    more: `## fw_cfg

${port('fwCfg')} A word written to the first selects an item, each byte read from the second is the next one of it. *QEMU docs/specs/fw_cfg Firmware Configuration Items*; ${link('devices/platform/fw-cfg.ts', '../../devices/platform/fw-cfg.ts')}.

${table(
  ['key', 'item', 'holds'],
  FW_CFG_ITEMS.map(({ key, name, doc }) => [`0x${key.toString(16)}`, code(name), cell(doc)]),
)}`,
  },
];

/** The text of such a page, without its title. */
export function blockPage({ about, blocks, more }: BlockPage): string {
  const list = blocks.map(({ block }) => `- ${link(code(block.name), `#${block.name.toLowerCase()}`)}`);
  return [about, ACCESS_KEY, list.join('\n'), ...blocks.map(blockSection), ...(more === undefined ? [] : [more])].join(
    '\n\n',
  );
}

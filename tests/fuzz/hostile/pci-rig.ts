import { Bus } from '../../../devices/bus.ts';
import { assignBars } from '../../../devices/pci/assign-bars.ts';
import { configHeader } from '../../../devices/pci/config-header.ts';
import { msixEntry } from '../../../devices/pci/msix-registers.ts';
import { PciBus } from '../../../devices/pci/pci-bus.ts';
import type { AccessWidth, BusTarget } from '../../../devices/ports.ts';
import { commonConfig } from '../../../devices/virtio/common-config-registers.ts';
import { LegacyDriverTransport } from '../../../devices/virtio/fake-driver/legacy-driver-transport.ts';
import { type FoundCapability, PciDriver } from '../../../devices/virtio/fake-driver/pci-driver.ts';
import { PciDriverTransport } from '../../../devices/virtio/fake-driver/pci-driver-transport.ts';
import { legacyHeader, legacyVectors } from '../../../devices/virtio/legacy-registers.ts';
import { CFG_TYPE } from '../../../devices/virtio/pci-capabilities.ts';
import { type PciInterfaces, VirtioPciTransport } from '../../../devices/virtio/pci-transport.ts';
import { throughConfig } from './config-access.ts';
import type { PciReach, Rig, RigParts } from './rig.ts';
import { configRows, type Row, Window } from './window.ts';
import { CommonWire, LegacyWire, type Wire } from './wires.ts';

const MSIX = 0x11;
const COMMAND_REGISTER = 0x04;
const ALL = 0x0007;
const WINDOWS = {
  io: { base: 0xc000, length: 0x1000 },
  memory: { base: 0xe000_0000, length: 0x10_0000 },
} as const;
/** Where interrupt messages go. */
export const MESSAGES = { address: 0xfee0_0000, data: 0x40 } as const;

const STRUCTURES = Object.entries(CFG_TYPE);
const ROWS: Readonly<Record<string, readonly Row[]>> = { common: commonConfig.describe() };

/** A virtio PCI function; with `bare`, a driver that reaches its structures through configuration space alone. */
export function pciRig(parts: RigParts, interfaces: PciInterfaces, { bare = false } = {}): Rig {
  const ports = new Bus('pio', 0x1_0000);
  const memory = new Bus('mmio', 2 ** 46);
  const { count, signals } = parts;
  const bus = new PciBus({ ports, memory, interrupts: [signals.line] });
  const transport = new VirtioPciTransport({
    ...parts,
    messages: {
      send: () => {
        signals.messages += 1;
      },
    },
    doorbells: parts.bells,
    interfaces,
  });
  const { pci } = transport;
  bus.attach(pci, 3);
  const space = {
    read: (offset: number, width: AccessWidth) => pci.readConfig(offset, width),
    write: (offset: number, width: AccessWidth, value: number) => pci.writeConfig(offset, width, value),
  };
  const { capabilities } = new PciDriver(space, memory);
  const config = new Window('config', space, {
    length: 256,
    rows: [...configHeader.describe(), ...capabilities.flatMap(capabilityRows)],
    count,
  });
  const target = (index: number): BusTarget | undefined => pci.bars.find((bar) => bar.index === index)?.target;
  const windows = new Map<string, Window>();
  for (const { id, type, bar, offset, length } of capabilities) {
    const name = STRUCTURES.find(([, value]) => value === type)?.[0];
    const inBar = target(bar);
    if (id === MSIX || name === undefined || name === 'pciAccess' || inBar === undefined) continue;
    const rows = name === 'device' ? configRows(length) : (ROWS[name] ?? []);
    windows.set(name, new Window(name, within(inBar, offset), { length, rows, count }));
  }
  const io = target(0);
  const legacyRows = [
    ...legacyHeader.describe(),
    ...shifted(legacyVectors.describe(), legacyHeader.length),
    ...configRows(parts.device.configLength, legacyHeader.length),
  ];
  const barLength = (index: number) => pci.bars.find((bar) => bar.index === index)?.length ?? 0;
  if (io !== undefined && interfaces.legacy)
    windows.set('legacy', new Window('legacy', io, { length: barLength(0), rows: legacyRows, count }));
  const messages = target(1);
  const table =
    messages && new Window('msix', messages, { length: barLength(1), rows: tableRows(capabilities, space), count });

  const reach: PciReach = {
    config,
    table,
    msixControl: plus(capabilities.find(({ id }) => id === MSIX)?.at, 2),
    access: capabilities.find(({ id, type }) => id !== MSIX && type === CFG_TYPE.pciAccess)?.at,
    memory: new Window('memory bus', memory, { length: 2 ** 46, rows: [], count }),
    ports: new Window('I/O bus', ports, { length: 0x1_0000, rows: [], count }),
    bars: pci.bars.map(({ index, kind, length }) => ({ register: 0x10 + 4 * index, memory: kind !== 'io', length })),
  };
  const tidy = () => {
    assignBars(bus, WINDOWS);
    pci.writeConfig(COMMAND_REGISTER, 2, ALL);
    if (reach.msixControl !== undefined) pci.writeConfig(reach.msixControl, 2, 0);
  };
  tidy();
  return {
    windows: [config, ...windows.values(), ...(table ? [table] : [])],
    wires: wiresOf(windows, bare ? reach : undefined),
    tidy,
    powerOn: () => bus.reset(),
    driver(wait) {
      const driver = new PciDriver(space, memory);
      const options = { wait, ...(reach.msixControl !== undefined && { messages: MESSAGES }) };
      const enough = parts.vectors === undefined || parts.vectors > parts.device.queueSizes.length;
      const chosen = enough ? options : { wait };
      return interfaces.modern
        ? new PciDriverTransport(driver, chosen)
        : new LegacyDriverTransport(driver, ports, chosen);
    },
    pci: reach,
  };
}

function wiresOf(windows: ReadonlyMap<string, Window>, bare: PciReach | undefined): Wire[] {
  const [common, notify, isr, legacy] = ['common', 'notify', 'isr', 'legacy'].map((name) => windows.get(name));
  const wires: Wire[] = [];
  if (common !== undefined && bare?.access !== undefined)
    wires.push(throughConfig(bare.config, bare.access, windows.has('device') ? 3 : 2));
  else if (common !== undefined)
    wires.push(
      new CommonWire(
        'common',
        common,
        (queue, data) => notify?.write(4 * queue, data === 0 ? 2 : 4, queue + data * 2 ** 16),
        () => isr?.read(0, 1),
      ),
    );
  if (legacy !== undefined) wires.push(new LegacyWire(legacy));
  return wires;
}

/** The dwords of a capability, and its registers of two bytes. */
function capabilityRows({ at, id }: FoundCapability): readonly Row[] {
  const dwords = (id === MSIX ? [0, 4, 8] : [0, 4, 8, 12, 16]).map((offset) => ({
    name: `capability_${at.toString(16)}_${offset}`,
    at: at + offset,
    width: 4,
  }));
  return id === MSIX ? [...dwords, { name: 'message_control', at: at + 2, width: 2 }] : dwords;
}

/** The entries of the table, and the first pending bits. */
function tableRows(capabilities: readonly FoundCapability[], space: Pick<BusTarget, 'read'>): readonly Row[] {
  const at = capabilities.find(({ id }) => id === MSIX)?.at ?? 0;
  const vectors = (space.read(at + 2, 2) & 0x7ff) + 1;
  const pending = Math.floor(space.read(at + 8, 4) / 8) * 8;
  const entries = Array.from({ length: vectors }, (_, vector) =>
    shifted(msixEntry.describe(), vector * msixEntry.length).map((row) => ({ ...row, name: `${row.name}_${vector}` })),
  );
  return [...entries.flat(), { name: 'pending_bits', at: pending, width: 8 }];
}

function shifted(rows: readonly Row[], by: number): readonly Row[] {
  return rows.map(({ name, at, width }) => ({ name, at: at + by, width }));
}

/** A part of a BAR, from `start` on. */
function within(bar: BusTarget, start: number): Pick<BusTarget, 'read' | 'write'> {
  return {
    read: (offset, width) => bar.read(start + offset, width),
    write: (offset, width, value) => bar.write(start + offset, width, value),
  };
}

function plus(at: number | undefined, more: number): number | undefined {
  return at === undefined ? undefined : at + more;
}

import { formatSize } from '../memory-map.ts';
import { columns } from '../options/reference.ts';
import type {
  FileReport,
  FunctionReport,
  MachineReport,
  MmioReport,
  ShareReport,
  VirtioReport,
} from './machine-report.ts';

/** Columns of a line. */
const WIDTH = 120;

/** The report for people, in sections; it ends with a newline. */
export function showReport(report: MachineReport): string {
  const { accelerator, cpus, memory, ports, pci, mmio, shares, devices, boot } = report;
  const sections: readonly (readonly [title: string, lines: readonly string[]])[] = [
    ['Machine', [`accelerator ${accelerator}, ${plural(cpus, 'CPU')}, ${formatSize(memory.bytes)} of RAM`]],
    ['Memory', table(memory.map.map(({ base, length, name, doc }) => [range(base, length, 9), `${name}: ${doc}`]))],
    ['Ports', table(ports.map(({ base, length, name, doc }) => [range(base, length, 4), `${name}: ${doc}`]))],
    ['PCI bus 0', pci.flatMap(functionLines)],
    ['virtio-mmio', mmio.flatMap(mmioLines)],
    ['Shares', shares.flatMap(shareLines)],
    ['Other devices', devices.map(fields)],
    ['Boot', bootLines(boot)],
  ];
  return sections
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => `${title}:\n${lines.map((line) => `  ${line}\n`).join('')}`)
    .join('\n');
}

function functionLines(found: FunctionReport): string[] {
  const { slot, number, name, vendorId, deviceId, classCode, revision, bars, interrupt, capabilities, vectors } = found;
  const ids = `${hex(vendorId, 4)}:${hex(deviceId, 4)}`;
  const subsystem = `${hex(found.subsystemVendorId, 4)}:${hex(found.subsystemId, 4)}`;
  return [
    `${hex(slot, 2)}.${number} ${name}: ${ids}, class ${hex(classCode, 6)}, revision ${revision}, subsystem ${subsystem}`,
    ...bars.map(
      (bar) => `     BAR ${bar.index}: ${bar.kind} at ${range(bar.address, bar.length, 4)}, ${formatSize(bar.length)}`,
    ),
    ...(interrupt ? [`     pin ${interrupt.pin}: GSI ${interrupt.gsi}`] : []),
    ...(capabilities.length > 0
      ? [`     capabilities: ${capabilities.map(({ at, name: what }) => `${what} at ${hex(at, 2)}`).join(', ')}`]
      : []),
    ...(vectors > 0 ? [`     ${plural(vectors, 'MSI-X vector')}`] : []),
    ...(found.virtio ? virtioLines(found.virtio) : []),
  ];
}

function mmioLines({ base, length, irq, virtio }: MmioReport): string[] {
  return [`${range(base, length, 4)}, IRQ ${irq}`, ...virtioLines(virtio)];
}

function virtioLines({ deviceId, type, interfaces, queues, features, mountTag }: VirtioReport): string[] {
  const tag = mountTag === undefined ? '' : `, tag '${mountTag}'`;
  const sizes = queues.length === 1 ? `1 queue of ${queues[0]}` : `${queues.length} queues of ${queues.join(', ')}`;
  return [
    `     virtio ${deviceId}, ${type}${tag}: ${interfaces.join(' and ')}, ${sizes}`,
    `     offers ${features.join(' ')}`,
  ];
}

function shareLines({ mountTag, driver, mountAt, options, virtio }: ShareReport): string[] {
  const where = mountAt === false ? 'not mounted by init' : `mounted at ${mountAt}`;
  return [
    `${mountTag}: ${driver}, ${where}`,
    ...(Object.keys(options).length > 0 ? [`     ${fields(options)}`] : []),
    ...(Object.keys(virtio).length > 0 ? [`     device: ${fields(virtio)}`] : []),
  ];
}

function bootLines({ kernel, entry, initrd, root, commandLine }: MachineReport['boot']): string[] {
  const start = entry === undefined ? '' : `, entered at 0x${entry.address.toString(16)} in ${entry.mode} mode`;
  return [
    `kernel ${file(kernel)}${start}`,
    ...(initrd ? [`initrd ${file(initrd)}`] : []),
    ...(root ? [`root ${file(root)}, ${root.readonly ? 'read-only' : 'writable'}, process 1 is ${root.init}`] : []),
    ...(root?.ours ? [`${root.init} is ${file(root.ours)}`] : []),
    `command line: ${commandLine}`,
  ];
}

function file({ path, state }: FileReport): string {
  return state === 'present' ? path : `${path} (not there yet: it would be made first)`;
}

function fields(values: object): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : value}`)
    .join(', ');
}

function table(rows: readonly (readonly [string, string])[]): string[] {
  const text = columns(
    rows.map(([written, meaning]) => ({ written, meaning })),
    WIDTH,
  );
  return text.split('\n').map((line) => line.slice(2));
}

/** First and last address. */
function range(base: number, length: number, digits: number): string {
  return `0x${hex(base, digits)}-0x${hex(base + length - 1, digits)}`;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

import { configHeader } from '../../devices/pci/config-header.ts';
import { dumpConfig, type FoundBar, mapBars, qosConfig } from './pci.ts';
import type { Qtest } from './qtest.ts';

const COMMAND = 0x04;

/** What can be seen of a function without a driver. */
export interface FunctionDump {
  /** 256 bytes, after its BARs were given addresses. */
  readonly config: Uint8Array;
  readonly bars: readonly FoundBar[];
}

/** Gives the BARs of the function in a slot addresses, and reads all of its configuration space; then the function is disabled. */
export function dumpFunction(qtest: Qtest, slot: number): FunctionDump {
  const config = qosConfig(qtest.ports, slot);
  const bars = mapBars(config);
  const dump = { config: dumpConfig(config), bars };
  config.write(COMMAND, 2, 0);
  return dump;
}

/** A dump as `lspci -F` reads it, wherever the function was. */
export function lspciFile({ config }: FunctionDump): string {
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
  const lines = Array.from({ length: config.length / 16 }, (_, row) => {
    const bytes = [...config.subarray(16 * row, 16 * row + 16)].map((byte) => hex(byte, 2));
    return `${hex(16 * row, 2)}: ${bytes.join(' ')}`;
  });
  return `00:00.0 virtio\n${lines.join('\n')}\n\n`;
}

/** The BARs and the header, a line for each BAR and for each register. */
export function describeFunction({ config, bars }: FunctionDump): string[] {
  const view = new DataView(config.buffer, config.byteOffset, config.length);
  const value = (at: number, width: number): number =>
    width === 1 ? view.getUint8(at) : width === 2 ? view.getUint16(at, true) : view.getUint32(at, true);
  return [
    ...bars.map(({ index, kind, prefetchable, length, address }) => {
      return `BAR ${index}: ${kind}${prefetchable ? ' prefetchable' : ''}, ${length} bytes at 0x${address.toString(16)}`;
    }),
    ...configHeader.describe().map(({ name, at, width }) => `${name} = 0x${value(at, width).toString(16)}`),
  ];
}

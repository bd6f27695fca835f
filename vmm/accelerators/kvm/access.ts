import type { IoExit, MmioExit } from 'node-kvm';
import type { AccessWidth } from '../../../devices/ports.ts';
import type { AccessHandler } from '../../accelerator.ts';

/** Answers a port exit in place; a string instruction is as many accesses as it has elements. */
export function answerIo(exit: IoExit, handler: AccessHandler): void {
  const { data, size, port } = exit;
  const width = size as AccessWidth;
  for (let at = 0; at < data.length; at += size) {
    if (exit.direction === 'in') store(data, at, width, handler.read('pio', port, width));
    else handler.write('pio', port, width, load(data, at, width));
  }
}

/** Answers an MMIO exit in place; lengths that are no access width are split into ones that are, low bytes first. */
export function answerMmio(exit: MmioExit, handler: AccessHandler): void {
  const { data, length } = exit;
  const base = Number(exit.address);
  for (let at = 0; at < length; ) {
    const rest = length - at;
    const width: AccessWidth = rest >= 4 ? 4 : rest >= 2 ? 2 : 1;
    if (exit.isWrite) handler.write('mmio', base + at, width, load(data, at, width));
    else store(data, at, width, handler.read('mmio', base + at, width));
    at += width;
  }
}

function load(data: Uint8Array, at: number, width: AccessWidth): number {
  let value = 0;
  for (let i = width - 1; i >= 0; i--) value = value * 256 + (data[at + i] ?? 0);
  return value;
}

function store(data: Uint8Array, at: number, width: AccessWidth, value: number): void {
  for (let i = 0; i < width; i++) data[at + i] = (value >>> (8 * i)) & 0xff;
}

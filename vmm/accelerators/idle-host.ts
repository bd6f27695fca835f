import type { Gpa } from '../../devices/ports.ts';
import type { AcceleratorOptions, DeviceHost } from '../accelerator.ts';

/**
 * Something to wire a machine to that executes nothing and keeps nothing: the machine can be looked at, whatever its size.
 * What is written to its memory is forgotten; nothing rings, and no interrupt arrives.
 */
export function idleHost({ ram }: Pick<AcceleratorOptions, 'ram'>): DeviceHost {
  const isRam = (address: Gpa, length: number) =>
    ram.some((range) => address >= range.base && address + length <= range.base + range.length);
  return {
    memory: { view: (address, length) => (isRam(address, length) ? new Uint8Array(length) : undefined) },
    doorbells: { bind: () => () => {} },
    messages: { send() {} },
    clock: { now: () => Date.now(), monotonicMs: () => performance.now() },
    concurrent: false,
    line: () => ({ set() {} }),
  };
}

import type { Gpa } from '../../devices/ports.ts';
import type { Accelerator, AcceleratorOptions } from '../accelerator.ts';

/**
 * An accelerator that executes nothing and keeps nothing: a machine can be wired to it and looked at, whatever its size.
 * What is written to its memory is forgotten; nothing rings, and no interrupt arrives.
 */
export function idleAccelerator(kind: Accelerator['kind'], { ram }: Pick<AcceleratorOptions, 'ram'>): Accelerator {
  const isRam = (address: Gpa, length: number) =>
    ram.some((range) => address >= range.base && address + length <= range.base + range.length);
  return {
    kind,
    memory: { view: (address, length) => (isRam(address, length) ? new Uint8Array(length) : undefined) },
    doorbells: { bind: () => () => {} },
    messages: { send() {} },
    clock: { now: () => Date.now(), monotonicMs: () => performance.now() },
    line: () => ({ set() {} }),
    start() {},
    onStop() {},
    async pause() {},
    resume() {},
    async stop() {},
    async reset() {},
    async close() {},
  };
}

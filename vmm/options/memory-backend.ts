/** Guest RAM that other processes see: `--object memory-backend-memfd`, and the machine that names it. */
import { UsageError } from '../usage-error.ts';
import { readWithFirstKey } from './first-key.ts';
import { MEMORY_RANGE } from './machine.ts';
import { identifier, oneOf, onOff, size } from './value-type.ts';

/** The keys of `--object`; the first may lack its name. @spec QEMU invocation, -object memory-backend-memfd */
export const OBJECT = {
  type: {
    type: oneOf('memory-backend-memfd', 'memory-backend-ram', 'memory-backend-file'),
    doc: 'guest RAM as a file in memory, which other processes can map as /proc/PID/fd/N',
    required: true,
    notYet: ['memory-backend-ram', 'memory-backend-file'],
    instead: 'use memory-backend-memfd',
  },
  id: { type: identifier, doc: 'what --machine memory-backend=ID calls it', required: true },
  size: {
    type: size(MEMORY_RANGE.least, MEMORY_RANGE.most, 2 ** 20, 'B'),
    doc: 'all of guest RAM; without suffix in bytes',
    required: true,
  },
  share: { type: onOff, doc: 'writes are seen by others (default on)', notYet: ['off'] },
} as const;

/** What the options say of guest RAM. */
export interface MemoryOptions {
  /** Of `--memory`, in bytes. */
  readonly memory: number | undefined;
  readonly objects: readonly string[];
  /** The object that `--machine` names. */
  readonly named: string | undefined;
}

/** As much of a machine's configuration as they come to. Throws UsageError. */
export function readMemory({ memory, objects, named }: MemoryOptions): {
  readonly memory?: number;
  readonly memoryBacking?: 'memfd';
} {
  const backends = objects.map((text) => readWithFirstKey('--object', OBJECT, 'type', text));
  const backend = backends.find(({ id }) => id === named);
  const stray = backends.find((other) => other !== backend);
  if (stray !== undefined) {
    throw new UsageError(
      `--object: nothing uses id=${stray.id}; add --machine memory-backend=${stray.id}, or leave it out`,
    );
  }
  if (backend === undefined) {
    if (named !== undefined) {
      throw new UsageError(`--machine: there is no --object with id=${named}; add one, or leave out memory-backend`);
    }
    return memory === undefined ? {} : { memory };
  }
  if (memory !== undefined && memory !== backend.size) {
    throw new UsageError(
      `--object: size of ${backend.id} is not that of --memory; give the same, or leave out --memory`,
    );
  }
  return { memory: backend.size, memoryBacking: 'memfd' };
}

import { MAX_CPUS } from '../limits.ts';
import { identifier, integer, oneOf, onOff, size } from './value-type.ts';

const MIB = 2 ** 20;

/** Guest RAM, in bytes: the least and most `-m` takes. */
export const MEMORY_RANGE = { least: MIB, most: 2 ** 40 } as const;

/** The keys of `--memory`; the first may lack its name. @spec QEMU 9psetup and invocation, -m */
export const MEMORY = {
  size: {
    type: size(MEMORY_RANGE.least, MEMORY_RANGE.most, MIB, 'M'),
    doc: 'guest RAM; without suffix in MiB (default 256M)',
    required: true,
  },
  slots: { type: integer(0, 256), doc: 'slots for more memory', notYet: true },
  maxmem: { type: size(MEMORY_RANGE.least, MEMORY_RANGE.most, MIB, 'M'), doc: 'most memory', notYet: true },
} as const;

/** The keys of `--smp`; the first may lack its name. @spec QEMU invocation, -smp */
export const SMP = {
  cpus: { type: integer(1, MAX_CPUS), doc: `processors, 1 to ${MAX_CPUS} (default 1)`, required: true },
  maxcpus: { type: integer(1, MAX_CPUS), doc: 'most processors', notYet: true },
  sockets: { type: integer(1, MAX_CPUS), doc: 'sockets', notYet: true },
  dies: { type: integer(1, MAX_CPUS), doc: 'dies in a socket', notYet: true },
  cores: { type: integer(1, MAX_CPUS), doc: 'cores in a die', notYet: true },
  threads: { type: integer(1, MAX_CPUS), doc: 'threads in a core', notYet: true },
} as const;

/** What can execute a guest; `tcg`, QEMU's name for its own, is one for the software CPU. */
const EXECUTOR = {
  type: oneOf('kvm', 'software', 'auto', 'tcg', 'qtest'),
  doc: 'what executes the guest; qtest: nothing does',
} as const;

/** The keys of `--accel`; the first may lack its name. @spec QEMU invocation, -accel */
export const ACCEL = { accel: { ...EXECUTOR, required: true } } as const;

/** The keys of `--console`; the first may lack its name. */
export const CONSOLE = {
  place: { type: oneOf('auto', 'virtio', 'serial'), doc: 'where the shell is', required: true },
} as const;

/** The keys of `--machine`; the first may lack its name. tsvmm has one machine, whichever is named, and `none`. */
export const MACHINE = {
  type: { type: oneOf('pc', 'q35', 'none'), doc: 'kind of machine' },
  accel: EXECUTOR,
  'kernel-irqchip': {
    type: oneOf('on', 'split', 'off'),
    doc: 'where interrupt controllers live',
    notYet: ['split', 'off'],
  },
  'memory-backend': { type: identifier, doc: 'id of the --object that is guest RAM' },
  usb: { type: onOff, doc: 'a USB controller', notYet: ['on'] },
} as const;

/** The keys of `--cpu`; the guest sees the host's processor. */
export const CPU = {
  model: { type: oneOf('host', 'max'), doc: 'processor the guest sees', required: true },
} as const;

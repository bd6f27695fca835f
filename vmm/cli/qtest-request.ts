import type { VirtualMachineConfig } from '../config.ts';
import type { Sockets } from '../options/sockets.ts';
import type { QtestRequest } from '../qtest/start-qtest.ts';
import { UsageError } from '../usage-error.ts';
import type { RawRunOptions, RunOptionName } from './run-options.ts';

/** Options of what runs on a CPU. */
const FOR_A_CPU = [
  'kernel',
  'initrd',
  'append',
  'root',
  'init',
  'cwd',
  'env',
  'mount',
  'verbose',
] as const satisfies readonly (RunOptionName & keyof RawRunOptions)[];

/** Makes the request of a machine without a CPU. Throws UsageError for what needs one. */
export function readQtestRequest(
  raw: RawRunOptions,
  command: readonly string[] | undefined,
  machine: 'pc' | 'none',
  { memory, memoryBacking, cpus, shares = [], devices = [] }: VirtualMachineConfig,
  { qtest, monitors }: Sockets,
): QtestRequest {
  const stray = FOR_A_CPU.find((name) => raw[name] !== undefined);
  if (stray !== undefined)
    throw new UsageError(`--${stray}: with --accel qtest there is no CPU to run a guest; leave it out`);
  if (command !== undefined) throw new UsageError('with --accel qtest there is no CPU to run COMMAND; leave it out');
  if (machine === 'none' && shares.length + devices.length > 0) {
    throw new UsageError('--machine none: it has no bus for devices; leave them out, or use --machine pc');
  }
  if (machine === 'none' && raw.inspect !== undefined) {
    throw new UsageError('--inspect: --machine none has nothing to show; leave out one of them');
  }
  if (qtest === undefined && monitors.length === 0) {
    throw new UsageError('--accel qtest: nothing drives the machine; add --qtest unix:PATH');
  }
  return {
    config: {
      machine,
      shares,
      devices,
      ...(memory === undefined ? {} : { memory }),
      ...(memoryBacking === undefined ? {} : { memoryBacking }),
      ...(cpus === undefined ? {} : { cpus }),
    },
    monitors,
    ...(qtest === undefined ? {} : { socket: qtest }),
    ...(raw.qtestLog === undefined ? {} : { log: raw.qtestLog }),
  };
}

/**
 * The commands of the monitor: a row each, from which come the check of arguments and the answer to `query-commands`.
 *
 * @spec QEMU docs/interop/qmp-spec QEMU Machine Protocol Specification; the schema of QEMU in qapi/
 */
import { MAX_CPUS } from '../limits.ts';
import { listTypes } from './object-types.ts';
import { QmpError } from './qmp-error.ts';

/** What a monitor watches and steers. */
export interface MonitoredMachine {
  readonly name?: string;
  /** What the machine does, by QEMU's names. */
  readonly status: 'running' | 'prelaunch' | 'shutdown';
  /** Resets the machine; the reset is announced as an event. Absent where that cannot be done. */
  readonly reset?: (() => void | Promise<void>) | undefined;
  /** Ends the machine, as pulling the plug would. */
  quit(): void;
}

/** A JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The types of arguments. */
interface ArgumentTypes {
  readonly boolean: boolean;
  readonly string: string;
  readonly array: readonly unknown[];
}

interface QmpCommand {
  /** The arguments it knows, all of which may be left out. */
  readonly takes: Readonly<Record<string, keyof ArgumentTypes>>;
  readonly doc: string;
  /** Does it and gives what is returned. Throws QmpError. */
  readonly run: (machine: MonitoredMachine, given: JsonObject) => unknown;
}

/** The machines there are, as `query-machines` tells them. @spec QEMU qapi/machine.json MachineInfo */
const MACHINES = [
  { name: 'pc', 'is-default': true, 'cpu-max': MAX_CPUS },
  { name: 'none', 'cpu-max': 1 },
].map((machine) => ({ ...machine, 'hotpluggable-cpus': false, 'numa-mem-supported': false, deprecated: false }));

/** The version of QEMU whose answers these are like, and what gives them. */
export const VERSION = { qemu: { major: 7, minor: 2, micro: 0 }, package: 'tsvmm' } as const;

/** Every command, by name, but `qmp_capabilities`, which is the session's. */
export const QMP_COMMANDS: Readonly<Record<string, QmpCommand>> = {
  'query-version': { takes: {}, doc: 'the version of QEMU this is like', run: () => VERSION },
  'query-commands': {
    takes: {},
    doc: 'the commands there are',
    run: () => ['qmp_capabilities', ...Object.keys(QMP_COMMANDS)].map((name) => ({ name })),
  },
  'query-name': {
    takes: {},
    doc: 'the name of the machine',
    run: ({ name }) => (name === undefined ? {} : { name }),
  },
  'query-status': {
    takes: {},
    doc: 'whether the machine runs',
    run: ({ status }) => ({ running: status === 'running', singlestep: false, status }),
  },
  'query-machines': { takes: {}, doc: 'the machines there are', run: () => MACHINES },
  'qom-list-types': {
    takes: { implements: 'string', abstract: 'boolean' },
    doc: 'the types of devices and machines, by ancestor',
    run: (_machine, { implements: ancestor, abstract }) =>
      listTypes(ancestor as string | undefined, abstract as boolean | undefined),
  },
  system_reset: {
    takes: {},
    doc: 'resets the machine; RESET announces it',
    run(machine) {
      if (machine.reset === undefined) throw new QmpError('This machine cannot be reset');
      setImmediate(() => void machine.reset?.());
      return {};
    },
  },
  quit: {
    takes: {},
    doc: 'ends the machine; SHUTDOWN announces it',
    run(machine) {
      setImmediate(() => machine.quit());
      return {};
    },
  },
};

/** Does a command. Throws QmpError for one that is not known, for arguments it does not take, and where it fails. */
export function performCommand(name: string, given: JsonObject, machine: MonitoredMachine): unknown {
  const command = Object.hasOwn(QMP_COMMANDS, name) ? QMP_COMMANDS[name] : undefined;
  if (command === undefined) throw new QmpError(`The command ${name} has not been found`, 'CommandNotFound');
  checkArguments(command.takes, given);
  return command.run(machine, given);
}

/** Throws QmpError for an argument that is not known, or of the wrong type. */
export function checkArguments(takes: QmpCommand['takes'], given: JsonObject): void {
  for (const [name, value] of Object.entries(given)) {
    const type = Object.hasOwn(takes, name) ? takes[name] : undefined;
    if (type === undefined) throw new QmpError(`Parameter '${name}' is unexpected`);
    const matches = type === 'array' ? Array.isArray(value) : typeof value === type;
    if (!matches) throw new QmpError(`Invalid parameter type for '${name}', expected: ${type}`);
  }
}

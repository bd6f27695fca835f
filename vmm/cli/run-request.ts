import { mountPoint, namesRoot } from '../boot-plan.ts';
import type { SocketEndpoint } from '../chardev/socket-endpoint.ts';
import type { VirtualMachineConfig } from '../config.ts';
import type { DomainOptions } from '../domain/domain-draft.ts';
import { type DomainReader, readDomainFile } from '../domain/domain-file.ts';
import { parseDevice } from '../options/device.ts';
import { collectDevices } from '../options/devices.ts';
import { readWithFirstKey } from '../options/first-key.ts';
import { type InspectRequest, parseInspect } from '../options/inspect.ts';
import { ACCEL, CONSOLE, MACHINE, MEMORY, SMP } from '../options/machine.ts';
import { readMemory } from '../options/memory-backend.ts';
import { parseRoot } from '../options/root.ts';
import { collectShares } from '../options/shares.ts';
import { collectSockets } from '../options/sockets.ts';
import { parseTrace, type TraceRequest } from '../options/trace.ts';
import { oneOf } from '../options/value-type.ts';
import type { QtestRequest } from '../qtest/start-qtest.ts';
import { UsageError } from '../usage-error.ts';
import { readQtestRequest } from './qtest-request.ts';
import type { RawRunOptions } from './run-options.ts';

/** A command to run in the guest in place of a shell. */
export interface GuestCommand {
  /** Program and arguments, at least one. */
  readonly argv: readonly string[];
  readonly cwd?: string;
  readonly env: Readonly<Record<string, string>>;
}

/** What `tsvmm run` was asked for. */
export interface RunRequest {
  readonly config: VirtualMachineConfig;
  readonly command?: GuestCommand;
  readonly trace?: TraceRequest;
  /** File for a recording of everything that happens. */
  readonly record?: string;
  /** A page that shows the machine. */
  readonly inspect?: InspectRequest;
  /** Print the machine in place of starting it. */
  readonly dryRun?: DryRunFormat;
  /** What of a domain's file is not done as it is written, one line each. */
  readonly notices?: readonly string[];
  /** Monitors of the guest. */
  readonly monitors?: readonly SocketEndpoint[];
  /** A machine without a CPU is asked for, in place of a guest. */
  readonly qtest?: QtestRequest;
}

/** How the machine is printed. */
export type DryRunFormat = 'text' | 'json';

const DRY_RUN_FORMATS = oneOf('text', 'json');

/**
 * Reads the values of a command line of `tsvmm run`; nothing of the host is looked at but the file of `--domain`. Throws
 * UsageError for a value that cannot be read and for options that contradict each other.
 */
export function readRunRequest(
  given: RawRunOptions,
  command: readonly string[] | undefined,
  readDomain: DomainReader = readDomainFile,
): RunRequest {
  for (const [name, value] of Object.entries({ ...given, 'qtest-log': given.qtestLog })) {
    if (FILES.includes(name) && value === '') throw new UsageError(`--${name} is empty; name a file`);
  }
  const domain = given.domain === undefined ? undefined : readDomain(given.domain, given.kernel !== undefined);
  const raw = domain === undefined ? given : besideDomain(domain.options, given);
  if (command?.length === 0) throw new UsageError('there is no command after --; write tsvmm run ... -- COMMAND');
  for (const { when, line } of CONTRADICTIONS) {
    if (when(raw, command)) throw new UsageError(line);
  }
  if (raw.cwd !== undefined) requireAbsolute('--cwd', raw.cwd);
  if (raw.init !== undefined) requireAbsolute('--init', raw.init);
  const env = readEnvironment(raw.env ?? []);
  const { machine, accel, ram } = readExecutor(raw, domain?.options.accel);
  const config = readConfig(raw, ram);
  const { qtest, qmp = [], chardev = [], mon = [] } = raw;
  const sockets = collectSockets({ qtest, qmp, chardev, mon });
  const traces = {
    ...(raw.trace === undefined ? {} : { trace: parseTrace(raw.trace) }),
    ...(raw.record === undefined ? {} : { record: raw.record }),
    ...(raw.inspect === undefined ? {} : { inspect: parseInspect(raw.inspect) }),
  };
  if (accel === 'qtest') {
    if (raw.dryRun !== undefined)
      throw new UsageError('--dry-run: under qtest a client gives the BARs their addresses; leave one of them out');
    return { config, qtest: readQtestRequest(raw, command, machine, config, sockets), ...traces };
  }
  if (machine === 'none') throw new UsageError('--machine none: there is no CPU in it; add --accel qtest, or use pc');
  const remedy = accel === undefined ? 'add that' : `leave out --accel ${accel}`;
  if (qtest !== undefined) throw new UsageError(`--qtest: goes with --accel qtest; ${remedy}`);
  if (raw.qtestLog !== undefined) throw new UsageError(`--qtest-log: goes with --accel qtest; ${remedy}`);
  const cwd = raw.cwd ?? config.shares?.map(mountPoint).find((place) => place !== false);
  const isShellIn = command === undefined && cwd !== undefined && !lacksOurInit(raw);
  return {
    config: {
      ...config,
      ...(accel === undefined ? {} : { accel }),
      ...(isShellIn ? { cwd } : {}),
    },
    ...(command === undefined ? {} : { command: { argv: command, env, ...(cwd ? { cwd } : {}) } }),
    ...traces,
    ...(sockets.monitors.length === 0 ? {} : { monitors: sockets.monitors }),
    ...(raw.dryRun === undefined ? {} : { dryRun: readFormat(raw.dryRun) }),
    ...(domain === undefined || domain.notices.length === 0 ? {} : { notices: domain.notices }),
  };
}

const FILES: readonly string[] = ['domain', 'kernel', 'initrd', 'record', 'qtest-log'];

/**
 * What the file says once is said better by an option; lists begin with what is in the file. What executes the guest may be
 * said by several options, and is for `readExecutor`.
 */
function besideDomain({ accel: _accel, ...domain }: DomainOptions, raw: RawRunOptions): RawRunOptions {
  return {
    ...domain,
    ...raw,
    reboot: raw.reboot !== false && domain.reboot !== false,
    fsdev: [...domain.fsdev, ...(raw.fsdev ?? [])],
    device: [...domain.device, ...(raw.device ?? [])],
    drive: [...domain.drive, ...(raw.drive ?? [])],
  };
}

function readFormat(given: string | true): DryRunFormat {
  const outcome = given === true ? { value: 'text' as const } : DRY_RUN_FORMATS.parse(given);
  if ('wrong' in outcome) throw new UsageError(`--dry-run: ${outcome.wrong}`);
  return outcome.value;
}

/** QEMU's tcg is the name of what runs a guest without KVM there. */
const ACCELERATORS = { kvm: 'kvm', software: 'software', auto: 'auto', tcg: 'software', qtest: 'qtest' } as const;

/** What executes the guest and what its RAM is, wherever it is said; nothing does where a qtest client is named and nothing else. */
function readExecutor(raw: RawRunOptions, otherwise: DomainOptions['accel']) {
  const machines = (raw.machine ?? []).map((text) => readWithFirstKey('--machine', MACHINE, 'type', text));
  const named = machines.flatMap(({ accel }) => (accel === undefined ? [] : [accel]));
  const read = (raw.accel ?? []).map((text) => readWithFirstKey('--accel', ACCEL, 'accel', text).accel);
  const [accel, other] = new Set([...named, ...read].map((name) => ACCELERATORS[name]));
  if (other !== undefined) throw new UsageError(`--accel: ${accel} and ${other} are both asked for; give one`);
  const type = machines.findLast((machine) => machine.type !== undefined)?.type;
  const machine = type === 'none' ? ('none' as const) : ('pc' as const);
  return {
    machine,
    ram: machines.findLast((one) => one['memory-backend'] !== undefined)?.['memory-backend'],
    accel: accel ?? (raw.qtest === undefined ? otherwise : ('qtest' as const)),
  };
}

function readConfig(raw: RawRunOptions, named: string | undefined): VirtualMachineConfig {
  const { virtfs = [], fsdev = [], device = [], drive = [], mount = [] } = raw;
  const parsed = device.map(parseDevice);
  const devices = collectDevices(drive, parsed);
  const root = raw.root === undefined ? undefined : parseRoot(raw.root);
  const memory = raw.memory === undefined ? undefined : readWithFirstKey('--memory', MEMORY, 'size', raw.memory).size;
  return {
    ...(raw.kernel === undefined ? {} : { kernel: raw.kernel }),
    ...(raw.initrd === undefined ? {} : { initrd: raw.initrd }),
    ...(raw.append === undefined ? {} : { append: raw.append }),
    ...readMemory({ memory, objects: raw.object ?? [], named }),
    ...(raw.smp === undefined ? {} : { cpus: readWithFirstKey('--smp', SMP, 'cpus', raw.smp).cpus }),
    ...(raw.reboot === false && { onReboot: 'end' }),
    shares: collectShares({ virtfs, fsdev, device: parsed.filter((one) => one.kind === '9p'), mount }),
    ...(devices.length === 0 ? {} : { devices }),
    ...(root === undefined ? {} : { root: raw.init === undefined ? root : { ...root, init: raw.init } }),
    ...(raw.console === undefined
      ? {}
      : { console: readWithFirstKey('--console', CONSOLE, 'place', raw.console).place }),
    ...(raw.verbose === undefined ? {} : { verbose: raw.verbose }),
  };
}

/** tsvmm's init mounts shares and runs commands; these are the lines where another process 1 was asked for. */
function lacksOurInit(raw: RawRunOptions): boolean {
  return raw.init !== undefined || (raw.root === undefined && (raw.initrd !== undefined || namesRoot(raw.append)));
}

const CONTRADICTIONS: readonly {
  readonly when: (raw: RawRunOptions, command: readonly string[] | undefined) => boolean;
  readonly line: string;
}[] = [
  {
    when: ({ append, root }) => root !== undefined && namesRoot(append),
    line: '--append: root= and --root are two roots; leave out one of them',
  },
  {
    when: (raw, command) => namesRoot(raw.append) && (command ?? raw.cwd ?? raw.mount) !== undefined,
    line: "--append: root= brings a process 1 of its own, and COMMAND, --mount and --cwd are for tsvmm's; leave out one or the other",
  },
  {
    when: ({ init, root }) => init !== undefined && root === undefined,
    line: '--init: names a program inside --root; add --root DIR',
  },
  {
    when: ({ init }, command) => init !== undefined && command !== undefined,
    line: "--init: COMMAND is run by tsvmm's own init; leave out --init or COMMAND",
  },
  {
    when: (raw, command) => lacksOurInit(raw) && command !== undefined,
    line: "--initrd: COMMAND is run by tsvmm's own init; leave out --initrd or COMMAND, or add --root DIR",
  },
  {
    when: (raw) => lacksOurInit(raw) && (raw.mount ?? []).some((mount) => !mount.endsWith('=none')),
    line: "--mount: shares are mounted by tsvmm's own init; leave out --mount, or --init and --initrd",
  },
  {
    when: (raw) => lacksOurInit(raw) && raw.cwd !== undefined,
    line: "--cwd: the directory is entered by tsvmm's own init; leave out --cwd, or --init and --initrd",
  },
  {
    when: ({ env = [] }, command) => env.length > 0 && command === undefined,
    line: '--env: sets variables of COMMAND; add -- COMMAND',
  },
];

function requireAbsolute(option: string, path: string): void {
  if (!path.startsWith('/'))
    throw new UsageError(`${option}: '${path}' is no absolute path of the guest; begin it with /`);
}

function readEnvironment(pairs: readonly string[]): Record<string, string> {
  const env = new Map<string, string>();
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    if (equals < 0) throw new UsageError(`--env: '${pair}' lacks a value; write ${pair || 'NAME'}=VALUE`);
    const name = pair.slice(0, equals);
    if (name === '') throw new UsageError(`--env: '${pair}' lacks the name before '='; write NAME=VALUE`);
    if (env.has(name)) throw new UsageError(`--env: ${name} is given twice`);
    env.set(name, pair.slice(equals + 1));
  }
  return Object.fromEntries(env);
}

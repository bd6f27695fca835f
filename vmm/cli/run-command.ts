import type { VirtualMachineConfig } from '../config.ts';
import { showReport } from '../dry-run/show-report.ts';
import { canRunGuests, type Finding } from '../host/finding.ts';
import { showFindings } from '../host/table.ts';
import { openTraces } from '../trace/traces.ts';
import { type Invocation, type KernelAction, type KernelOptions, parseCommandLine } from './command-line.ts';
import { runInGuest } from './command-run.ts';
import { runConsole } from './console-run.ts';
import { signalStatus } from './exit-statuses.ts';
import { type MonitorFactory, openGuestMonitors } from './guest-monitors.ts';
import { checkHostPaths } from './host-paths.ts';
import { inspectRecording } from './inspect-command.ts';
import { type Inspection, type InspectorFactory, openInspection, WAITING } from './inspection.ts';
import type { MachineDescriber, MachineFactory } from './machine-port.ts';
import type { ProcessIo } from './process-io.ts';
import { type HelperFactory, runProxyHelper } from './proxy-helper-command.ts';
import { driveQtest, type QtestFactory } from './qtest-command.ts';
import { reportFailure, say } from './report.ts';
import type { RunRequest } from './run-request.ts';
import { type ServerFactory, serveDirectories } from './serve-command.ts';
import { SignalWatch } from './signals.ts';
import { STOP_LIMIT_MS } from './stopping.ts';
import { printTrace } from './trace-command.ts';
import { within } from './within.ts';

/** What the command line sets to work; tests put their own in place. */
export interface CommandLineParts {
  readonly version: string;
  readonly createMachine: MachineFactory;
  readonly describeMachine: MachineDescriber;
  readonly startQtest: QtestFactory;
  readonly openMonitors: MonitorFactory;
  readonly openInspector: InspectorFactory;
  readonly serve: ServerFactory;
  readonly proxyHelper: HelperFactory;
  /** Looks after the guest kernel and returns lines for stdout. Throws HostError. */
  readonly kernel: (action: KernelAction, options: KernelOptions) => Promise<readonly string[]>;
  readonly inspectHost: () => Promise<readonly Finding[]>;
}

/** Does what a command line asks, `args` being what follows the program's name. Returns the exit status; never throws. */
export async function runCommand(args: readonly string[], io: ProcessIo, parts: CommandLineParts): Promise<number> {
  try {
    return await perform(parseCommandLine(args, parts.version), io, parts);
  } catch (error) {
    return reportFailure(io.stderr, error);
  }
}

async function perform(invocation: Invocation, io: ProcessIo, parts: CommandLineParts): Promise<number> {
  switch (invocation.kind) {
    case 'text':
      io.stdout.write(invocation.text);
      return 0;
    case 'run':
      for (const line of invocation.request.notices ?? []) say(io.stderr, line);
      return runRequest(invocation.request, io, parts);
    case 'serve':
      return serveDirectories(invocation.request, io, parts);
    case 'proxy-helper':
      return runProxyHelper(invocation.request, io, parts.proxyHelper);
    case 'inspect':
      return inspectRecording(invocation.request, io);
    case 'trace':
      return printTrace(invocation.request, io);
    case 'kernel':
      for (const line of await parts.kernel(invocation.action, invocation)) io.stdout.write(`${line}\n`);
      return 0;
    case 'doctor': {
      const findings = await parts.inspectHost();
      io.stdout.write(invocation.json ? `${JSON.stringify(findings, null, 2)}\n` : showFindings(findings));
      return canRunGuests(findings) ? 0 : 1;
    }
  }
}

/** Starts a guest, or does what was asked for in place of one. */
function runRequest(request: RunRequest, io: ProcessIo, parts: CommandLineParts): Promise<number> {
  if (request.qtest !== undefined) return driveQtest(request.qtest, request, io, parts);
  return request.dryRun === undefined
    ? runGuest(request, io, parts)
    : describeGuest(request, io, parts.describeMachine);
}

async function runGuest(
  request: RunRequest,
  io: ProcessIo,
  {
    createMachine,
    openMonitors,
    openInspector,
    version: program,
  }: Pick<CommandLineParts, 'createMachine' | 'openMonitors' | 'openInspector' | 'version'>,
): Promise<number> {
  checkHostPaths(request.config);
  const { command } = request;
  const notice = (line: string) => say(io.stderr, line);
  const traces = openTraces(request, { program, stderr: io.stderr, notice });
  const signals = new SignalWatch(io.events, ({ number }) => io.exit(signalStatus(number)));
  let inspection: Inspection | undefined;
  let why: string | undefined;
  try {
    const config = sessionConfig(request, io);
    inspection = await openInspection(request.inspect, WAITING.guest, traces.hooks.events, notice, openInspector);
    const machine = await createMachine(config, {
      notice,
      ...traces.hooks,
      ...inspection.hooks,
    });
    void machine.ended.then(({ line }) => {
      why = line;
    });
    let monitors: { close(): void } | undefined;
    try {
      monitors = await openGuestMonitors(request.monitors ?? [], machine, io, openMonitors);
      return await (command === undefined
        ? runConsole(machine, io, signals)
        : runInGuest(machine, command, io, signals, config.verbose ?? false));
    } finally {
      await within(STOP_LIMIT_MS, machine.stop());
      monitors?.close();
    }
  } finally {
    await inspection?.close(why);
    signals.close();
    await traces.close();
  }
}

/** A command is lost with the guest it ran in, and there is nothing to boot again for; a console goes on. */
const REBOOTS = { onReboot: 'restart' } as const;

/** What `--dry-run` does. */
async function describeGuest(request: RunRequest, io: ProcessIo, describe: MachineDescriber): Promise<number> {
  checkHostPaths(request.config);
  const report = await describe(sessionConfig(request, io), { notice: (line) => say(io.stderr, line) });
  io.stdout.write(request.dryRun === 'json' ? `${JSON.stringify(report, null, 2)}\n` : showReport(report));
  return 0;
}

/** The configuration of a request, with what the guest's init is to do. */
function sessionConfig({ config, command }: RunRequest, io: ProcessIo): VirtualMachineConfig {
  const terminal = describeTerminal(io);
  return {
    ...(command === undefined && REBOOTS),
    ...config,
    session: command === undefined ? 'shell' : 'commands',
    ...(terminal === undefined ? {} : { terminal }),
  };
}

/** The terminal the console will be shown on; a name the guest's kernel command line cannot carry is left out. */
function describeTerminal({ stdout, env }: ProcessIo): RunRequest['config']['terminal'] {
  const { isTTY, rows, columns } = stdout;
  if (!isTTY || !rows || !columns) return undefined;
  const term = /^[A-Za-z0-9._+-]{1,64}$/.test(env.TERM ?? '') ? (env.TERM ?? '') : 'vt100';
  return { rows, columns, term };
}

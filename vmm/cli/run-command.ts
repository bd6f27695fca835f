import { canRunGuests, type Finding } from '../host/finding.ts';
import { showFindings } from '../host/table.ts';
import { type Invocation, type KernelAction, type KernelOptions, parseCommandLine } from './command-line.ts';
import { runInGuest } from './command-run.ts';
import { runConsole } from './console-run.ts';
import { signalStatus } from './exit-statuses.ts';
import { type MonitorFactory, openGuestMonitors } from './guest-monitors.ts';
import { checkHostPaths } from './host-paths.ts';
import type { MachineFactory } from './machine-port.ts';
import type { ProcessIo } from './process-io.ts';
import { type HelperFactory, runProxyHelper } from './proxy-helper-command.ts';
import { driveQtest, type QtestFactory } from './qtest-command.ts';
import { reportFailure, say } from './report.ts';
import type { RunRequest } from './run-request.ts';
import { type ServerFactory, serveDirectories } from './serve-command.ts';
import { SignalWatch } from './signals.ts';
import { STOP_LIMIT_MS } from './stopping.ts';
import { openTrace } from './trace-output.ts';
import { within } from './within.ts';

/** What the command line sets to work; tests put their own in place. */
export interface CommandLineParts {
  readonly version: string;
  readonly createMachine: MachineFactory;
  readonly startQtest: QtestFactory;
  readonly openMonitors: MonitorFactory;
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
      return invocation.request.qtest === undefined
        ? runGuest(invocation.request, io, parts)
        : driveQtest(invocation.request.qtest, invocation.request.trace, io, parts.startQtest);
    case 'serve':
      return serveDirectories(invocation.request, io, parts.serve);
    case 'proxy-helper':
      return runProxyHelper(invocation.request, io, parts.proxyHelper);
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

async function runGuest(
  request: RunRequest,
  io: ProcessIo,
  { createMachine, openMonitors }: Pick<CommandLineParts, 'createMachine' | 'openMonitors'>,
): Promise<number> {
  checkHostPaths(request.config);
  const { command } = request;
  const trace = request.trace === undefined ? undefined : openTrace(request.trace, io.stderr);
  const signals = new SignalWatch(io.events, ({ number }) => io.exit(signalStatus(number)));
  try {
    const terminal = describeTerminal(io);
    const config = {
      ...(command === undefined && REBOOTS),
      ...request.config,
      session: command === undefined ? ('shell' as const) : ('commands' as const),
      ...(terminal === undefined ? {} : { terminal }),
    };
    const machine = await createMachine(config, {
      notice: (line) => say(io.stderr, line),
      ...(trace === undefined ? {} : { trace: trace.write }),
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
    signals.close();
    await trace?.close();
  }
}

/** A command is lost with the guest it ran in, and there is nothing to boot again for; a console goes on. */
const REBOOTS = { onReboot: 'restart' } as const;

/** The terminal the console will be shown on; a name the guest's kernel command line cannot carry is left out. */
function describeTerminal({ stdout, env }: ProcessIo): RunRequest['config']['terminal'] {
  const { isTTY, rows, columns } = stdout;
  if (!isTTY || !rows || !columns) return undefined;
  const term = /^[A-Za-z0-9._+-]{1,64}$/.test(env.TERM ?? '') ? (env.TERM ?? '') : 'vt100';
  return { rows, columns, term };
}

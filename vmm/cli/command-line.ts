import { Command, CommanderError, Option } from 'commander';
import type { FixtureArch } from '../fixtures/products.ts';
import { nearest } from '../options/nearest.ts';
import { oneOf } from '../options/value-type.ts';
import type { HelperRequest } from '../proxy/helper-server.ts';
import { UsageError } from '../usage-error.ts';
import type { CommandOption } from './command-option.ts';
import { programHelp, runHelp, serveHelp } from './help.ts';
import { describeInspect, type InspectFileRequest } from './inspect-options.ts';
import { describeProxyHelper } from './proxy-helper-options.ts';
import { GROUPS, type RawRunOptions, RUN_OPTIONS } from './run-options.ts';
import { type RunRequest, readRunRequest } from './run-request.ts';
import { type RawServeOptions, SERVE_GROUPS, SERVE_OPTIONS } from './serve-options.ts';
import { readServeRequest, type ServeRequest } from './serve-request.ts';
import { isSpelled, spell } from './spelling.ts';
import { describeTrace, type TraceReadRequest } from './trace-options.ts';

/** What `tsvmm kernel` can do. */
export const KERNEL_ACTIONS = {
  build: 'build the guest kernel and root, unless they are up to date',
  path: 'print the path of the kernel, a vmlinux',
  clean: 'remove what was built',
} as const;

export type KernelAction = keyof typeof KERNEL_ACTIONS;

const ARCH = oneOf('x86_64', 'i386');

/** How `tsvmm kernel` is to do it. */
export interface KernelOptions {
  /** Which kernel to build or to find. */
  readonly arch: FixtureArch;
  /** With clean: the downloaded packages as well. */
  readonly downloads: boolean;
}

/** What a command line asks for. */
export type Invocation =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'run'; readonly request: RunRequest }
  | { readonly kind: 'serve'; readonly request: ServeRequest }
  | { readonly kind: 'proxy-helper'; readonly request: HelperRequest }
  | { readonly kind: 'trace'; readonly request: TraceReadRequest }
  | { readonly kind: 'inspect'; readonly request: InspectFileRequest }
  | ({ readonly kind: 'kernel'; readonly action: KernelAction } & KernelOptions)
  | { readonly kind: 'doctor'; readonly json: boolean };

/**
 * Reads a command line, `args` being what follows the program's name. It looks at nothing but its arguments, and the file
 * of `--domain`. Throws UsageError with one line for whatever it cannot take.
 */
export function parseCommandLine(args: readonly string[], version: string): Invocation {
  if (args.length === 0) throw new UsageError('no command; tsvmm run starts a guest, tsvmm --help lists the rest');
  const [first = '', ...rest] = withCommand(args);
  const spelled = isSpelled(first) ? spell(first, rest) : undefined;
  const tokens = [first, ...(spelled?.tokens ?? rest)];
  let invocation: Invocation | undefined;
  const output: string[] = [];
  const program = describeProgram(version, spelled?.command, (found) => {
    invocation = found;
  });
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureHelp({ helpWidth: 100 });
    command.configureOutput({ writeOut: (text) => output.push(text), writeErr: () => {} });
  }
  try {
    program.parse(tokens, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) throw new UsageError(oneLine(error));
  }
  return invocation ?? { kind: 'text', text: output.join('') };
}

/** Options of the program's own are as they are; any other without a command before it is QEMU's habit, and means `run`. */
function withCommand(args: readonly string[]): readonly string[] {
  const [first = '', ...rest] = args;
  if (!first.startsWith('-') || first === '-h') return args;
  const name = first.replace(/^--?/, '');
  return name === 'help' || name === 'version' ? [`--${name}`, ...rest] : ['run', ...args];
}

function describeProgram(
  version: string,
  guestCommand: readonly string[] | undefined,
  found: (invocation: Invocation) => void,
): Command {
  const program = new Command('tsvmm')
    .description('Boots a Linux kernel, under KVM or without, and lends it directories of this host over virtio-9p.')
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', programHelp);
  const run = program
    .command('run')
    .usage('[options] [-- COMMAND ARGS...]')
    .summary('start a guest: a shell on this terminal, or one command in it')
    .description(
      "Starts a guest. Without COMMAND the terminal becomes the guest's console; with it the command runs in the guest, " +
        'stdin, stdout and stderr are its own, and its exit status is that of tsvmm. Each option may be written with ' +
        'one dash or two.',
    )
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', runHelp)
    .action((raw: RawRunOptions) => found({ kind: 'run', request: readRunRequest(raw, guestCommand) }));
  for (const option of RUN_OPTIONS) run.addOption(describeOption(option, GROUPS[option.group]));
  const serve = program
    .command('serve')
    .usage('--listen ADDRESS --virtfs SHARE [options]')
    .summary('serve directories over 9P on a socket, without a guest')
    .description(
      "Serves directories of this host over 9P on sockets, to Linux's mount -t 9p -o trans=unix or trans=tcp and to " +
        'any other client, with the rights of the user it runs as. Prints each address once clients can connect. ' +
        'SIGINT and SIGTERM end it. Each option may be written with one dash or two.',
    )
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', serveHelp)
    .action((raw: RawServeOptions) => {
      if (guestCommand !== undefined)
        throw new UsageError('serve: there is no guest to run a command in; leave out --');
      found({ kind: 'serve', request: readServeRequest(raw) });
    });
  for (const option of SERVE_OPTIONS) serve.addOption(describeOption(option, SERVE_GROUPS[option.group]));
  describeTrace(program, (request) => found({ kind: 'trace', request }));
  describeInspect(program, (request) => found({ kind: 'inspect', request }));
  describeProxyHelper(program, (request) => found({ kind: 'proxy-helper', request }));
  program
    .command('kernel')
    .usage(Object.keys(KERNEL_ACTIONS).join('|'))
    .summary("build, find or remove tsvmm's own guest kernel")
    .description("Looks after tsvmm's own guest kernel and root, which live in a cache outside the checkout.")
    .argument('[action]', describeActions())
    .option('--arch <ARCH>', 'with build and path: x86_64, for KVM (default), or i386, for the software CPU')
    .option('--downloads', 'with clean: remove the downloaded packages as well')
    .action((given: string | undefined, { arch, downloads = false }: { arch?: string; downloads?: boolean }) => {
      const action = readKernelAction(given);
      if (arch !== undefined && action === 'clean')
        throw new UsageError('kernel: --arch goes with build and path, not with clean');
      if (downloads && action !== 'clean')
        throw new UsageError(`kernel: --downloads goes with clean, not with ${action}`);
      found({ kind: 'kernel', action, arch: readArch(arch), downloads });
    });
  program
    .command('doctor')
    .summary('say what this host has and lacks, and what mends it')
    .description('Looks at this host and prints what tsvmm needs of it. Exit status 0: guests can run; 1: they cannot.')
    .option('--json', 'print the findings as JSON')
    .action(({ json = false }: { json?: boolean }) => found({ kind: 'doctor', json }));
  return program;
}

function describeOption(
  { name, letter, value, form, optional, repeatable, doc }: CommandOption,
  group: string,
): Option {
  const flags = `${letter === undefined ? '' : `-${letter}, `}--${name}`;
  const notation = value === undefined ? '' : optional ? ` [${value}]` : ` <${value}>`;
  const meaning = `${doc}${form === undefined ? '' : `: ${form}`}${repeatable ? '; repeatable' : ''}`;
  const option = new Option(`${flags}${notation}`, meaning).helpGroup(group);
  return repeatable ? option.argParser((text, before: readonly string[] = []) => [...before, text]) : option;
}

function readKernelAction(given: string | undefined): KernelAction {
  const names = Object.keys(KERNEL_ACTIONS) as KernelAction[];
  const action = names.find((name) => name === given);
  if (action !== undefined) return action;
  const near = given === undefined ? undefined : nearest(given, names);
  const remedy = near === undefined ? `write tsvmm kernel ${names.join('|')}` : `did you mean ${near}?`;
  throw new UsageError(`kernel: ${given === undefined ? 'lacks its action' : `unknown action '${given}'`}; ${remedy}`);
}

function readArch(given = 'x86_64'): FixtureArch {
  const outcome = ARCH.parse(given);
  if ('wrong' in outcome) throw new UsageError(`kernel: --arch: ${outcome.wrong}`);
  return outcome.value;
}

function describeActions(): string {
  return Object.entries(KERNEL_ACTIONS)
    .map(([name, doc]) => `${name}: ${doc}`)
    .join('; ');
}

/** Commander's message without its prefix, its suggestion on the same line. */
function oneLine({ message }: CommanderError): string {
  return message
    .replace(/^error: /, '')
    .replace(/\n\((Did.*)\)$/, (_, hint: string) => `; ${hint.charAt(0).toLowerCase()}${hint.slice(1)}`)
    .replace('. Expected', '; expected')
    .replace(/\.$/, '');
}

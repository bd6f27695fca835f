import { nearest } from '../options/nearest.ts';
import { UsageError } from '../usage-error.ts';
import type { CommandOption } from './command-option.ts';
import { QEMU_OPTIONS, type QemuOption } from './qemu-options.ts';
import { RUN_OPTIONS } from './run-options.ts';
import { SERVE_OPTIONS } from './serve-options.ts';

/** A command line of a command of tsvmm's in one spelling. */
export interface SpelledLine {
  /** `--name` and, where it has one, its value as a token of its own; nothing of QEMU's is left. */
  readonly tokens: readonly string[];
  /** What follows `--`; undefined where there is no `--`. */
  readonly command: readonly string[] | undefined;
}

/** A command whose options can be spelled in QEMU's way. */
interface SpelledCommand {
  readonly own: ReadonlyMap<string, CommandOption>;
  readonly qemu: ReadonlyMap<string, QemuOption>;
  /** What to do with an argument that belongs to no option. */
  readonly stray: (argument: string) => string;
}

function spelledCommand(
  options: readonly CommandOption[],
  qemuOptions: readonly QemuOption[],
  stray: SpelledCommand['stray'],
): SpelledCommand {
  const own = options.flatMap((option) => [option.name, option.letter ?? option.name].map((name) => [name, option]));
  return {
    own: new Map(own as [string, CommandOption][]),
    qemu: new Map(qemuOptions.map((option) => [option.name, option])),
    stray,
  };
}

/** The commands that `spell` knows. */
const SPELLED = {
  run: spelledCommand(RUN_OPTIONS, QEMU_OPTIONS, (argument) => {
    return `a command for the guest follows --: tsvmm run -- ${argument}`;
  }),
  serve: spelledCommand(SERVE_OPTIONS, [], () => 'see tsvmm serve --help'),
} as const;

/** Whether a command's options can be spelled in QEMU's way. */
export function isSpelled(command: string): command is keyof typeof SPELLED {
  return Object.hasOwn(SPELLED, command);
}

/**
 * Brings the arguments of a command into one spelling: one dash or two, `--name=value` or two tokens, QEMU's options
 * checked and dropped, the command after `--` apart. Throws UsageError for an unknown option, a missing value, a
 * single-valued option given twice, or an argument that belongs to no option.
 */
export function spell(command: keyof typeof SPELLED, args: readonly string[]): SpelledLine {
  const { own, qemu, stray } = SPELLED[command];
  const tokens: string[] = [];
  const seen = new Set<string>();
  let at = 0;
  const takeValue = (written: string, notation: string): string => {
    const value = args[++at];
    if (value === undefined || value === '--') throw new UsageError(`${written} needs a value: ${written} ${notation}`);
    return value;
  };
  for (; at < args.length; at++) {
    const argument = args[at] ?? '';
    if (argument === '--') return { tokens, command: args.slice(at + 1) };
    const { written, name, attached } = takeApart(argument, stray);
    if (name === 'help' || name === 'h') {
      tokens.push('--help');
      continue;
    }
    const option = own.get(name) ?? qemu.get(name);
    if (option === undefined) {
      throw new UsageError(unknown(command, written, name, [...own.keys(), ...qemu.keys(), 'help']));
    }
    if ('refusal' in option) throw new UsageError(`${written} ${option.refusal}`);
    if (option.value === undefined && attached !== undefined) throw new UsageError(`${written} takes no value`);
    if (!('group' in option)) {
      const value = option.value === undefined ? '' : (attached ?? takeValue(written, option.value));
      option.check?.(value);
      tokens.push(...(option.means?.(value) ?? []));
      continue;
    }
    if (seen.has(option.name) && option.value !== undefined && !option.repeatable) {
      throw new UsageError(`--${option.name} is given twice; give it once`);
    }
    seen.add(option.name);
    tokens.push(`--${option.name}`);
    if (option.value === undefined) continue;
    if (!option.optional) tokens.push(attached ?? takeValue(written, option.form ?? option.value));
    else if (attached !== undefined) tokens.push(attached);
    else if (args[at + 1] !== undefined && !args[at + 1]?.startsWith('-')) tokens.push(args[++at] ?? '');
  }
  return { tokens, command: undefined };
}

/** The parts of an argument: how it was written without its value, the option's name, and a value after `=`. */
function takeApart(
  argument: string,
  stray: SpelledCommand['stray'],
): { written: string; name: string; attached: string | undefined } {
  const match = /^(--?)([^=]*)(?:=([\s\S]*))?$/.exec(argument);
  if (match === null || match[2] === '') {
    throw new UsageError(`unexpected argument '${argument}'; ${stray(argument)}`);
  }
  const [, dashes = '', name = '', attached] = match;
  const digits = /^m(\d.*)$/.exec(name);
  if (dashes === '-' && digits !== null) return { written: '-m', name: 'm', attached: digits[1] };
  return { written: `${dashes}${name}`, name, attached };
}

function unknown(command: string, written: string, name: string, names: readonly string[]): string {
  const near = name.length === 1 ? undefined : nearest(name, names);
  const remedy = near === undefined ? `see tsvmm ${command} --help` : `did you mean --${near}?`;
  return `unknown option '${written}'; ${remedy}`;
}

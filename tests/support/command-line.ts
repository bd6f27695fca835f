import { parseArgs } from 'node:util';

/** Options of a command of the repository: each has a default and, if it is a number, a least value. */
export type CommandOptions = Readonly<Record<string, { readonly default: string; readonly whole?: number }>>;

/** What was given: numbers where the option has a least value, else text. */
export type Given<O extends CommandOptions> = {
  readonly [K in keyof O]: O[K] extends { readonly whole: number } ? number : string;
};

/** Reads the command line; anything wrong with it is one line and exit status 2. */
export function commandLine<O extends CommandOptions>(command: string, options: O): Given<O> {
  const config = Object.fromEntries(
    Object.entries(options).map(([name, option]) => [name, { type: 'string' as const, default: option.default }]),
  );
  const read: Record<string, string | number> = {};
  try {
    const { values } = parseArgs({ options: config, args: process.argv.slice(2) });
    for (const [name, { whole }] of Object.entries(options)) {
      const text = String(values[name]);
      read[name] = whole === undefined ? text : wholeNumber(name, text, whole);
    }
  } catch (error) {
    refuse(command, error instanceof Error ? error.message : String(error));
  }
  return read as Given<O>;
}

/** Ends the command for a reason that its user can mend. */
export function refuse(command: string, line: string): never {
  console.error(`${command}: ${line}`);
  process.exit(2);
}

function wholeNumber(name: string, text: string, least: number): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isSafeInteger(value) && value >= least) return value;
  throw new RangeError(`--${name} is '${text}'; give a whole number from ${least} on`);
}

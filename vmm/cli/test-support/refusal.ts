import { UsageError } from '../../usage-error.ts';
import { parseCommandLine } from '../command-line.ts';

/** A share without faults, as options. */
export const SHARE = '--virtfs local,path=.,mount_tag=host';

/** A command line and the one line that refuses it. */
export type Refused = readonly [line: string, refusal: string];

/** Splits at blanks; a word in braces keeps its blanks. */
export function words(line: string): string[] {
  return [...line.matchAll(/\{([^}]*)\}|(\S+)/g)].map(([, braced, plain]) => braced ?? plain ?? '');
}

/** The line that refuses a command line, or `accepted`. */
export function refusal(line: string): string {
  try {
    parseCommandLine(words(line), '0.0.0');
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return 'accepted';
}

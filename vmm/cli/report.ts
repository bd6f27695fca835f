import type { Writable } from 'node:stream';
import { type MachineEnd, PROCESS_STATUS } from '../exit-status.ts';
import { HostError, UsageError } from '../usage-error.ts';

/** Writes one line for people: `tsvmm: ` and the text, whatever it contains made printable. */
export function say(stream: Writable, text: string): void {
  stream.write(`tsvmm: ${printable(text)}\n`);
}

/** The text with its control characters written out, so that it stays one line and cannot drive a terminal. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => {
    const known = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[character];
    return known ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

/** Says how the machine ended: one line, and below it what whoever debugs the guest needs. Returns the exit status. */
export function reportEnd(stream: Writable, end: MachineEnd): number {
  say(stream, end.line);
  for (const line of end.report?.split('\n') ?? []) stream.write(`  ${printable(line)}\n`);
  return end.status;
}

/** Says what went wrong, one line for the user's errors and the host's (below it the end of a build's log), a stack for ours. Returns the exit status. */
export function reportFailure(stream: Writable, error: unknown): number {
  if (error instanceof UsageError) {
    say(stream, error.message);
    return PROCESS_STATUS.usage;
  }
  if (error instanceof HostError) {
    const [line = '', ...more] = error.message.split('\n');
    say(stream, line);
    for (const detail of more) stream.write(`${printable(detail)}\n`);
    return PROCESS_STATUS.host;
  }
  say(stream, `internal error: ${error instanceof Error ? error.message : String(error)}`);
  if (error instanceof Error) stream.write(`${error.stack ?? ''}\n`);
  return PROCESS_STATUS.host;
}

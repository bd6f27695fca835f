import { type Command, Option } from 'commander';
import type { EventChoice } from '../../trace/filter.ts';
import { type OptionTable, readPairs } from '../options/option-table.ts';
import { CHOICE_KEYS } from '../options/trace.ts';
import { oneOf } from '../options/value-type.ts';
import { UsageError } from '../usage-error.ts';

/** What `tsvmm trace` was asked for. */
export interface TraceReadRequest {
  readonly file: string;
  readonly choice: EventChoice;
  /** How events are printed; absent where only the summary is. */
  readonly format?: 'text' | 'jsonl';
  readonly summary: boolean;
}

/** The options of one command line as text. */
type RawTraceOptions = {
  readonly [K in keyof typeof CHOICE_KEYS]?: string;
} & { readonly format?: string; readonly summary?: true };

const FORMAT = { type: oneOf('text', 'jsonl'), doc: 'how events are printed (default text)' } as const;

/** Adds the command to the program; `found` gets what it asks for. */
export function describeTrace(program: Command, found: (request: TraceReadRequest) => void): void {
  const command = program
    .command('trace')
    .usage('FILE [options]')
    .summary('print, filter and sum up a trace or a recording')
    .description(
      'Reads what --trace or --record of tsvmm run or serve wrote, in any of their formats, and prints it. A file that ' +
        'ends in the middle, as of a run that was killed, is read as far as it goes.',
    )
    .argument('[FILE]', 'text, JSON Lines, pcapng or a recording')
    .helpOption('-h, --help', 'print this help')
    .action((file: string | undefined, raw: RawTraceOptions) => found(readTraceRequest(file, raw)));
  for (const [name, { type, doc }] of Object.entries<OptionTable[string]>({ ...CHOICE_KEYS, format: FORMAT })) {
    command.addOption(new Option(`--${name} <${type.notation}>`, doc));
  }
  command.addOption(
    new Option('--summary', 'instead of events: how many, which errors, how long they took, the slowest'),
  );
}

function readTraceRequest(file: string | undefined, raw: RawTraceOptions): TraceReadRequest {
  if (file === undefined || file === '') throw new UsageError('trace: lacks its file; write tsvmm trace FILE');
  const { summary = false, ...given } = raw;
  if (summary && given.format !== undefined) throw new UsageError('trace: --format and --summary exclude each other');
  const pairs = Object.entries(given).map(([key, value]) => ({ key, value }));
  const { events, message, format, ...rest } = readPairs({ ...CHOICE_KEYS, format: FORMAT }, pairs, {
    option: 'trace',
  });
  const choice = { kinds: events, messages: message, ...rest };
  return { file, choice, summary, ...(summary ? {} : { format: format ?? 'text' }) };
}

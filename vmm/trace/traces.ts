import type { Writable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { EncodedSink } from '../../trace/encoded-sink.ts';
import type { TraceHeader } from '../../trace/event.ts';
import { EventStream } from '../../trace/event-stream.ts';
import { eventFilter } from '../../trace/filter.ts';
import type { TraceEncoder } from '../../trace/formats/encoder.ts';
import { JsonTrace } from '../../trace/formats/json-encoder.ts';
import { TextTrace } from '../../trace/formats/text-encoder.ts';
import { PcapngTrace } from '../../trace/pcapng/pcapng-encoder.ts';
import { RecordingTrace } from '../../trace/recording/recording-encoder.ts';
import type { Hooks } from '../hooks.ts';
import type { TraceLanguage, TraceRequest } from '../options/trace.ts';
import { openOutput, StreamOutput, type TraceOutput } from './trace-output.ts';

/** What is to be written of a run. */
export interface TraceRequests {
  readonly trace?: TraceRequest | undefined;
  /** File for a recording. */
  readonly record?: string | undefined;
}

/** Whom a trace concerns beside its file. */
export interface TraceSurroundings {
  /** Version of this program. */
  readonly program: string;
  readonly stderr: Writable;
  readonly notice: (line: string) => void;
}

/** Everything that is written of one run. */
export interface OpenTraces {
  readonly hooks: Pick<Hooks, 'trace' | 'events'>;
  /** Writes what is left; says so where something could not be written. */
  close(): Promise<void>;
}

/** How each language but `lines` is written. */
const ENCODERS: { readonly [L in Exclude<TraceLanguage, 'lines'>]: (header: TraceHeader) => TraceEncoder } = {
  text: () => new TextTrace(),
  jsonl: (header) => new JsonTrace(header),
  pcapng: (header) => new PcapngTrace(header),
};

/** Opens what was asked for. Throws UsageError where a file cannot be written. */
export function openTraces({ trace, record }: TraceRequests, around: TraceSurroundings): OpenTraces {
  const closing: (() => Promise<void>)[] = [];
  const { program, stderr, notice } = around;
  const open = (option: string, file: string | undefined): TraceOutput => {
    const output = file === undefined ? new StreamOutput(stderr) : openOutput(option, file, notice);
    closing.push(() => output.close());
    return output;
  };
  const plain = trace?.language === 'lines' ? plainLines(open('--trace', trace.file)) : undefined;
  const encoded: {
    readonly option: string;
    readonly request: TraceRequest;
    encoder: (header: TraceHeader) => TraceEncoder;
  }[] = [];
  if (trace !== undefined && trace.language !== 'lines') {
    encoded.push({ option: '--trace', request: trace, encoder: ENCODERS[trace.language] });
  }
  if (record !== undefined) {
    const encoder = (header: TraceHeader) => new RecordingTrace(header, (bytes) => gzipSync(bytes));
    encoded.push({ option: '--record', request: { file: record, language: 'jsonl', choice: {} }, encoder });
  }
  if (encoded.length === 0)
    return { hooks: plain === undefined ? {} : { trace: plain }, close: () => closeAll(closing) };

  const events = new EventStream({ onSinkFailure: (error) => notice(`a trace cannot go on: ${error}`) });
  for (const { option, request, encoder } of encoded) {
    const output = open(option, request.file);
    const header: TraceHeader = { program, started: events.started };
    const sink = new EncodedSink(encoder(header), eventFilter(request.choice), (bytes) => output.write(bytes));
    events.add(sink);
    closing.unshift(async () => {
      sink.end();
      if (sink.lost > 0) notice(`${option}: ${sink.lost} events are missing, since they could not be written`);
    });
  }
  return { hooks: { ...(plain !== undefined && { trace: plain }), events }, close: () => closeAll(closing) };
}

async function closeAll(closing: readonly (() => Promise<void>)[]): Promise<void> {
  for (const close of closing) await close();
}

/** Takes lines; those that the output does not take are counted, in a line of their own. */
function plainLines(output: TraceOutput): (line: string) => void {
  const encoder = new TextEncoder();
  let missing = 0;
  return (line) => {
    if (missing > 0 && output.write(encoder.encode(`(${missing} lines are missing here)\n`))) missing = 0;
    if (missing > 0 || !output.write(encoder.encode(`${line}\n`))) missing += 1;
  };
}

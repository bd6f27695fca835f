import { createReadStream, statSync } from 'node:fs';
import type { Writable } from 'node:stream';
import type { TraceEvent } from '../../trace/event.ts';
import { eventFilter } from '../../trace/filter.ts';
import { JsonTrace } from '../../trace/formats/json-encoder.ts';
import { TextTrace } from '../../trace/formats/text-encoder.ts';
import { openTraceFile } from '../../trace/reading/open-trace.ts';
import { TraceSummary } from '../../trace/summary.ts';
import { TraceError } from '../../trace/trace-error.ts';
import { errorCode } from '../host/error-code.ts';
import { UsageError } from '../usage-error.ts';
import type { ProcessIo } from './process-io.ts';
import { say } from './report.ts';
import type { TraceReadRequest } from './trace-options.ts';
import { written } from './written.ts';

/** Bytes of output that are written at once. */
const CHUNK = 64 * 1024;

/** Prints a trace. Returns the exit status; throws UsageError for a file that cannot be read. */
export async function printTrace({ file, choice, format, summary }: TraceReadRequest, io: ProcessIo): Promise<number> {
  try {
    const trace = await openTraceFile(chunksOf(file));
    if (trace.format === 'text' && format === 'jsonl') {
      throw new UsageError(`trace: ${file} is text, which does not say enough for jsonl; trace with format=jsonl`);
    }
    const wanted = eventFilter(choice);
    const sums = summary ? new TraceSummary() : undefined;
    const encoder = format === 'jsonl' ? new JsonTrace(trace.header) : new TextTrace();
    const output = new Output(io.stdout);
    if (sums === undefined) await output.put(encoder.head());
    for await (const event of trace.events) {
      if (io.stdout.destroyed) break;
      if (!wanted(event)) continue;
      if (sums !== undefined) sums.add(event);
      else await output.put(encoder.encode(event as TraceEvent));
    }
    if (sums !== undefined) await output.put(new TextEncoder().encode(sums.text()));
    await output.flush();
    if (trace.truncated) say(io.stderr, `trace: ${file} ends in the middle of an event; what is before it was read`);
    return 0;
  } catch (error) {
    if (error instanceof TraceError)
      throw new UsageError(`trace: ${file} cannot be read: ${error.message}`, { cause: error });
    throw error;
  }
}

/** Gathers small pieces. */
class Output {
  readonly #stream: Writable;
  #pieces: Uint8Array[] = [];
  #length = 0;

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  async put(bytes: Uint8Array): Promise<void> {
    this.#pieces.push(bytes);
    this.#length += bytes.length;
    if (this.#length >= CHUNK) await this.flush();
  }

  async flush(): Promise<void> {
    const bytes = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#length = 0;
    if (bytes.length > 0) await written(this.#stream, bytes);
  }
}

/** The file piece by piece. Throws UsageError where it cannot be read. */
async function* chunksOf(file: string): AsyncGenerator<Uint8Array> {
  try {
    if (statSync(file).isDirectory())
      throw new UsageError(`trace: ${file} is a directory; name a file that --trace or --record wrote`);
    for await (const chunk of createReadStream(file)) yield chunk as Uint8Array;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const code = errorCode(error);
    const cause = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
    throw new UsageError(`trace: ${file} ${cause}; name a file that --trace or --record wrote`);
  }
}

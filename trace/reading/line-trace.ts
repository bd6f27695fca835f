/** Reads the formats of lines: JSON Lines, and text as far as it says. */
import type { ByteSource, Line } from '../byte-source.ts';
import type { TraceEvent, TraceHeader } from '../event.ts';
import { eventFromJson, headerFromJson } from '../event-json.ts';
import { eventOfLine } from '../event-text.ts';
import { TraceError } from '../trace-error.ts';
import type { OpenedTrace } from './opened-trace.ts';

/** A longer line is none of ours. */
const MOST_LINE = 64 * 2 ** 20;

/** Lines after the first one, with their numbers. */
async function* lines(source: ByteSource): AsyncGenerator<Line & { readonly number: number }> {
  for (let number = 2; ; number++) {
    const line = await source.line(MOST_LINE);
    if (line === undefined) {
      if (await source.atEnd()) return;
      throw new TraceError(`line ${number} is longer than any line of a trace`);
    }
    yield { ...line, number };
  }
}

/** What each format of lines does with them. */
abstract class LineTrace implements OpenedTrace {
  abstract readonly format: 'text' | 'jsonl';
  readonly header: TraceHeader;
  truncated = false;
  private readonly source: ByteSource;

  constructor(source: ByteSource, header: TraceHeader) {
    this.source = source;
    this.header = header;
  }

  get events(): AsyncIterable<TraceEvent> {
    return this.read();
  }

  /** @throws TraceError for a line that is no event. */
  protected abstract eventOf(text: string): TraceEvent;

  private async *read(): AsyncGenerator<TraceEvent> {
    for await (const { text, whole, number } of lines(this.source)) {
      try {
        yield this.eventOf(text);
      } catch (error) {
        if (!(error instanceof TraceError)) throw error;
        if (whole) throw new TraceError(`line ${number}: ${error.message}`);
        this.truncated = true;
      }
    }
  }
}

class JsonLines extends LineTrace {
  readonly format = 'jsonl';

  protected eventOf(text: string): TraceEvent {
    return eventFromJson(parsed(text));
  }
}

class TextLines extends LineTrace {
  readonly format = 'text';

  protected eventOf(text: string): TraceEvent {
    const event = eventOfLine(text);
    if (event === undefined) throw new TraceError('this is no line of a trace');
    return event;
  }
}

/** Begins to read JSON Lines. @throws TraceError where the first line is no header of a trace. */
export async function openJsonLines(source: ByteSource): Promise<OpenedTrace> {
  const first = await source.line(MOST_LINE);
  return new JsonLines(source, headerFromJson(parsed(first?.text ?? '')));
}

/** Begins to read text, whose first line are the headings. */
export async function openText(source: ByteSource): Promise<OpenedTrace> {
  await source.line(MOST_LINE);
  return new TextLines(source, { program: '', started: 0 });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new TraceError('this is no JSON');
  }
}

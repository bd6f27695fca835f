import type { TraceEvent } from '../event.ts';
import { eventLine, TEXT_HEAD } from '../event-text.ts';
import { NOTHING, type TraceEncoder } from './encoder.ts';

const encoder = new TextEncoder();

/** Lines for people, below a line of headings. */
export class TextTrace implements TraceEncoder {
  readonly messageBytes = 0;
  readonly bufferBytes = 0;

  head(): Uint8Array {
    return encoder.encode(`${TEXT_HEAD}\n`);
  }

  encode(event: TraceEvent): Uint8Array {
    return encoder.encode(`${eventLine(event)}\n`);
  }

  end(): Uint8Array {
    return NOTHING;
  }
}

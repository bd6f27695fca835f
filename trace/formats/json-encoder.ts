import type { TraceEvent, TraceHeader } from '../event.ts';
import { headerToJson } from '../event-json.ts';
import { jsonLine } from '../json-line.ts';
import { NOTHING, type TraceEncoder } from './encoder.ts';

const encoder = new TextEncoder();
const line = jsonLine();

/** JSON Lines: the header, then one object for each event. */
export class JsonTrace implements TraceEncoder {
  readonly messageBytes: number;
  readonly bufferBytes: number;
  readonly #header: TraceHeader;

  /** @param keep how much of messages and buffers is written; none of their bytes by default. */
  constructor(header: TraceHeader, keep: { readonly messageBytes?: number; readonly bufferBytes?: number } = {}) {
    this.#header = header;
    this.messageBytes = keep.messageBytes ?? 0;
    this.bufferBytes = keep.bufferBytes ?? 0;
  }

  head(): Uint8Array {
    return encoder.encode(`${JSON.stringify(headerToJson(this.#header))}\n`);
  }

  encode(event: TraceEvent): Uint8Array {
    return encoder.encode(`${line(event)}\n`);
  }

  end(): Uint8Array {
    return NOTHING;
  }
}

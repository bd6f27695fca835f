/** Writes a recording: every event with its bytes, up to a limit, in compressed blocks. */
import type { TraceEvent, TraceHeader } from '../event.ts';
import { headerToJson } from '../event-json.ts';
import { NOTHING, type TraceEncoder } from '../formats/encoder.ts';
import { jsonLine } from '../json-line.ts';
import { blockHead, prefix } from './blocks.ts';

/** Bytes of JSON in a block, about: what is lost at most where the process is killed, and unpacked at once. */
const BLOCK_LENGTH = 256 * 1024;

/** Bytes kept of each 9P message. */
export const KEPT_OF_MESSAGE = 4096;

/** Bytes kept of each buffer of a ring. */
export const KEPT_OF_BUFFER = 256;

const encoder = new TextEncoder();
const line = jsonLine();

/** The encoder; `pack` compresses as gzip does. */
export class RecordingTrace implements TraceEncoder {
  readonly messageBytes = KEPT_OF_MESSAGE;
  readonly bufferBytes = KEPT_OF_BUFFER;
  readonly #header: TraceHeader;
  readonly #pack: (bytes: Uint8Array) => Uint8Array;
  readonly #blockLength: number;
  #lines: string[] = [];
  #length = 0;
  #events = 0;
  #firstId = 0;
  #firstTime = 0;

  /** @param blockLength bytes of JSON in a block, about */
  constructor(header: TraceHeader, pack: (bytes: Uint8Array) => Uint8Array, blockLength = BLOCK_LENGTH) {
    this.#header = header;
    this.#blockLength = blockLength;
    this.#pack = pack;
  }

  head(): Uint8Array {
    this.#add(JSON.stringify(headerToJson(this.#header)));
    return prefix();
  }

  encode(event: TraceEvent): Uint8Array {
    if (this.#events === 0) [this.#firstId, this.#firstTime] = [event.id, event.time];
    this.#events += 1;
    this.#add(line(event));
    return this.#length >= this.#blockLength ? this.#block() : NOTHING;
  }

  end(): Uint8Array {
    return this.#lines.length === 0 ? NOTHING : this.#block();
  }

  #add(line: string): void {
    this.#lines.push(line);
    this.#length += line.length + 1;
  }

  #block(): Uint8Array {
    const plain = encoder.encode(`${this.#lines.join('\n')}\n`);
    const packed = this.#pack(plain);
    const head = blockHead({
      packed: packed.length,
      plain: plain.length,
      firstId: this.#firstId,
      firstTime: this.#firstTime,
      events: this.#events,
    });
    this.#lines = [];
    this.#length = 0;
    this.#events = 0;
    const block = new Uint8Array(head.length + packed.length);
    block.set(head);
    block.set(packed, head.length);
    return block;
  }
}

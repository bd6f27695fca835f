/** Reads recordings: from the beginning as any trace, or from any time. Loads in a browser. */
import type { ByteSource } from '../byte-source.ts';
import type { TraceEvent, TraceHeader } from '../event.ts';
import { eventFromJson, headerFromJson } from '../event-json.ts';
import type { OpenedTrace } from '../reading/opened-trace.ts';
import { TraceError } from '../trace-error.ts';
import { BLOCK_HEAD_LENGTH, type BlockHead, MAGIC, PREFIX_LENGTH, RECORDING_VERSION, readBlockHead } from './blocks.ts';
import { unpacked } from './unpack.ts';

const decoder = new TextDecoder();

/** A block in a recording that is whole in memory. */
interface Placed extends BlockHead {
  /** Where its compressed bytes begin. */
  readonly at: number;
}

/** A recording in memory, which can be entered at any time. */
export class RecordingReader {
  readonly header: TraceHeader;
  /** The file stops in the middle of a block. */
  readonly truncated: boolean;
  readonly #bytes: Uint8Array;
  readonly #blocks: readonly Placed[];

  private constructor(bytes: Uint8Array, blocks: readonly Placed[], header: TraceHeader, truncated: boolean) {
    this.#bytes = bytes;
    this.#blocks = blocks;
    this.header = header;
    this.truncated = truncated;
  }

  /** Looks at the heads of all blocks and unpacks the first. @throws TraceError where it is no recording. */
  static async open(bytes: Uint8Array): Promise<RecordingReader> {
    checkPrefix(bytes.subarray(0, PREFIX_LENGTH));
    const blocks: Placed[] = [];
    let at = PREFIX_LENGTH;
    let truncated = false;
    while (at < bytes.length) {
      const head = at + BLOCK_HEAD_LENGTH <= bytes.length ? headAt(bytes.subarray(at)) : undefined;
      at += BLOCK_HEAD_LENGTH;
      if (head === undefined || at + head.packed > bytes.length) {
        truncated = true;
        break;
      }
      blocks.push({ ...head, at });
      at += head.packed;
    }
    const [first] = blocks;
    if (first === undefined) throw new TraceError('there is no whole block in it');
    const [line = ''] = linesOf(await unpackedBlock(bytes, first));
    return new RecordingReader(bytes, blocks, headerFromJson(parsed(line)), truncated);
  }

  /** Events recorded. */
  get count(): number {
    return this.#blocks.reduce((sum, { events }) => sum + events, 0);
  }

  /** Events from `time` on, in microseconds; only the blocks that hold them are unpacked. */
  async *from(time = 0): AsyncGenerator<TraceEvent> {
    const after = this.#blocks.findIndex(({ firstTime }) => firstTime >= time);
    const first = after < 0 ? this.#blocks.length - 1 : Math.max(0, after - 1);
    for (const [index, block] of this.#blocks.entries()) {
      if (index < first) continue;
      const lines = linesOf(await unpackedBlock(this.#bytes, block));
      for (const line of index === 0 ? lines.slice(1) : lines) {
        const event = eventFromJson(parsed(line));
        if (event.time >= time) yield event;
      }
    }
  }
}

/** Begins to read a recording that comes in pieces. @throws TraceError where it is none. */
export async function openRecording(source: ByteSource): Promise<OpenedTrace> {
  checkPrefix((await source.take(PREFIX_LENGTH)) ?? new Uint8Array(0));
  const lines = await nextLines(source);
  if (lines === undefined) throw new TraceError('there is no whole block in it');
  return new StreamedRecording(source, headerFromJson(parsed(lines[0] ?? '')), lines.slice(1));
}

class StreamedRecording implements OpenedTrace {
  readonly format = 'recording';
  readonly header: TraceHeader;
  truncated = false;
  readonly #source: ByteSource;
  readonly #first: readonly string[];

  constructor(source: ByteSource, header: TraceHeader, first: readonly string[]) {
    this.#source = source;
    this.header = header;
    this.#first = first;
  }

  get events(): AsyncIterable<TraceEvent> {
    return this.#read();
  }

  async *#read(): AsyncGenerator<TraceEvent> {
    for (let lines: readonly string[] | undefined = this.#first; lines !== undefined; ) {
      for (const line of lines) yield eventFromJson(parsed(line));
      if (await this.#source.atEnd()) return;
      lines = await nextLines(this.#source);
    }
    this.truncated = true;
  }
}

async function nextLines(source: ByteSource): Promise<string[] | undefined> {
  const bytes = await source.take(BLOCK_HEAD_LENGTH);
  if (bytes === undefined) return undefined;
  const head = headAt(bytes);
  const packed = await source.take(head.packed);
  return packed === undefined ? undefined : linesOf(await unpacked(packed, head.plain));
}

function headAt(bytes: Uint8Array): BlockHead {
  const head = readBlockHead(bytes);
  if (head === undefined) throw new TraceError('a block says it is longer than any of ours');
  return head;
}

function unpackedBlock(bytes: Uint8Array, { at, packed, plain }: Placed): Promise<Uint8Array> {
  return unpacked(bytes.subarray(at, at + packed), plain);
}

function checkPrefix(bytes: Uint8Array): void {
  if (bytes.length < PREFIX_LENGTH || decoder.decode(bytes.subarray(0, MAGIC.length)) !== MAGIC) {
    throw new TraceError('it does not begin as a recording does');
  }
  const version = new DataView(bytes.buffer, bytes.byteOffset).getUint32(MAGIC.length, true);
  if (version !== RECORDING_VERSION) {
    throw new TraceError(`it is a recording of version ${version}; this tsvmm reads version ${RECORDING_VERSION}`);
  }
}

function linesOf(bytes: Uint8Array): string[] {
  return decoder.decode(bytes).split('\n').slice(0, -1);
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new TraceError('a line of a block is no JSON');
  }
}

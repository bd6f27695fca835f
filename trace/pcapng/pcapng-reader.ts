/** Reads the pcapng files that are written here. Blocks and packets of others in them are passed over. */
import type { ByteSource } from '../byte-source.ts';
import type { TraceEvent, TraceHeader } from '../event.ts';
import { eventFromJson } from '../event-json.ts';
import type { OpenedTrace } from '../reading/opened-trace.ts';
import { TraceError } from '../trace-error.ts';
import { BLOCK, BYTE_ORDER_MAGIC, OPTION } from './blocks.ts';
import { MessageReader } from './message-reader.ts';
import { PORT_9P } from './tcp-stream.ts';

/** No block of ours is longer. */
const MOST_BLOCK = 64 * 2 ** 20;
const LEAST_BLOCK = 12;
/** Exponent of ten of time stamps without an option that says it. */
const USUAL_RESOLUTION = 6;
/** Finer ones, and those that are powers of two, are none of ours. */
const MOST_RESOLUTION = 18;
const FRAME_HEADERS = 14 + 20 + 20;

const decoder = new TextDecoder();

interface Block {
  readonly type: number;
  /** What is between the two lengths. */
  readonly body: DataView;
}

interface Interface {
  readonly name: string;
  /** Time stamps count 10^-n seconds. */
  readonly resolution: number;
}

/** Begins to read. @throws TraceError where it is no pcapng, or one of the other byte order. */
export async function openPcapng(source: ByteSource): Promise<OpenedTrace> {
  const section = await nextBlock(source);
  if (section === undefined) throw new TraceError('its first block is cut off');
  if (section.type !== BLOCK.section) throw new TraceError('it does not begin with a section of pcapng');
  if (section.body.byteLength < 16 || section.body.getUint32(0, true) !== BYTE_ORDER_MAGIC) {
    throw new TraceError('it is a pcapng of the other byte order, which tsvmm does not write');
  }
  const program = optionsOf(section.body, 16).get(OPTION.program);
  return new PcapngTrace(source, { program: program === undefined ? '' : textOf(program), started: 0 });
}

class PcapngTrace implements OpenedTrace {
  readonly format = 'pcapng';
  readonly header: TraceHeader;
  truncated = false;
  readonly #source: ByteSource;
  readonly #interfaces: Interface[] = [];
  readonly #connections = new Map<string, MessageReader>();
  /** Microseconds since the epoch at the first event. */
  #zero: number | undefined;
  #count = 0;

  constructor(source: ByteSource, header: TraceHeader) {
    this.#source = source;
    this.header = header;
  }

  get events(): AsyncIterable<TraceEvent> {
    return this.#read();
  }

  async *#read(): AsyncGenerator<TraceEvent> {
    while (!(await this.#source.atEnd())) {
      const block = await nextBlock(this.#source);
      if (block === undefined) {
        this.truncated = true;
        return;
      }
      yield* this.#take(block);
    }
    this.truncated = [...this.#connections.values()].some(({ pending }) => pending > 0);
  }

  #take({ type, body }: Block): TraceEvent[] {
    if (type === BLOCK.interface && body.byteLength >= 8) this.#interface(body);
    if (type === BLOCK.journal) return this.#journal(body);
    return type === BLOCK.packet && body.byteLength >= 20 ? this.#packet(body) : [];
  }

  #interface(body: DataView): void {
    const options = optionsOf(body, 8);
    const name = options.get(OPTION.name);
    const said = options.get(OPTION.resolution)?.[0] ?? USUAL_RESOLUTION;
    const resolution = said > MOST_RESOLUTION ? USUAL_RESOLUTION : said;
    this.#interfaces.push({ name: name === undefined ? '' : textOf(name), resolution });
  }

  #journal(body: DataView): TraceEvent[] {
    const json = /^TSVMM_EVENT=(.*)$/m.exec(textOf(bytesOf(body)))?.[1];
    if (json === undefined) return [];
    try {
      const event = eventFromJson(JSON.parse(json));
      this.#count = event.id;
      return [event];
    } catch (error) {
      if (error instanceof TraceError || error instanceof SyntaxError) {
        throw new TraceError(`an entry of the journal is damaged: ${error.message}`);
      }
      throw error;
    }
  }

  #packet(body: DataView): TraceEvent[] {
    const iface = this.#interfaces[body.getUint32(0, true)];
    const length = body.getUint32(12, true);
    if (iface === undefined || 20 + length > body.byteLength || length < FRAME_HEADERS) return [];
    const stamp = (BigInt(body.getUint32(4, true)) << 32n) | BigInt(body.getUint32(8, true));
    const micros = Number(stamp) * 10 ** (6 - iface.resolution);
    const frame = new DataView(body.buffer, body.byteOffset + 20, length);
    const carried = carriedBy(frame);
    if (carried === undefined || carried.payload.length === 0) return [];
    const { port, direction, payload } = carried;
    const key = `${iface.name} ${port}`;
    const connection = this.#connections.get(key) ?? new MessageReader(iface.name);
    this.#connections.set(key, connection);
    const comment = optionsOf(body, 20 + Math.ceil(length / 4) * 4).get(OPTION.comment);
    const time = this.#time(micros);
    const events = connection.take(
      { direction, payload, time, comment: comment && textOf(comment) },
      () => this.#count + 1,
    );
    for (const { id } of events) this.#count = id;
    return events;
  }

  #time(micros: number): number {
    this.#zero ??= micros;
    return Math.max(0, Math.round(micros - this.#zero));
  }
}

/** What a frame of TCP over IPv4 to or from the port of 9P carries. */
function carriedBy(frame: DataView) {
  const isTcp = frame.getUint16(12) === 0x0800 && frame.getUint8(14) === 0x45 && frame.getUint8(23) === 6;
  if (!isTcp) return undefined;
  const [from, to] = [frame.getUint16(34), frame.getUint16(36)];
  if (from !== PORT_9P && to !== PORT_9P) return undefined;
  const at = 34 + (frame.getUint8(46) >> 4) * 4;
  if (at > frame.byteLength) return undefined;
  const end = Math.min(14 + frame.getUint16(16), frame.byteLength);
  const payload = new Uint8Array(frame.buffer, frame.byteOffset + at, Math.max(0, end - at));
  const direction = to === PORT_9P ? ('request' as const) : ('reply' as const);
  return { port: direction === 'request' ? from : to, direction, payload };
}

/** The next block; undefined where the file ends before it does. @throws TraceError where its two lengths differ. */
async function nextBlock(source: ByteSource): Promise<Block | undefined> {
  const head = await source.peek(8);
  if (head.length < 8) return undefined;
  const view = new DataView(head.buffer, head.byteOffset, 8);
  const [type, length] = [view.getUint32(0, true), view.getUint32(4, true)];
  if (length < LEAST_BLOCK || length % 4 !== 0 || length > MOST_BLOCK) {
    throw new TraceError(`a block says it has ${length} bytes, which no block of ours has`);
  }
  const bytes = await source.take(length);
  if (bytes === undefined) return undefined;
  const whole = new DataView(bytes.buffer, bytes.byteOffset, length);
  if (whole.getUint32(length - 4, true) !== length) throw new TraceError('a block has two lengths that differ');
  return { type, body: new DataView(bytes.buffer, bytes.byteOffset + 8, length - LEAST_BLOCK) };
}

/** Options from `at` on, by code; of several with one code the first. */
function optionsOf(body: DataView, at: number): Map<number, Uint8Array> {
  const options = new Map<number, Uint8Array>();
  while (at + 4 <= body.byteLength) {
    const [code, length] = [body.getUint16(at, true), body.getUint16(at + 2, true)];
    if (code === 0 || at + 4 + length > body.byteLength) break;
    if (!options.has(code)) options.set(code, new Uint8Array(body.buffer, body.byteOffset + at + 4, length));
    at += 4 + Math.ceil(length / 4) * 4;
  }
  return options;
}

function bytesOf(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

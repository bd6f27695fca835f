/**
 * A trace as Wireshark opens it: each 9P conversation as a TCP connection to port 564, which its own dissector takes apart, on
 * an interface named as the device; other events as entries of a journal.
 */
import type { TraceEvent, TraceHeader } from '../event.ts';
import { eventToJson } from '../event-json.ts';
import { notes, printable, textOf } from '../event-text.ts';
import { NOTHING, type TraceEncoder } from '../formats/encoder.ts';
import { enhancedPacket, interfaceDescription, journalEntry, sectionHeader } from './blocks.ts';
import { type Direction, type Frame, TcpStream } from './tcp-stream.ts';

const HEADER_SIZE = 7;
/** Priorities of journal entries. @spec RFC 5424 §6.2.1 PRI */
const PRIORITY = { warning: '4', information: '6' } as const;
const WARNINGS: ReadonlySet<string> = new Set(['guest-fault', 'ring-fault', 'features-refused', 'dropped']);

interface Conversation {
  readonly interface: number;
  tcp: TcpStream;
}

/** Writes pcapng. */
export class PcapngTrace implements TraceEncoder {
  readonly messageBytes = Number.POSITIVE_INFINITY;
  readonly bufferBytes = 0;
  readonly #header: TraceHeader;
  readonly #conversations = new Map<string, Conversation>();
  #connections = 0;

  constructor(header: TraceHeader) {
    this.#header = header;
  }

  head(): Uint8Array {
    return sectionHeader(this.#header.program);
  }

  encode(event: TraceEvent): Uint8Array {
    const blocks: Uint8Array[] = [];
    if (event.kind === 'request' || event.kind === 'reply') this.#message(event, blocks);
    else blocks.push(this.#entry(event));
    return joined(blocks);
  }

  end(): Uint8Array {
    return NOTHING;
  }

  #message(event: TraceEvent<'request'> | TraceEvent<'reply'>, blocks: Uint8Array[]): void {
    const message = wholeMessage(event.fields);
    if (message === undefined) {
      blocks.push(this.#entry(event));
      return;
    }
    const conversation = this.#conversation(event, blocks);
    const direction = event.kind;
    const frames = conversation.tcp.send(direction, message);
    const comment = printable([`#${event.id}`, notes(event)].join(' ').trim());
    frames.forEach((frame, index) => {
      const isLast = index === frames.length - 1;
      blocks.push(this.#packet(conversation.interface, event.time, direction, frame, isLast ? comment : undefined));
    });
  }

  /** Dialects differ, so each Tversion begins a connection of its own. */
  #conversation({ device, time, fields }: TraceEvent<'request'> | TraceEvent<'reply'>, blocks: Uint8Array[]) {
    const known = this.#conversations.get(device);
    if (known !== undefined && fields.name !== 'Tversion') return known;
    const number = known?.interface ?? this.#conversations.size;
    const conversation: Conversation = { interface: number, tcp: new TcpStream(this.#connections++) };
    this.#conversations.set(device, conversation);
    if (known === undefined) blocks.push(interfaceDescription(device, `9P requests of ${device}`));
    for (const [direction, frame] of conversation.tcp.open()) {
      blocks.push(this.#packet(number, time, direction, frame, undefined));
    }
    return conversation;
  }

  #packet(index: number, time: number, direction: Direction, frame: Frame, comment: string | undefined): Uint8Array {
    return enhancedPacket(index, this.#nanoseconds(time), frame, { comment, inbound: direction === 'request' });
  }

  #entry(event: TraceEvent): Uint8Array {
    const priority = WARNINGS.has(event.kind) ? PRIORITY.warning : PRIORITY.information;
    const message = [event.device, event.kind, textOf(event), notes(event)].filter((part) => part !== '').join(' ');
    return journalEntry({
      __REALTIME_TIMESTAMP: String(this.#nanoseconds(event.time) / 1000n),
      MESSAGE: printable(message),
      PRIORITY: priority,
      SYSLOG_IDENTIFIER: 'tsvmm',
      TSVMM_EVENT: JSON.stringify(eventToJson(event)),
    });
  }

  #nanoseconds(time: number): bigint {
    return BigInt(this.#header.started) * 1_000_000n + BigInt(time) * 1000n;
  }
}

/** The message, if it is one that a stream can carry: what it says of its own size is true. */
function wholeMessage({ size, bytes }: { readonly size: number; readonly bytes?: Uint8Array | undefined }) {
  return bytes !== undefined && bytes.length === size && size >= HEADER_SIZE ? bytes : undefined;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return first;
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** 9P messages out of the packets of one connection, as events. */
import type { EventId } from '../../devices/events.ts';
import { codecOfType, decodeMessage } from '../../ninep/codec.ts';
import { errnoName } from '../../ninep/errno.ts';
import type { Version } from '../../ninep/versions.ts';
import type { TraceEvent } from '../event.ts';
import { readNotes } from '../event-text.ts';
import { fidsIn, plain } from '../session-watch.ts';
import type { Direction } from './tcp-stream.ts';

const VERSIONS: ReadonlySet<string> = new Set(['9P2000', '9P2000.u', '9P2000.L'] satisfies Version[]);
const SIZE_FIELD = 4;
const HEADER_SIZE = 7;
/** No message of ours is longer. */
const MOST_MESSAGE = 32 * 2 ** 20;

/** A packet's part of a conversation. */
export interface CarriedBytes {
  readonly direction: Direction;
  readonly payload: Uint8Array;
  /** Microseconds of the stream. */
  readonly time: number;
  readonly comment: string | undefined;
}

/** Puts the messages of one connection together. */
export class MessageReader {
  readonly #device: string;
  readonly #held: Record<Direction, Uint8Array> = { request: new Uint8Array(0), reply: new Uint8Array(0) };
  readonly #requests = new Map<number, { readonly id: EventId; readonly time: number }>();
  #version: Version = '9P2000.L';

  constructor(device: string) {
    this.#device = device;
  }

  /** Bytes of messages that are not whole. */
  get pending(): number {
    return this.#held.request.length + this.#held.reply.length;
  }

  /** The events of the messages that a packet completes. `nextId` numbers those that say no number of their own. */
  take({ direction, payload, time, comment }: CarriedBytes, nextId: () => EventId): TraceEvent[] {
    const before = this.#held[direction];
    let bytes = new Uint8Array(before.length + payload.length);
    bytes.set(before);
    bytes.set(payload, before.length);
    const events: TraceEvent[] = [];
    while (bytes.length >= SIZE_FIELD) {
      const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
      if (size < HEADER_SIZE || size > MOST_MESSAGE) {
        bytes = new Uint8Array(0);
        break;
      }
      if (bytes.length < size) break;
      events.push(this.#event(direction, bytes.slice(0, size), time, comment, nextId));
      bytes = bytes.subarray(size);
    }
    this.#held[direction] = bytes;
    return events;
  }

  #event(
    direction: Direction,
    bytes: Uint8Array,
    time: number,
    comment: string | undefined,
    nextId: () => EventId,
  ): TraceEvent {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const [type, tag] = [view.getUint8(4), view.getUint16(5, true)];
    const [, number, rest = ''] = /^#(\d+) ?(.*)$/s.exec(comment ?? '') ?? [];
    const { cause, ...said } = readNotes(direction, rest).notes;
    const id = number === undefined ? nextId() : Number(number);
    const decoded = decodeMessage(bytes, this.#version);
    const codec = codecOfType(type, this.#version);
    const name = codec?.name ?? `${direction === 'request' ? 'T' : 'R'}?${type}`;
    const tagText = tag === 0xffff ? 'NOTAG' : `tag ${tag}`;
    const shown = decoded.ok
      ? decoded.codec.show(decoded.body)
      : codec === undefined
        ? 'no message of this type'
        : 'malformed';
    const common = { name, tag, type, size: bytes.length, text: [name, tagText, shown].join(' ').trim(), bytes };
    const fields = decoded.ok ? plain(decoded.body) : undefined;
    const body = decoded.ok ? decoded.body : {};
    const event = { id, time, device: this.#device, ...(typeof cause === 'number' && { cause }) };
    if (direction === 'request') {
      this.#requests.set(tag, { id, time });
      return { ...event, kind: 'request', fields: { ...common, fields, fids: fidsIn(body), ...said } } as TraceEvent;
    }
    if (name === 'Rversion') this.#agree(fields);
    const request = this.#requests.get(tag);
    this.#requests.delete(tag);
    const errno = name === 'Rlerror' ? body.ecode : name === 'Rerror' ? body.errno : undefined;
    const error = typeof errno === 'number' && errno > 0 ? { error: errnoName(errno) } : {};
    const took = request === undefined ? 0 : time - request.time;
    return {
      ...event,
      kind: 'reply',
      fields: { ...common, fields, took, request: request?.id ?? 0, ...error, ...said },
    } as TraceEvent;
  }

  #agree(fields: unknown): void {
    const version = (fields as { readonly version?: unknown } | undefined)?.version;
    if (typeof version === 'string' && VERSIONS.has(version)) this.#version = version as Version;
  }
}

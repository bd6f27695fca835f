import { ByteReader, ByteWriter } from '../bytes/cursor.ts';
import type { Payload } from '../bytes/wire.ts';
import { payload } from '../bytes/wire.ts';
import { HEADER_SIZE } from './constants.ts';
import { MESSAGES, type MessageBody, type MessageName, type MessageRow } from './messages.ts';
import { formIn, isPresent, type Version } from './versions.ts';
import { type Tag, tagNumber } from './wire-types.ts';

/** A message's body where its name is not known to the compiler. */
export type AnyBody = Readonly<Record<string, unknown>>;

/** What is made of one row of the message table for one dialect, once, when it is loaded. */
export interface Codec {
  readonly type: number;
  readonly name: MessageName;
  /** Smallest size of the whole message in bytes, header included. */
  readonly minimum: number;
  /** The message ends in data that may stay outside of the flat buffer; its name, or undefined. */
  readonly payloadField: string | undefined;
  /**
   * Reads the body. Names and strings in it are views of the reader's buffer. Short input shows in the reader's
   * `overrun`, trailing bytes in its `remaining`.
   */
  decode(from: ByteReader): AnyBody;
  /** Writes the body, but of a payload only its count. */
  encodeHead(to: ByteWriter, body: AnyBody): void;
  /** Writes the body with all of its payload. */
  encode(to: ByteWriter, body: AnyBody): void;
  /** The size of the body in bytes. */
  size(body: AnyBody): number;
  /** The body in one line: `fid 1 newfid 2 wname ["etc" "passwd"]`. */
  show(body: AnyBody): string;
  /** The message in diod's notation: `size[4] Twalk tag[2] fid[4] newfid[4] nwname[2] nwname*(wname[s])`. */
  readonly notation: string;
}

function compile(row: MessageRow<MessageName>, version: Version): Codec {
  const names = Object.keys(row.fields);
  const types = Object.values(row.fields).map((type) => formIn(type, version));
  const shownFields = names.flatMap((name, i) => {
    const type = types[i];
    return type !== undefined && isPresent(type) ? [{ name, type }] : [];
  });
  const count = names.length;
  const last = types[count - 1];
  const payloadField = last === payload ? names[count - 1] : undefined;
  const minimum = types.reduce((sum, type) => sum + type.minimum, HEADER_SIZE);
  const heads = payloadField === undefined ? count : count - 1;
  const notation = ['size[4]', row.name, 'tag[2]', ...shownFields.map(({ name, type }) => type.notation(name))].join(
    ' ',
  );

  const encodeHead = (to: ByteWriter, body: AnyBody): void => {
    for (let i = 0; i < heads; i++) types[i]?.put(to, body[names[i] ?? '']);
    if (payloadField !== undefined) to.u32(payloadLength(body[payloadField]));
  };
  return {
    type: row.type,
    name: row.name,
    minimum,
    payloadField,
    decode(from) {
      const body: Record<string, unknown> = {};
      for (let i = 0; i < count; i++) body[names[i] ?? ''] = types[i]?.get(from);
      return body;
    },
    encodeHead,
    encode(to, body) {
      for (let i = 0; i < count; i++) types[i]?.put(to, body[names[i] ?? '']);
    },
    size: (body) => types.reduce((sum, type, i) => sum + type.size(body[names[i] ?? '']), 0),
    show: (body) => shownFields.map(({ name, type }) => `${name} ${type.show(body[name])}`).join(' '),
    notation,
  };
}

function isPayload(value: unknown): value is Payload {
  return typeof value === 'object' && value !== null && 'segments' in value && 'length' in value;
}

/** The length of a payload field's value; anything else is our bug and throws. */
export function payloadLength(value: unknown): number {
  if (!isPayload(value)) throw new TypeError('a payload was expected here');
  return value.length;
}

/** The codecs of one dialect. */
interface Codecs {
  readonly byType: readonly (Codec | undefined)[];
  readonly byName: ReadonlyMap<MessageName, Codec>;
}

function codecsOf(version: Version): Codecs {
  const byType: (Codec | undefined)[] = new Array(256).fill(undefined);
  const byName = new Map<MessageName, Codec>();
  for (const row of MESSAGES) {
    if (!isIn(row, version)) continue;
    if (byType[row.type] !== undefined) throw new Error(`two messages of ${version} have type ${row.type}`);
    const codec = compile(row, version);
    byType[row.type] = codec;
    byName.set(row.name, codec);
  }
  for (const { name, type } of byName.values()) {
    if (!name.startsWith('T')) continue;
    const reply = byType[type + 1];
    if (reply?.name !== `R${name.slice(1)}`) throw new Error(`${name} of ${version} has no reply of type ${type + 1}`);
  }
  return { byType, byName };
}

function isIn(row: MessageRow, version: Version): boolean {
  return row.versions.includes(version);
}

const CODECS: Readonly<Record<Version, Codecs>> = {
  '9P2000': codecsOf('9P2000'),
  '9P2000.u': codecsOf('9P2000.u'),
  '9P2000.L': codecsOf('9P2000.L'),
};

/** The codec for a message type as it stands on the wire, or undefined for a type the dialect does not have. */
export function codecOfType(type: number, version: Version = '9P2000.L'): Codec | undefined {
  return CODECS[version].byType[type];
}

/** The codec of a message; one that the dialect does not have is our bug and throws. */
export function codecOf(name: MessageName, version: Version = '9P2000.L'): Codec {
  const codec = CODECS[version].byName.get(name);
  if (codec === undefined) throw new Error(`no message ${name} in ${version}`);
  return codec;
}

/** Every codec of a dialect, in the order of the table. */
export function allCodecs(version: Version = '9P2000.L'): Iterable<Codec> {
  return CODECS[version].byName.values();
}

/** A whole message in memory of its own, ready for a transport. The body is copied. */
export function encodeMessage<N extends MessageName>(
  name: N,
  tag: Tag,
  body: MessageBody<N>,
  version: Version = '9P2000.L',
): Uint8Array {
  const codec = codecOf(name, version);
  const size = HEADER_SIZE + codec.size(body);
  const message = new Uint8Array(size);
  const to = new ByteWriter(message);
  to.u32(size);
  to.u8(codec.type);
  to.u16(tag);
  codec.encode(to, body);
  if (to.overrun || to.length !== size) throw new Error(`${name} was measured as ${size} bytes and is not`);
  return message;
}

/** A decoded message, or why it is none. */
export type Decoded =
  | { readonly ok: true; readonly codec: Codec; readonly tag: Tag; readonly body: AnyBody }
  | { readonly ok: false; readonly reason: 'short' | 'trailing' | 'size' | 'type' };

/**
 * Takes one whole message apart, strictly: a size other than the bytes at hand, an unknown type, a body that is too
 * short or followed by more bytes is refused. Strings and payload of the result are views of `message`.
 */
export function decodeMessage(message: Uint8Array, version: Version = '9P2000.L'): Decoded {
  const from = new ByteReader(message);
  const size = from.u32();
  const type = from.u8();
  const tag = from.u16();
  if (from.overrun) return { ok: false, reason: 'short' };
  if (size !== message.length) return { ok: false, reason: 'size' };
  const codec = codecOfType(type, version);
  if (codec === undefined) return { ok: false, reason: 'type' };
  const body = codec.decode(from);
  if (from.overrun) return { ok: false, reason: 'short' };
  if (from.remaining !== 0) return { ok: false, reason: 'trailing' };
  return { ok: true, codec, tag: tagNumber(tag), body };
}

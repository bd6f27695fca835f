/** 9P frames as people read and write them: hexadecimal and the words of the message table. */
import { ByteWriter } from '../../bytes/cursor.ts';
import { type AnyBody, type Codec, decodeMessage } from '../../ninep/codec.ts';
import { HEADER_SIZE } from '../../ninep/constants.ts';
import type { Version } from '../../ninep/versions.ts';

/** A frame read. */
export interface FrameRead {
  readonly name: string;
  readonly tag: number | undefined;
  /** In the notation of the table, or what is wrong with it. */
  readonly text: string;
  readonly body: AnyBody | undefined;
}

const WRONG = {
  short: 'it ends before its fields do',
  trailing: 'bytes follow after its last field',
  size: 'its size field is not its length',
  type: 'the dialect has no message of this type',
} as const;

/** What a frame says in a dialect. */
export function readFrame(frame: Uint8Array, version: Version): FrameRead {
  const read = decodeMessage(frame, version);
  if (!read.ok) return { name: '', tag: undefined, text: `no message: ${WRONG[read.reason]}`, body: undefined };
  const { codec, tag, body } = read;
  const fields = codec.show(body);
  return { name: codec.name, tag, text: `${codec.name} tag ${tag}${fields === '' ? '' : ` ${fields}`}`, body };
}

/** A whole frame. */
export function writeFrame(codec: Codec, tag: number, body: AnyBody): Uint8Array {
  const frame = new Uint8Array(HEADER_SIZE + codec.size(body));
  const to = new ByteWriter(frame);
  to.u32(frame.length);
  to.u8(codec.type);
  to.u16(tag);
  codec.encode(to, body);
  return frame;
}

/** Bytes as two hexadecimal digits each. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

/** Bytes as ASCII, a dot for what is not printable. */
export function printable(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·')).join('');
}

/** Reads hexadecimal digits back, spaces or not. @throws RangeError, one line for people. */
export function fromHex(text: string): Uint8Array {
  const digits = text.replace(/\s+/g, '');
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(digits)) {
    throw new RangeError('bytes are two hexadecimal digits each, such as 0d 00 00 00');
  }
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

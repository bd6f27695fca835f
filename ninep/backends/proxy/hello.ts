import { ByteReader, ByteWriter } from '../../../bytes/cursor.ts';
import { u8, u16, u32, u64 } from '../../../bytes/wire.ts';
import { HEADER_SIZE } from '../../constants.ts';
import { NOTAG } from '../../wire-types.ts';
import { ProtocolError } from './protocol-error.ts';

/**
 * What both sides say first. It has the shape of a 9P message, so that one reader serves both, and types 9P does not
 * have, so that neither a 9P client nor a 9P server is mistaken for the other side.
 */
const HELLO_TYPES = { ask: 250, answer: 251 } as const;

/** `tsvmmpxy` as bytes on the wire. */
const MAGIC = 0x7978_706d_6d76_7374n;

/** Goes up with every change that an older side would not understand. */
export const PROTOCOL_VERSION = 1;

/** What a helper may be confined by, as bits of `confined`. */
export const CONFINED = {
  landlock: 0x01,
  noNewPrivs: 0x02,
  capabilities: 0x04,
  mounts: 0x08,
  limits: 0x10,
  seccomp: 0x20,
} as const;

/** The fields, in their order on the wire. */
const HELLO_FIELDS = { magic: u64, protocol: u16, confined: u32, landlock: u16, readonly: u8 } as const;

/** The size of a hello in bytes. */
export const HELLO_SIZE = HEADER_SIZE + Object.values(HELLO_FIELDS).reduce((sum, { minimum }) => sum + minimum, 0);

/** What one side says of itself; the asking side leaves all but the first at 0. */
export interface Hello {
  readonly protocol: number;
  /** Bits of `CONFINED`. */
  readonly confined: number;
  /** Landlock's ABI version, 0 without it. */
  readonly landlock: number;
  /** 1: nothing can be changed. */
  readonly readonly: number;
}

/** The hello as a frame. */
export function encodeHello(kind: keyof typeof HELLO_TYPES, hello: Hello): Uint8Array {
  const frame = new Uint8Array(HELLO_SIZE);
  const to = new ByteWriter(frame);
  to.u32(HELLO_SIZE);
  to.u8(HELLO_TYPES[kind]);
  to.u16(NOTAG);
  HELLO_FIELDS.magic.put(to, MAGIC);
  HELLO_FIELDS.protocol.put(to, hello.protocol);
  HELLO_FIELDS.confined.put(to, hello.confined);
  HELLO_FIELDS.landlock.put(to, hello.landlock);
  HELLO_FIELDS.readonly.put(to, hello.readonly);
  return frame;
}

/** Takes a whole frame apart. Throws ProtocolError for anything but that hello; its version is the caller's to judge. */
export function decodeHello(kind: keyof typeof HELLO_TYPES, frame: Uint8Array): Hello {
  const from = new ByteReader(frame);
  const size = from.u32();
  const type = from.u8();
  from.u16();
  const magic = HELLO_FIELDS.magic.get(from);
  const protocol = HELLO_FIELDS.protocol.get(from);
  const confined = HELLO_FIELDS.confined.get(from);
  const landlock = HELLO_FIELDS.landlock.get(from);
  const readonly = HELLO_FIELDS.readonly.get(from);
  if (size !== frame.length || type !== HELLO_TYPES[kind] || magic !== MAGIC || from.overrun || from.remaining > 0) {
    throw new ProtocolError('it speaks something else than the proxy protocol');
  }
  return { protocol, confined, landlock, readonly };
}

/** The message the learner is writing: fields, or bytes in their place. */
import type { MessageName } from '../../ninep/messages.ts';
import type { Version } from '../../ninep/versions.ts';
import { compose, usualTag, usualTexts } from './composer.ts';
import { fromHex } from './frame.ts';

/** A message being written. */
export interface Draft {
  readonly message: MessageName;
  readonly version: Version;
  readonly tag: string;
  /** What is typed in each field. */
  readonly texts: Readonly<Record<string, string>>;
  /** What is typed as bytes; it goes before the fields. */
  readonly hex: string | undefined;
  /** Bytes of room for the reply. */
  readonly room: string;
}

/** A draft of a message with what is usual in its fields. */
export function draftOf(message: MessageName, version: Version, room = '8192'): Draft {
  return {
    message,
    version,
    tag: String(usualTag(message)),
    texts: usualTexts(message, version),
    hex: undefined,
    room,
  };
}

/** Its bytes. @throws RangeError, one line for people, where it has none. */
export function frameOf({ message, version, tag, texts, hex }: Draft): Uint8Array {
  return hex === undefined ? compose(message, version, Number(tag), texts) : fromHex(hex);
}

/** Room for its reply in bytes. @throws RangeError, one line for people, where it is no number. */
export function roomOf({ room }: Draft): number {
  const bytes = Number(room);
  if (room.trim() === '' || !Number.isInteger(bytes) || bytes < 0) {
    throw new RangeError(`the room for a reply is a number of bytes, not '${room}'`);
  }
  return bytes;
}

/** What a client usually says after a message; the same one again where there is no such thing. */
export const USUALLY_NEXT: Readonly<Partial<Record<MessageName, Partial<Record<Version, MessageName>>>>> = {
  Tversion: { '9P2000.L': 'Tattach', '9P2000.u': 'Tattach', '9P2000': 'Tattach' },
  Tattach: { '9P2000.L': 'Twalk', '9P2000.u': 'Twalk', '9P2000': 'Twalk' },
  Twalk: { '9P2000.L': 'Tlopen', '9P2000.u': 'Topen', '9P2000': 'Topen' },
  Tlopen: { '9P2000.L': 'Tread' },
  Topen: { '9P2000.u': 'Tread', '9P2000': 'Tread' },
  Tread: { '9P2000.L': 'Tclunk', '9P2000.u': 'Tclunk', '9P2000': 'Tclunk' },
};

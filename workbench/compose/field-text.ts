/** Fields of a message as a person types them. How one is read follows from the values its wire type has. */
import type { WireType } from '../../bytes/wire.ts';
import { ACCESS_MODE, GETATTR_BITS, OPEN_FLAGS, SETATTR, UNLINK_FLAGS } from '../../ninep/constants.ts';
import { ACCESS, DM, OPEN } from '../../ninep/plan9.ts';

/** Names that stand for numbers, joined by `|`. */
const NAMES: Readonly<Record<string, number | bigint>> = {
  NOFID: 0xffff_ffff,
  NOTAG: 0xffff,
  ...OPEN_FLAGS,
  O_RDONLY: ACCESS_MODE.O_RDONLY,
  O_WRONLY: ACCESS_MODE.O_WRONLY,
  O_RDWR: ACCESS_MODE.O_RDWR,
  ...UNLINK_FLAGS,
  OREAD: ACCESS.OREAD,
  OWRITE: ACCESS.OWRITE,
  ORDWR: ACCESS.ORDWR,
  OEXEC: ACCESS.OEXEC,
  ...OPEN,
  ...DM,
  ...GETATTR_BITS,
  ...SETATTR,
};

/** All ones: what Twstat says of a field that is to stay as it is. @spec Plan 9 stat(5): wstat */
export const UNTOUCHED = 'untouched';

/** Beginnings of fields that most messages want otherwise than 0 and empty. */
const USUAL: Readonly<Record<string, string>> = {
  msize: '8192',
  version: '9P2000.L',
  afid: 'NOFID',
  newfid: '1',
  uname: 'root',
  wname: 'hello.txt',
  count: '4096',
  request_mask: 'BASIC',
  name: 'new',
  mode: '0644',
  perm: '0644',
  bsize: '4096',
};

/** What stands in a field before anybody typed. */
export function usualText(message: string, field: string, type: WireType<unknown>): string {
  const opened = ['Tlopen', 'Topen', 'Tread', 'Twrite', 'Tclunk', 'Treaddir', 'Tstat', 'Twstat'];
  if (field === 'fid' && opened.includes(message)) return '1';
  if (field === 'flags' && message === 'Tlopen') return 'O_RDONLY';
  if (field === 'mode' && (message === 'Topen' || message === 'Tcreate')) return 'OREAD';
  const kind = kindOf(type);
  return USUAL[field] ?? (kind === 'number' || kind === 'bigint' ? '0' : '');
}

type Kind = 'number' | 'bigint' | 'text' | 'bytes' | 'names' | 'data' | 'qid' | undefined;

/** The kind of values a field has; undefined where they cannot be typed in a line. */
export function kindOf({ samples }: WireType<unknown>): Kind {
  const [sample, other] = samples;
  if (typeof sample === 'number') return 'number';
  if (typeof sample === 'bigint') return 'bigint';
  if (typeof sample === 'string') return 'text';
  if (ArrayBuffer.isView(sample)) return 'bytes';
  if (Array.isArray(sample))
    return ArrayBuffer.isView((other as readonly unknown[] | undefined)?.[0]) ? 'names' : undefined;
  if (typeof sample !== 'object' || sample === null) return undefined;
  return 'segments' in sample ? 'data' : 'path' in sample ? 'qid' : undefined;
}

const encoder = new TextEncoder();

/** Reads what was typed. @throws RangeError, one line for people, where it is no value of the field. */
export function readField(field: string, type: WireType<unknown>, typed: string): unknown {
  const kind = kindOf(type);
  if (kind === 'number' || kind === 'bigint') return readNumber(field, typed, type.minimum, kind);
  if (kind === 'text') return typed;
  if (kind === 'qid') return readQid(field, typed);
  const bytes = encoder.encode(typed);
  if (kind === 'bytes') return bytes;
  if (kind === 'data') return { segments: [bytes], length: bytes.length };
  if (kind === 'names')
    return typed
      .split('/')
      .filter((name) => name !== '')
      .map((name) => encoder.encode(name));
  throw new RangeError(`${field} cannot be typed here: write the message as bytes`);
}

/** Type, version and path, or one word for all three. @spec Plan 9 intro(5): qid */
function readQid(field: string, typed: string) {
  const words = typed.trim() === UNTOUCHED ? [UNTOUCHED, UNTOUCHED, UNTOUCHED] : typed.trim().split(/\s+/);
  const [type = '', version = '', path = ''] = words;
  if (words.length !== 3) {
    throw new RangeError(`${field}: a qid is its type, version and path, such as 0x80 1 42, or ${UNTOUCHED}`);
  }
  return {
    type: readNumber(`${field}.type`, type, 1, 'number'),
    version: readNumber(`${field}.version`, version, 4, 'number'),
    path: readNumber(`${field}.path`, path, 8, 'bigint'),
  };
}

/**
 * Reads a number of `width` bytes: decimal, hexadecimal, octal, names joined by `|`, or `untouched` for all ones.
 *
 * @throws RangeError, one line for people, where it is none or does not fit.
 */
export function readNumber(field: string, typed: string, width: number, kind: 'number' | 'bigint'): number | bigint {
  // A field that may be missing says it has no bytes at least; it has four where it is there.
  const bits = 8 * (width || 4);
  const allOnes = (1n << BigInt(bits)) - 1n;
  let value = 0n;
  for (const part of typed.split('|').map((one) => one.trim())) {
    value |= part === UNTOUCHED ? allOnes : readPart(field, part);
  }
  if (value < 0n || value > allOnes) throw new RangeError(`${field} has ${bits} bits, and ${typed} has more`);
  return kind === 'number' ? Number(value) : value;
}

function readPart(field: string, part: string): bigint {
  const named = Object.hasOwn(NAMES, part) ? NAMES[part] : undefined;
  if (named !== undefined) return BigInt(named);
  if (/^0[0-7]+$/.test(part)) return BigInt(`0o${part.slice(1)}`);
  if (/^(0x[0-9a-fA-F]+|\d+)$/.test(part)) return BigInt(part);
  throw new RangeError(
    `${field}: '${part}' is no number and no name that stands for one; write 7, 0x7, 0644 or O_RDWR|O_TRUNC`,
  );
}

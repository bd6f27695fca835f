/**
 * Blocks of a pcapng file, little-endian.
 *
 * @spec draft-ietf-opsawg-pcapng §3 General File Structure, §4 Block Definitions
 */
import { ByteWriter } from '../../bytes/cursor.ts';

/** Types of blocks that are written here. */
export const BLOCK = { section: 0x0a0d_0d0a, interface: 1, journal: 9, packet: 6 } as const;

export const BYTE_ORDER_MAGIC = 0x1a2b_3c4d;

/** Options, by the blocks they stand in. */
export const OPTION = { comment: 1, program: 4, name: 2, description: 3, resolution: 9, flags: 2 } as const;

/** Link type of frames that begin with an Ethernet header. */
const ETHERNET = 1;
/** Time stamps count nanoseconds: the exponent of ten. */
const NANOSECONDS = 9;

const encoder = new TextEncoder();

/** An option: its code and its value. */
type Option = readonly [code: number, value: Uint8Array];

const padded = (length: number) => Math.ceil(length / 4) * 4;

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

/** One block of what it holds and its options. */
function block(type: number, body: readonly Uint8Array[], options: readonly Option[] = []): Uint8Array {
  const bodyLength = body.reduce((sum, { length }) => sum + length, 0);
  const optionsLength =
    options.length === 0 ? 0 : options.reduce((sum, [, value]) => sum + 4 + padded(value.length), 4);
  const length = 12 + padded(bodyLength) + optionsLength;
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, length, true);
  let at = 8;
  for (const part of body) {
    bytes.set(part, at);
    at += part.length;
  }
  at = 8 + padded(bodyLength);
  for (const [code, value] of options) {
    view.setUint16(at, code, true);
    view.setUint16(at + 2, value.length, true);
    bytes.set(value, at + 4);
    at += 4 + padded(value.length);
  }
  view.setUint32(length - 4, length, true);
  return bytes;
}

const text = (code: number, value: string): Option => [code, encoder.encode(value).subarray(0, 0xffff)];

/** The block every file begins with. */
export function sectionHeader(program: string): Uint8Array {
  const body = new Uint8Array(16);
  const to = new ByteWriter(body);
  to.u32(BYTE_ORDER_MAGIC);
  to.u16(1);
  to.u16(0);
  // The length of the section is not known while it is written.
  to.u64(0xffff_ffff_ffff_ffffn);
  return block(BLOCK.section, [body], [text(OPTION.program, program)]);
}

/** An interface, numbered in order of their blocks from 0. */
export function interfaceDescription(name: string, description: string): Uint8Array {
  const body = new Uint8Array(8);
  body[0] = ETHERNET;
  return block(
    BLOCK.interface,
    [body],
    [text(OPTION.name, name), text(OPTION.description, description), [OPTION.resolution, Uint8Array.of(NANOSECONDS)]],
  );
}

/** A packet at `time`, in nanoseconds since the epoch. */
export function enhancedPacket(
  index: number,
  time: bigint,
  frame: readonly Uint8Array[],
  { comment, inbound }: { readonly comment?: string | undefined; readonly inbound: boolean },
): Uint8Array {
  const length = frame.reduce((sum, part) => sum + part.length, 0);
  const head = new Uint8Array(20);
  const to = new ByteWriter(head);
  to.u32(index);
  to.u32(Number(time >> 32n));
  to.u32(Number(time & 0xffff_ffffn));
  to.u32(length);
  to.u32(length);
  const options: Option[] = [[OPTION.flags, u32(inbound ? 1 : 2)]];
  if (comment !== undefined) options.unshift(text(OPTION.comment, comment));
  return block(BLOCK.packet, [head, ...frame], options);
}

/** One entry of a journal, in systemd's export format: a field on each line. */
export function journalEntry(fields: Readonly<Record<string, string>>): Uint8Array {
  const lines = Object.entries(fields).map(([name, value]) => `${name}=${value}\n`);
  return block(BLOCK.journal, [encoder.encode(lines.join(''))]);
}

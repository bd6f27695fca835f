/**
 * The container of a recording: a magic, then blocks, each compressed by itself, so that a file that ends early is read as far
 * as it goes and a reader can begin anywhere.
 *
 *     "TSVMMREC" version[4]                                         little-endian throughout
 *     block*: packed[4] plain[4] firstId[6] firstTime[6] events[4] gzip[packed]
 *
 * Unpacked, a block is JSON Lines: in the first one the header, then events; `plain` is its length. `firstTime` is in
 * microseconds.
 */

/** What a recording begins with. */
export const MAGIC = 'TSVMMREC';

/** Version of the container written here; read is no other. */
export const RECORDING_VERSION = 1;

/** Bytes before the first block. */
export const PREFIX_LENGTH = 12;

/** Bytes of a block before what is compressed. */
export const BLOCK_HEAD_LENGTH = 24;

/** A block that says it is longer is damaged. */
export const MOST_BLOCK = 64 * 2 ** 20;

/** What a block says about itself. */
export interface BlockHead {
  readonly packed: number;
  readonly plain: number;
  readonly firstId: number;
  readonly firstTime: number;
  readonly events: number;
}

/** The first bytes of a file. */
export function prefix(): Uint8Array {
  const bytes = new Uint8Array(PREFIX_LENGTH);
  bytes.set(new TextEncoder().encode(MAGIC));
  new DataView(bytes.buffer).setUint32(8, RECORDING_VERSION, true);
  return bytes;
}

/** Writes the head of a block. */
export function blockHead({ packed, plain, firstId, firstTime, events }: BlockHead): Uint8Array {
  const bytes = new Uint8Array(BLOCK_HEAD_LENGTH);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, packed, true);
  view.setUint32(4, plain, true);
  setUint48(view, 8, firstId);
  setUint48(view, 14, firstTime);
  view.setUint32(20, events, true);
  return bytes;
}

/** Reads the head of a block; undefined where it cannot be one. */
export function readBlockHead(bytes: Uint8Array): BlockHead | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, BLOCK_HEAD_LENGTH);
  const head = {
    packed: view.getUint32(0, true),
    plain: view.getUint32(4, true),
    firstId: getUint48(view, 8),
    firstTime: getUint48(view, 14),
    events: view.getUint32(20, true),
  };
  return head.packed > MOST_BLOCK || head.plain > MOST_BLOCK || head.packed === 0 ? undefined : head;
}

function setUint48(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true);
  view.setUint16(at + 4, Math.floor(value / 2 ** 32) & 0xffff, true);
}

function getUint48(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint16(at + 4, true) * 2 ** 32;
}

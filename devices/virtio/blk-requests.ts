/** The requests of the block device, as a table. */
import { copyIn, copyOut, sliceSegments } from '../../bytes/segments.ts';
import { MAX_DISCARD_SECTORS, MAX_RANGES, MAX_ZERO_SECTORS } from './blk-config-registers.ts';
import { type BlockStore, SECTOR } from './block-store.ts';
import type { Chain } from './virtqueue.ts';

/** The status byte a request ends with. @spec virtio 1.2 §5.2.6 Device Operation */
export const BLK_STATUS = { OK: 0, IOERR: 1, UNSUPP: 2 } as const;

export type BlkStatus = (typeof BLK_STATUS)[keyof typeof BLK_STATUS];

/** type, reserved and sector; data follows. */
export const HEADER_LENGTH = 16;
/** sector, num_sectors and flags of a range to discard or to zero. */
const RANGE_LENGTH = 16;
const RANGE_UNMAP = 1;
const ID_LENGTH = 20;

/** What requests work on. */
export interface Disk {
  readonly store: BlockStore;
  /** Up to 20 bytes that tell disks apart. */
  readonly serial: Uint8Array;
  /** A write is stable once it is completed. */
  readonly writesThrough: () => boolean;
}

/** One request, its parts found wherever the driver put them. */
export interface BlkRequest {
  readonly sector: bigint;
  /** What follows the header: data to be written, or ranges. */
  readonly from: readonly Uint8Array[];
  readonly fromLength: number;
  /** What precedes the status byte. */
  readonly into: readonly Uint8Array[];
  readonly intoLength: number;
}

type Outcome = BlkStatus | Promise<BlkStatus>;

interface RequestKind {
  readonly name: string;
  /** It changes what is stored. */
  readonly writes?: true;
  /** Done, it has filled all that precedes the status byte. */
  readonly fills?: true;
  /** Throws, or rejects, where the storage failed. */
  readonly serve: (disk: Disk, request: BlkRequest) => Outcome;
}

/** By type. @spec virtio 1.2 §5.2.6 Device Operation */
export const BLK_REQUESTS: ReadonlyMap<number, RequestKind> = new Map<number, RequestKind>([
  [0, { name: 'VIRTIO_BLK_T_IN', fills: true, serve: read }],
  [1, { name: 'VIRTIO_BLK_T_OUT', writes: true, serve: write }],
  [4, { name: 'VIRTIO_BLK_T_FLUSH', serve: flush }],
  [8, { name: 'VIRTIO_BLK_T_GET_ID', fills: true, serve: getId }],
  [11, { name: 'VIRTIO_BLK_T_DISCARD', writes: true, serve: discard }],
  [13, { name: 'VIRTIO_BLK_T_WRITE_ZEROES', writes: true, serve: writeZeroes }],
]);

/**
 * Takes a chain apart by bytes, however they lie in its descriptors: undefined where the header is not all there. There is
 * at least one writable byte.
 */
export function readRequest(chain: Chain): { readonly type: number; readonly request: BlkRequest } | undefined {
  const header = new Uint8Array(HEADER_LENGTH);
  if (copyOut(chain.readable, 0, header, HEADER_LENGTH) < HEADER_LENGTH) return undefined;
  const words = new DataView(header.buffer);
  const fromLength = chain.readableLength - HEADER_LENGTH;
  const intoLength = chain.writableLength - 1;
  return {
    type: words.getUint32(0, true),
    request: {
      sector: words.getBigUint64(8, true),
      from: sliceSegments(chain.readable, HEADER_LENGTH, fromLength),
      fromLength,
      into: sliceSegments(chain.writable, 0, intoLength),
      intoLength,
    },
  };
}

function read({ store }: Disk, { sector, into, intoLength }: BlkRequest): Outcome {
  const at = byteOf(store, sector, intoLength);
  return at === undefined ? BLK_STATUS.IOERR : whenDone(store.read(into, at));
}

function write(disk: Disk, { sector, from, fromLength }: BlkRequest): Outcome {
  const { store } = disk;
  const at = byteOf(store, sector, fromLength);
  if (at === undefined) return BLK_STATUS.IOERR;
  const written = store.write(from, at);
  return disk.writesThrough() ? afterFlush(disk, written) : whenDone(written);
}

function flush({ store }: Disk): Outcome {
  return whenDone(store.flush());
}

/** @spec virtio 1.2 §5.2.6.1 Driver Requirements: Device Operation */
function getId({ serial }: Disk, { into, intoLength }: BlkRequest): BlkStatus {
  if (intoLength !== ID_LENGTH) return BLK_STATUS.IOERR;
  const id = new Uint8Array(ID_LENGTH);
  id.set(serial.subarray(0, ID_LENGTH));
  copyIn(into, 0, id, ID_LENGTH);
  return BLK_STATUS.OK;
}

/** A discard has no flags. @spec virtio 1.2 §5.2.6.2 Device Requirements: Device Operation */
async function discard({ store }: Disk, request: BlkRequest): Promise<BlkStatus> {
  if (!store.discards) return BLK_STATUS.UNSUPP;
  const ranges = readRanges(store, request, MAX_DISCARD_SECTORS, 0);
  if (!Array.isArray(ranges)) return ranges;
  for (const { at, length } of ranges) await store.discard(at, length);
  return BLK_STATUS.OK;
}

async function writeZeroes(disk: Disk, request: BlkRequest): Promise<BlkStatus> {
  const { store } = disk;
  const ranges = readRanges(store, request, MAX_ZERO_SECTORS, RANGE_UNMAP);
  if (!Array.isArray(ranges)) return ranges;
  for (const { at, length, flags } of ranges) await store.writeZeroes(at, length, flags === RANGE_UNMAP);
  return disk.writesThrough() ? afterFlush(disk, undefined) : BLK_STATUS.OK;
}

function whenDone(work: void | Promise<void>): Outcome {
  return work === undefined ? BLK_STATUS.OK : work.then(() => BLK_STATUS.OK);
}

async function afterFlush({ store }: Disk, work: void | Promise<void>): Promise<BlkStatus> {
  await work;
  await store.flush();
  return BLK_STATUS.OK;
}

interface Range {
  readonly at: number;
  readonly length: number;
  readonly flags: number;
}

/** All ranges of a request, or why none of them is touched. Each is read from guest memory once. */
function readRanges(
  store: BlockStore,
  { from, fromLength }: BlkRequest,
  mostSectors: number,
  knownFlags: number,
): Range[] | BlkStatus {
  const count = fromLength / RANGE_LENGTH;
  if (!Number.isInteger(count) || count < 1 || count > MAX_RANGES) return BLK_STATUS.IOERR;
  const words = new DataView(new ArrayBuffer(fromLength));
  copyOut(from, 0, new Uint8Array(words.buffer), fromLength);
  const ranges: Range[] = [];
  for (let start = 0; start < fromLength; start += RANGE_LENGTH) {
    const sectors = words.getUint32(start + 8, true);
    const flags = words.getUint32(start + 12, true);
    if ((flags & ~knownFlags) !== 0) return BLK_STATUS.UNSUPP;
    const length = sectors * SECTOR;
    const at = byteOf(store, words.getBigUint64(start, true), length);
    if (at === undefined || sectors > mostSectors) return BLK_STATUS.IOERR;
    ranges.push({ at, length, flags });
  }
  return ranges;
}

/** Where a sector lies, or undefined where `length` bytes from there on are not whole sectors within the disk. */
function byteOf(store: BlockStore, sector: bigint, length: number): number | undefined {
  if (length % SECTOR !== 0) return undefined;
  const at = sector * BigInt(SECTOR);
  return at + BigInt(length) <= BigInt(store.length) ? Number(at) : undefined;
}

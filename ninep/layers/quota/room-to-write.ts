import { sliceSegments } from '../../../bytes/segments.ts';
import { type Attributes, GETATTR, type MaybeAsync, type Node } from '../../backend.ts';
import { fail } from '../../errno.ts';
import { after } from '../../maybe-async.ts';
import { bytesOf } from './inode-table.ts';
import type { Ledger, Reservation } from './ledger.ts';

/** What disk space is given out in, in bytes. */
const UNIT = 4096;

/** A write, cut to what there is room for. */
export interface Fitting {
  readonly from: readonly Uint8Array[];
  readonly reservation: Reservation;
}

/**
 * Reserves what a write can take at most. Where that is more than there is, looks more closely: bytes that have their
 * place on the disk already take none, and of the others as many are written as fit. ENOSPC if none do.
 *
 * @param offset of the first byte; undefined for the end of the file.
 * @param length of all pieces together, 1 or more.
 */
export function roomToWrite(
  ledger: Ledger,
  node: Node,
  offset: bigint | undefined,
  from: readonly Uint8Array[],
  length: number,
): MaybeAsync<Fitting> {
  const most = Math.ceil(length / UNIT) * UNIT + UNIT;
  if (most <= ledger.freeBytes) return { from, reservation: ledger.reserve(most, 0) };
  return after(node.getattr(GETATTR.size | GETATTR.blocks), (attributes) => {
    const start = Number(offset ?? attributes.size);
    const end = start + length;
    // New space begins where old space ends, or with the page of the first byte.
    const fresh = Math.max(placed(attributes), start - (start % UNIT));
    const wanted = Math.max(0, roundUp(end) - fresh);
    if (wanted <= ledger.freeBytes) return { from, reservation: ledger.reserve(wanted, 0) };
    const room = ledger.freeBytes - (ledger.freeBytes % UNIT);
    const fitting = fresh + room - start;
    if (fitting <= 0) fail('ENOSPC');
    return { from: sliceSegments(from, 0, fitting), reservation: ledger.reserve(room, 0) };
  });
}

/** Up to where all bytes of a file have their place on the disk for certain: nowhere in a file with holes. */
function placed(attributes: Attributes): number {
  const size = roundUp(Number(attributes.size));
  return bytesOf(attributes) >= size ? size : 0;
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / UNIT) * UNIT;
}

import { copyOut } from '../../bytes/segments.ts';
import { payload } from '../../bytes/wire.ts';
import { codecOf } from '../codec.ts';
import { HEADER_SIZE, READ_OVERHEAD } from '../constants.ts';
import type { Segments } from '../frame-handler.ts';
import { MESSAGES } from '../messages.ts';

/** Room for every reply but those that carry data and Rgetlock: the longest is a symlink's target. */
const USUAL = 8192;
/** Rgetlock holds the client id of whoever has the lock, as long as a string can be. */
const LONGEST_GETLOCK = 70_000;
const TGETLOCK = codecOf('Tgetlock').type;

/** Where `count` stands in the requests whose replies carry data, by type byte. */
const COUNT_AT: ReadonlyMap<number, number> = new Map(
  MESSAGES.flatMap(({ type, fields }) => {
    const reply = MESSAGES.find((row) => row.type === type + 1);
    if (reply === undefined || !Object.values(reply.fields).some((wire) => wire === payload)) return [];
    let at = HEADER_SIZE;
    for (const [field, wire] of Object.entries(fields)) {
      if (field === 'count') return [[type, at]];
      at += wire.minimum;
    }
    return [];
  }),
);

const TYPE_AT = 4;
const head = new Uint8Array(4);
const headView = new DataView(head.buffer);

/** The room in bytes that the reply to a request may need: by its count where it asks for data, and never above `msize`. */
export function replyRoom(request: Segments, msize: number): number {
  copyOut(request, TYPE_AT, head, 1);
  const type = head[0] ?? 0;
  if (type === TGETLOCK) return Math.min(msize, LONGEST_GETLOCK);
  const countAt = COUNT_AT.get(type);
  if (countAt === undefined || copyOut(request, countAt, head, 4) < 4) return Math.min(msize, USUAL);
  return Math.min(msize, Math.max(USUAL, READ_OVERHEAD + headView.getUint32(0, true)));
}

/** Most bytes kept for the next requests: what a client has under way who reads large pieces ahead. */
const MOST_KEPT = 8 << 20;
/** Sizes from one power of two to the next: an area is at most a quarter larger than it has to be. */
const STEPS = 4;

/** The size of the area for `room` bytes. */
function areaSize(room: number): number {
  const least = Math.max(room, USUAL);
  const step = 2 ** Math.floor(Math.log2(least)) / STEPS;
  return Math.ceil(least / step) * step;
}

/** Memory that replies of one connection are written into, used again once they are sent. */
export class ReplyAreas {
  /** Free areas by size, as `areaSize` gives it. */
  private readonly free = new Map<number, Uint8Array[]>();
  private kept = 0;

  /** An area of `room` bytes or more. Its content is whatever an earlier reply left there. */
  take(room: number): Uint8Array {
    const size = areaSize(room);
    const area = this.free.get(size)?.pop();
    if (area === undefined) return new Uint8Array(size);
    this.kept -= size;
    return area;
  }

  /** Gives back an area that nobody writes or sends any more. */
  give(area: Uint8Array): void {
    if (this.kept + area.length > MOST_KEPT) return;
    this.kept += area.length;
    const same = this.free.get(area.length);
    if (same === undefined) this.free.set(area.length, [area]);
    else same.push(area);
  }

  /** Forgets the free areas, for a connection that rests. */
  trim(): void {
    this.free.clear();
    this.kept = 0;
  }
}

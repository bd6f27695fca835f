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

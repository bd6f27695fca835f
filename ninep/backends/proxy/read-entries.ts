import { ByteReader } from '../../../bytes/cursor.ts';
import type { DirectoryEntry } from '../../backend.ts';
import { Errno } from '../../errno.ts';
import { DIRECTORY_ENTRY } from '../../messages.ts';
import { checkName } from '../../names.ts';
import type { FidNumber } from '../../wire-types.ts';
import type { Channel } from './channel.ts';

/** Bytes of entries to ask for at a time. */
const PIECE = 16_384;

/** Some entries after cookie `offset`; none at the end. Names that no file can have end the conversation. */
export async function readEntries(channel: Channel, fid: FidNumber, offset: bigint): Promise<DirectoryEntry[]> {
  const count = Math.min(PIECE, channel.msize - 11);
  const bytes = new Uint8Array(count);
  const { data } = await channel.call('Treaddir', { fid, offset, count }, { into: [bytes] });
  const from = new ByteReader(bytes.subarray(0, data.length));
  const entries: DirectoryEntry[] = [];
  while (from.remaining > 0 && !from.overrun) {
    const { qid, offset: next, type, name } = DIRECTORY_ENTRY;
    entries.push({ qid: qid.get(from), offset: next.get(from), type: type.get(from), name: name.get(from) });
  }
  if (from.overrun) channel.broken('a listing ends within an entry');
  for (const { name } of entries) if (!isName(name)) channel.broken('a listing with a name no file can have');
  return entries;
}

function isName(name: Uint8Array): boolean {
  try {
    checkName(name);
    return true;
  } catch (error) {
    if (error instanceof Errno) return false;
    throw error;
  }
}

/** What was read of a directory and not taken yet. One for a whole share: whoever lists, lists alone most of the time. */
export class ReadAhead {
  private owner: object | undefined = undefined;
  private after = 0n;
  private entries: readonly DirectoryEntry[] = [];

  /** The entries after `cookie`, if they are what was left over; given only once, and never from the start. */
  take(owner: object, cookie: bigint): readonly DirectoryEntry[] | undefined {
    if (this.owner !== owner || this.after !== cookie || cookie === 0n) return undefined;
    this.owner = undefined;
    return this.entries;
  }

  keep(owner: object, cookie: bigint, entries: readonly DirectoryEntry[]): void {
    this.owner = owner;
    this.after = cookie;
    this.entries = entries;
  }
}

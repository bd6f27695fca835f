import { ByteWriter } from '../../bytes/cursor.ts';
import { SegmentWriter } from '../../bytes/segments.ts';
import type { Payload } from '../../bytes/wire.ts';
import { type MaybeAsync, type Node, type OpenFile, QID_TYPE } from '../backend.ts';
import type { Call } from '../call.ts';
import { NAME_MAX, READ_OVERHEAD } from '../constants.ts';
import { ERRNO, Errno, fail } from '../errno.ts';
import type { Handlers } from '../handlers.ts';
import { after, attempt, isPending } from '../maybe-async.ts';
import type { Plan9Fid } from '../plan9-fid.ts';
import type { PlainVersion } from '../plan9-modes.ts';
import { type Stat, statRecord } from '../stat.ts';
import { formIn } from '../versions.ts';
import { ioOps } from './io.ts';
import { statOf } from './stat.ts';

const EMPTY = new Uint8Array(0);

/** Every entry has to be looked up for its stat: one message asks for no more than some hundreds of them. */
const MOST_BYTES = 65_536;

/** Bytes of records to look for at least, so that a small count does not mean many small steps. */
const LEAST_BATCH = 1024;

/** Longer than any record whose extension is no longer than a path. */
const LONGEST_RECORD = 8192;

/** Entries that cannot be told of: gone meanwhile, or not to be reached. A listing goes on without them. */
const UNREACHABLE: readonly number[] = [ERRNO.ENOENT, ERRNO.ESTALE, ERRNO.EACCES, ERRNO.EPERM, ERRNO.ENODEV];

/** Tread in 9P2000 or 9P2000.u: of a directory it gives the stats of what is in it, '.' and '..' apart. */
export function plainReadOps(version: PlainVersion) {
  return {
    Tread(call, body) {
      const fid = call.connection.fids.get(body.fid);
      const { file, plan9 } = fid;
      if (file === undefined || plan9 === undefined || (file.qid.type & QID_TYPE.dir) === 0) {
        return ioOps.Tread(call, body);
      }
      call.hold(body.fid);
      return new Listing(version, call, { node: fid.requireNode(), file, plan9 }).read(body.offset, body.count);
    },
  } satisfies Pick<Handlers<PlainVersion>, 'Tread'>;
}

interface Entry {
  readonly name: Uint8Array;
  /** The backend's cookie that continues after it. */
  readonly offset: bigint;
}

interface Directory {
  readonly node: Node;
  readonly file: OpenFile;
  readonly plan9: Plan9Fid;
}

/**
 * One read of a directory: whole records only, from where the last read ended or from the start.
 *
 * @spec Plan 9 read(5)
 */
class Listing {
  private readonly version: PlainVersion;
  private readonly call: Call;
  private readonly directory: Directory;
  private readonly record = new Uint8Array(LONGEST_RECORD);
  private readonly recordWriter = new ByteWriter(this.record);
  private cookie = 0n;

  constructor(version: PlainVersion, call: Call, directory: Directory) {
    this.version = version;
    this.call = call;
    this.directory = directory;
  }

  read(offset: bigint, count: number): MaybeAsync<{ readonly data: Payload }> {
    const { plan9 } = this.directory;
    if (offset !== 0n && offset !== plan9.listing.end) fail('EINVAL');
    this.cookie = offset === 0n ? 0n : plan9.listing.cookie;
    const room = Math.min(this.call.dataRoom(count), MOST_BYTES);
    const segments = this.call.dataArea(room);
    const to = new SegmentWriter(segments, 0, room);
    return after(this.fill(to), () => {
      const length = room - to.room;
      plan9.listing = { end: offset + BigInt(length), cookie: this.cookie };
      return { data: { segments, length } };
    });
  }

  /** Goes on until something is written: no data would tell the client that the directory ends here. */
  private fill(to: SegmentWriter): MaybeAsync<void> {
    const { room } = to;
    if (room === 0) return;
    for (;;) {
      const consumed = this.batch(to);
      if (isPending(consumed)) return consumed.then((all) => (all && to.room === room ? this.fill(to) : undefined));
      if (!consumed || to.room < room) return;
    }
  }

  /** Writes the stats of the next few entries; returns whether all of them were dealt with and there were any. */
  private batch(to: SegmentWriter): MaybeAsync<boolean> {
    const entries: Entry[] = [];
    let expected = 0;
    const emit = ({ name, offset: next }: Entry): boolean => {
      if (expected >= Math.max(to.room, LEAST_BATCH)) return false;
      expected += formIn(statRecord, this.version).minimum + name.length;
      entries.push({ name: name.slice(), offset: next });
      return true;
    };
    return after(this.directory.file.readdir(this.cookie, emit), () => this.put(entries, to));
  }

  /** Writes one record after the other until one does not fit; what comes at once is written at once. */
  private put(entries: readonly Entry[], to: SegmentWriter): MaybeAsync<boolean> {
    for (const [index, entry] of entries.entries()) {
      const stat = this.look(entry);
      if (isPending(stat)) return this.putLater(stat, entries.slice(index), to);
      if (!this.append(entry, stat, to)) return false;
    }
    return entries.length > 0;
  }

  private async putLater(first: Promise<Stat | undefined>, entries: readonly Entry[], to: SegmentWriter) {
    for (const [index, entry] of entries.entries()) {
      const stat = await (index === 0 ? first : this.look(entry));
      if (this.call.flushed) fail('EINTR');
      if (!this.append(entry, stat, to)) return false;
    }
    return true;
  }

  /** The stat of an entry, or undefined if there is nothing to tell of it. */
  private look({ name }: Entry): MaybeAsync<Stat | undefined> {
    if (isDots(name) || name.length > NAME_MAX) return undefined;
    return attempt(
      () =>
        after(this.directory.node.walk([name]), ({ node }) => {
          if (node === undefined) return undefined;
          return attempt(
            () => statOf(this.version, node, name),
            (stat) => after(node.release(), () => stat),
            (error) =>
              after(node.release(), () => {
                throw error;
              }),
          );
        }),
      (stat: Stat | undefined) => stat,
      (error) => {
        if (error instanceof Errno && UNREACHABLE.includes(error.errno)) return undefined;
        throw error;
      },
    );
  }

  /** Writes an entry's record, if it fits, and goes past the entry. */
  private append(entry: Entry, stat: Stat | undefined, to: SegmentWriter): boolean {
    if (stat !== undefined) {
      const length = this.encode(stat);
      if (length > to.room) return false;
      to.write(this.record, length);
    }
    this.cookie = entry.offset;
    return true;
  }

  /** The record's length. A target so long that no message could ever hold it is left out. */
  private encode(stat: Stat): number {
    const most = this.call.connection.msize - READ_OVERHEAD;
    for (const whole of [stat, { ...stat, extension: EMPTY }]) {
      this.recordWriter.rewind(0);
      formIn(statRecord, this.version).put(this.recordWriter, whole);
      if (!this.recordWriter.overrun && this.recordWriter.length <= most) break;
    }
    return this.recordWriter.length;
  }
}

const DOT = 0x2e;

function isDots(name: Uint8Array): boolean {
  return name[0] === DOT && (name.length === 1 || (name.length === 2 && name[1] === DOT));
}

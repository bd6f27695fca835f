import { sliceSegments, totalLength } from '../../../bytes/segments.ts';
import {
  type AttributeChange,
  type DirectoryEntry,
  LOCK_STATUS,
  type LockRange,
  type LockStatus,
  type OpenFile,
  type Qid,
  type Request,
} from '../../backend.ts';
import { READ_OVERHEAD } from '../../constants.ts';
import { fail } from '../../errno.ts';
import type { FidNumber } from '../../wire-types.ts';
import { toRequest } from './attributes.ts';
import type { Channel } from './channel.ts';
import { HeldLocks } from './held-locks.ts';
import type { ProxyShare } from './proxy-share.ts';
import { readEntries } from './read-entries.ts';
import type { Remote } from './remote.ts';

/** size[4] Twrite tag[2] fid[4] offset[8] count[4]. */
const WRITE_OVERHEAD = 23;
const READ_LOCK = 0;
const WRITE_LOCK = 1;

/** An open file or directory of the helper's. Opened again when the helper was lost, with the locks it had. */
export class ProxyFile implements OpenFile {
  readonly qid: Qid;
  readonly iounit: number;
  private readonly share: ProxyShare;
  private readonly remote: Remote;
  private readonly locks = new HeldLocks();
  /** It had locks that could not be had again: to go on would be to write without them. */
  private lost = false;

  /** @param opened makes the remote fid; what it is given must be run whenever the file is opened again. */
  constructor(
    share: ProxyShare,
    iounit: number,
    opened: (restore: (channel: Channel, fid: FidNumber) => Promise<void>) => Remote,
  ) {
    this.share = share;
    this.iounit = iounit;
    this.remote = opened((channel, fid) => this.relock(channel, fid));
    this.qid = this.remote.qid;
  }

  read(offset: bigint, into: readonly Uint8Array[], request: Request): Promise<number> {
    return this.use(async (channel, fid) => {
      const room = totalLength(into);
      const most = channel.msize - READ_OVERHEAD;
      for (let done = 0; ; ) {
        const count = Math.min(room - done, most);
        const part = done === 0 && count === room ? into : sliceSegments(into, done, count);
        const at = offset + BigInt(done);
        const { data } = await channel.call('Tread', { fid, offset: at, count }, { into: part, request });
        done += data.length;
        if (data.length < count || done === room) return done;
      }
    });
  }

  write(offset: bigint, from: readonly Uint8Array[], request: Request): Promise<number> {
    return this.use(async (channel, fid) => {
      const all = totalLength(from);
      const most = channel.msize - WRITE_OVERHEAD;
      for (let done = 0; ; ) {
        const length = Math.min(all - done, most);
        const segments = done === 0 && length === all ? from : sliceSegments(from, done, length);
        const body = { fid, offset: offset + BigInt(done), data: { segments, length } };
        const { count } = await channel.call('Twrite', body, { request });
        if (count > length) channel.broken(`${count} of ${length} bytes were written`);
        done += count;
        if (count < length || done === all) return done;
      }
    });
  }

  readdir(offset: bigint, emit: (entry: DirectoryEntry) => boolean): Promise<void> {
    return this.use(async (channel, fid) => {
      for (let after = offset; ; ) {
        const entries = this.share.readAhead.take(this, after) ?? (await readEntries(channel, fid, after));
        if (entries.length === 0) return;
        for (const [i, entry] of entries.entries()) {
          if (!emit(entry)) return this.share.readAhead.keep(this, after, entries.slice(i));
          after = entry.offset;
        }
      }
    });
  }

  fsync(dataOnly: boolean): Promise<void> {
    return this.use(async (channel, fid) => {
      await channel.call('Tfsync', { fid, datasync: dataOnly ? 1 : 0 });
    });
  }

  setattr(change: AttributeChange): Promise<void> {
    return this.use(async (channel, fid) => {
      await channel.call('Tsetattr', toRequest(fid, change));
    });
  }

  lock(range: LockRange): Promise<LockStatus> {
    return this.use(async (channel, fid) => {
      const status = await askLock(channel, fid, range);
      if (status === LOCK_STATUS.success) {
        this.locks.done(range);
        this.share.setLocked(this, !this.locks.empty);
      }
      return status;
    });
  }

  getlock(range: LockRange): Promise<LockRange | undefined> {
    return this.use(async (channel, fid) => {
      const { type, start, length, procId: proc_id, clientId: client_id } = range;
      const found = await channel.call('Tgetlock', { fid, type, start, length, proc_id, client_id });
      if (found.type !== READ_LOCK && found.type !== WRITE_LOCK) return undefined;
      return {
        type: found.type,
        start: found.start,
        length: found.length,
        procId: found.proc_id,
        clientId: found.client_id,
      };
    });
  }

  release(): Promise<void> {
    this.share.setLocked(this, false);
    return this.remote.release();
  }

  /** Opens it with a new helper before anybody else uses that, to have its locks again. */
  async revive(channel: Channel): Promise<void> {
    try {
      await this.remote.on(channel);
    } catch {
      // Where this helper is lost as well, the next one decides.
      if (channel.ended === undefined) this.lost = true;
    }
  }

  private async relock(channel: Channel, fid: FidNumber): Promise<void> {
    if (this.locks.overflown) fail('EIO');
    for (const range of this.locks.replay) {
      if ((await askLock(channel, fid, range)) !== LOCK_STATUS.success) fail('EIO');
    }
  }

  private async use<T>(act: (channel: Channel, fid: FidNumber) => Promise<T>): Promise<T> {
    if (this.lost) fail('EIO');
    return this.remote.use(act);
  }
}

async function askLock(channel: Channel, fid: FidNumber, range: LockRange): Promise<LockStatus> {
  const { type, start, length, procId: proc_id, clientId: client_id } = range;
  const { status } = await channel.call('Tlock', { fid, type, flags: 0, start, length, proc_id, client_id });
  const known = Object.values(LOCK_STATUS).find((value) => value === status);
  return known ?? channel.broken(`lock status ${status}`);
}

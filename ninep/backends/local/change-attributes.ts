import { AT, E, KEEP_ID, O, S, UTIME } from 'node-hostfs';
import type { AttributeChange, Credential, MaybeAsync, Timestamp } from '../../backend.ts';
import { errnoOf, fail } from '../../errno.ts';
import { after } from '../../maybe-async.ts';
import { check } from './check.ts';
import type { HostObject } from './host-object.ts';
import { type Store, withChange } from './mapped/stored.ts';
import { dropSetIds } from './set-ids.ts';
import { NO_NAME, type Share } from './share.ts';

const NANOSECONDS = 1_000_000_000;
const SIZE_MAX = 0x7fff_ffff_ffff_ffffn;

/** What a setattr works on. */
export interface ChangeTarget {
  readonly object: HostObject;
  /** A descriptor open for writing, if there is one: it may change the length even where a new one could not be had. */
  readonly writable: number | undefined;
  readonly credential: Credential;
}

/**
 * Carries out a setattr, on an object that may have lost its name long ago. What can be refused beforehand is checked first;
 * then the owner comes before the mode, since setting an owner takes setuid and setgid away, and the times come last.
 */
export function changeAttributes(share: Share, target: ChangeTarget, change: AttributeChange): MaybeAsync<void> {
  share.requireWritable();
  const times = readTimes(change);
  const format = share.formatOf(target.object);
  if (change.mode !== undefined && format === S.IFLNK) fail('EOPNOTSUPP');
  const { size } = change;
  if (size === undefined) return finish();
  if (size > SIZE_MAX) fail('EFBIG');
  if (format === S.IFDIR) fail('EISDIR');
  if (format !== S.IFREG) fail('EINVAL');
  const opened = target.writable === undefined ? openForWriting(share, target.object) : -1;
  const close = () => {
    if (opened >= 0) share.hostfs.close(opened);
  };
  let sized: MaybeAsync<void>;
  try {
    sized = setSize(share, target, target.writable ?? opened, size);
  } catch (error) {
    close();
    throw error;
  }
  if (opened >= 0 && sized !== undefined) sized = sized.finally(close);
  else close();
  return after(sized, finish);

  function finish(): MaybeAsync<void> {
    if (share.store !== undefined) return after(changeStored(share, share.store, target.object, change), finishTimes);
    changeOwner(share, target.object, change);
    if (change.mode !== undefined) check(share.hostfs.fchmod(target.object.fd, change.mode & 0o7777));
    finishTimes();
  }

  function finishTimes(): void {
    if (times !== undefined) check(share.hostfs.futimens(target.object.fd, ...times));
    else if (change.ctime === true && isOnly(change)) touchCtime(share, target.object);
  }
}

/** Lengths are cut at once unless that gives back so much that it takes long. */
const MUCH = 64n * 1024n * 1024n;

function setSize(share: Share, target: ChangeTarget, fd: number, size: bigint): MaybeAsync<void> {
  const before = share.statOf(fd);
  const shrinksMuch = before.size - size > MUCH && before.blocks * 512n > MUCH;
  return after(dropSetIds(share, target.object, fd, target.credential, before), () => {
    if (shrinksMuch) return share.hostfs.ftruncateAsync(fd, size).then(discard);
    check(share.hostfs.ftruncate(fd, size));
  });
}

function changeStored(share: Share, store: Store, object: HostObject, change: AttributeChange): MaybeAsync<void> {
  if (change.mode === undefined && change.uid === undefined && change.gid === undefined) return;
  const { mode } = share.statOf(object.fd);
  return store.change(object, (stored) => withChange(stored, mode, change));
}

function discard(result: number): void {
  check(result);
}

function openForWriting(share: Share, object: HostObject): number {
  // A lease held on the host makes this EAGAIN instead of a long wait; the client may ask again.
  return check(share.hostfs.reopen(object.fd, O.WRONLY | O.NONBLOCK | O.NOCTTY));
}

function changeOwner(share: Share, object: HostObject, change: AttributeChange): void {
  if (change.uid === undefined && change.gid === undefined) return;
  const { uid = KEEP_ID, gid = KEEP_ID } = change;
  const result = share.hostfs.fchownat(object.fd, NO_NAME, uid, gid, AT.EMPTY_PATH);
  if (result === -E.PERM && !share.model.ownersMustHold) return;
  check(result);
}

type Times = [atime: bigint, atimeNs: number, mtime: bigint, mtimeNs: number];

function readTimes(change: AttributeChange): Times | undefined {
  if (change.atime === undefined && change.mtime === undefined) return undefined;
  return [...readTime(change.atime), ...readTime(change.mtime)];
}

function readTime(time: Timestamp | 'now' | undefined): [seconds: bigint, nanoseconds: number] {
  if (time === undefined) return [0n, UTIME.OMIT];
  if (time === 'now') return [0n, UTIME.NOW];
  // Beyond it are the kernel's special values.
  if (!(time.nanoseconds >= 0 && time.nanoseconds < NANOSECONDS)) fail('EINVAL');
  return [BigInt.asIntN(64, time.seconds), time.nanoseconds];
}

function isOnly(change: AttributeChange): boolean {
  return change.mode === undefined && change.uid === undefined && change.gid === undefined && change.size === undefined;
}

/** Setting the mode to what it is moves ctime. Setting the owner would too, but takes setuid away. */
function touchCtime(share: Share, object: HostObject): void {
  const mode = share.statOf(object.fd).mode & 0o7777;
  const result = share.hostfs.fchmod(object.fd, mode);
  // Symbolic links have no mode, but also no setuid to lose.
  const linked = result === -E.OPNOTSUPP && object.format === S.IFLNK;
  const final = linked ? share.hostfs.fchownat(object.fd, NO_NAME, KEEP_ID, KEEP_ID, AT.EMPTY_PATH) : result;
  if (final < 0) throw errnoOf(-final);
}

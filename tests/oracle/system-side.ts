import { AT, Dirents, KEEP_ID, makedev, O, S, type StatxTime, UTIME } from 'node-hostfs';
import { GETATTR } from '../../ninep/backend.ts';
import { type Operation, SLOTS, seen } from '../../ninep/backends/memory/differential-operations.ts';
import type { Change } from '../../ninep/client/setattr.ts';
import { INTENDED } from './intended.ts';
import {
  duplicate,
  formatOf,
  hostfs,
  lookUp,
  must,
  NO_NAME,
  pathOf,
  Refused,
  refuse,
  stat,
  whole,
} from './system-calls.ts';

/**
 * The other side of a differential run: the operations of a client as the plain system calls a local program would make
 * in their place. It knows nothing of 9P, of nodes or of the backend; where the server means to answer otherwise than
 * the kernel, `INTENDED` says so.
 */

/** One of the places: what a name led to, and the file opened there if it was. */
interface Place {
  readonly object: number;
  readonly user: number;
  readonly open?: { readonly fd: number; readonly access: number };
}

const latin1 = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');
const OPENABLE: readonly number[] = [S.IFREG, S.IFDIR];

export class SystemSide {
  private readonly root: number;
  private readonly users: readonly number[];
  private readonly ownersMustHold: boolean;
  private readonly places: Place[];
  private readonly replaced: Place[] = [];

  /** @param ownersMustHold whether a file that cannot be given its owner is refused: passthrough, not none. */
  constructor(path: string, users: readonly number[], ownersMustHold: boolean) {
    this.root = must(hostfs.openat(AT.FDCWD, Buffer.from(path), O.PATH | O.DIRECTORY, 0));
    this.users = users;
    this.ownersMustHold = ownersMustHold;
    this.places = Array.from({ length: SLOTS }, () => ({ object: duplicate(this.root), user: users[0] ?? 0 }));
  }

  /** Runs one operation: what came of it, and which times of the objects it named have moved. */
  run(operation: Operation, watchTimes: boolean): unknown {
    const watched = watchTimes && operation.do !== 'setxattr' ? this.named(operation) : [];
    const before = watched.map(timesOf);
    let result: unknown;
    try {
      result = this.act(operation);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      result = error.errno === 'ESTALE' ? 'ENOENT' : error.errno;
    }
    const after = watched.map(timesOf);
    for (const place of this.replaced.splice(0)) drop(place);
    return { result, moved: after.map((times, i) => times.map((time, k) => time !== before[i]?.[k])) };
  }

  close(): void {
    for (const place of this.places.splice(0)) drop(place);
    must(hostfs.close(this.root));
  }

  private named(operation: Operation): number[] {
    return (['slot', 'target', 'to'] as const).flatMap((key) => {
      const slot: unknown = Reflect.get(operation, key);
      return typeof slot === 'number' ? [this.at(slot).object] : [];
    });
  }

  private at(slot: number): Place {
    const place = this.places[slot];
    if (place === undefined) throw new RangeError(`no place ${slot}`);
    return place;
  }

  private put(slot: number, place: Place): unknown {
    this.replaced.push(this.at(slot));
    this.places[slot] = place;
    return describe(place.object);
  }

  private act(operation: Operation): unknown {
    switch (operation.do) {
      case 'walk':
        return this.walk(operation);
      case 'clone':
        return this.put(operation.into, this.copy(operation.slot));
      case 'up': {
        const { object, user } = this.at(operation.slot);
        return this.put(operation.into, { object: this.step(object, '..'), user });
      }
      case 'readlink': {
        const { object } = this.at(operation.slot);
        if (formatOf(object) !== S.IFLNK) refuse('EINVAL');
        const target = new Uint8Array(4096);
        return textOf(target.subarray(0, must(hostfs.readlinkat(object, NO_NAME, target))));
      }
      case 'readdir':
        return this.list(this.opened(operation.slot).fd);
      case 'fsync':
        must(hostfs.fdatasync(this.opened(operation.slot).fd));
        return {};
      case 'open': {
        const { object, user } = this.at(operation.slot);
        const open = this.open(object, operation.flags, user);
        return this.put(operation.into, { object: duplicate(object), user, open });
      }
      case 'create':
        return this.create(operation);
      case 'read': {
        const { fd } = this.opened(operation.slot);
        const into = new Uint8Array(operation.count);
        if (into.length === 0) return INTENDED.transferOfNothing('');
        return textOf(into.subarray(0, must(hostfs.preadv2(fd, into, operation.offset, 0))));
      }
      case 'write':
        return this.write(operation);
      case 'setattr': {
        const { mode } = operation.change;
        const isLink = formatOf(this.at(operation.slot).object) === S.IFLNK;
        return this.change(this.at(operation.slot), isLink && mode !== undefined ? { mode } : operation.change);
      }
      case 'link': {
        const from = Buffer.from(`/proc/self/fd/${this.at(operation.target).object}`);
        must(hostfs.linkat(AT.FDCWD, from, this.at(operation.slot).object, latin1(operation.name), AT.SYMLINK_FOLLOW));
        return {};
      }
      case 'move': {
        const [from, to] = [this.at(operation.slot).object, this.at(operation.to).object];
        must(hostfs.renameat2(from, latin1(operation.name), to, latin1(operation.newName), 0));
        return {};
      }
      case 'moveSelf': {
        const { object } = this.at(operation.slot);
        const path = this.pathBelowRoot(object);
        must(hostfs.renameat2(AT.FDCWD, path, this.at(operation.to).object, latin1(operation.newName), 0));
        return {};
      }
      case 'remove': {
        const { object } = this.at(operation.slot);
        const flags = formatOf(object) === S.IFDIR ? AT.REMOVEDIR : 0;
        must(hostfs.unlinkat(AT.FDCWD, this.pathBelowRoot(object), flags));
        return {};
      }
      case 'unlink':
        must(hostfs.unlinkat(this.at(operation.slot).object, latin1(operation.name), operation.flags));
        return {};
      case 'mkdir': {
        const { object } = this.at(operation.slot);
        const mode = operation.mode | (stat(object).mode & S.ISGID);
        this.make(operation, (directory, name) => hostfs.mkdirat(directory, name, 0o700), mode);
        return 0x80;
      }
      case 'mknod': {
        const device = makedev(operation.major, operation.minor);
        const mode = INTENDED.nodeMode(operation.mode);
        const bare = (mode & S.IFMT) | 0o600;
        this.make(operation, (directory, name) => hostfs.mknodat(directory, name, bare, device), mode);
        return 0;
      }
      case 'symlink': {
        const target = latin1(operation.target);
        this.make(operation, (directory, name) => hostfs.symlinkat(target, directory, name), undefined);
        return 2;
      }
      case 'list':
        return this.attributes(this.at(operation.slot).object);
      case 'getxattr': {
        const { object } = this.at(operation.slot);
        const name = INTENDED.attributeName(operation.attribute, this.ownersMustHold);
        return textOf(whole((out) => hostfs.getxattr(object, name, out)));
      }
      case 'setxattr':
        return this.setAttribute(operation);
      case 'lock':
      case 'getlock':
        throw new Error('locks are compared elsewhere');
    }
  }

  private copy(slot: number): Place {
    const { object, user } = this.at(slot);
    return { object: duplicate(object), user };
  }

  private opened(slot: number): { readonly fd: number; readonly access: number } {
    return this.at(slot).open ?? refuse('EBADF');
  }

  private walk({ into, user, path }: Extract<Operation, { do: 'walk' }>): unknown {
    let object = duplicate(this.root);
    for (const [i, name] of path.entries()) {
      const from = object;
      try {
        object = this.step(from, name);
      } catch (error) {
        throw i > 0 && error instanceof Refused ? new Refused(`ends after ${i}`) : error;
      } finally {
        hostfs.close(from);
      }
    }
    return this.put(into, { object, user: this.users[user] ?? 0 });
  }

  private step(from: number, name: string): number {
    const top = stat(from).ino === stat(this.root).ino;
    return name === '..' && top ? duplicate(this.root) : lookUp(from, latin1(name));
  }

  /** By its name now, which `..` and the root have none of. */
  private pathBelowRoot(object: number): Uint8Array {
    if (stat(object).ino === stat(this.root).ino) refuse('EBUSY');
    return pathOf(object);
  }

  private open(object: number, flags: number, user: number): { fd: number; access: number } {
    if ((flags & O.ACCMODE) === O.ACCMODE) refuse('EINVAL');
    const format = formatOf(object);
    if (format === S.IFLNK) refuse('ELOOP');
    if (!OPENABLE.includes(format)) INTENDED.openOfSpecialFile();
    const fd = must(hostfs.reopen(object, flags | O.NONBLOCK | O.NOCTTY));
    if ((flags & O.TRUNC) !== 0) INTENDED.dropSetIds(fd, user);
    return { fd, access: flags & O.ACCMODE };
  }

  private create({ slot, into, name, flags, mode, gid }: Extract<Operation, { do: 'create' }>): unknown {
    const { object: directory, user } = this.at(slot);
    const group = groupFor(directory, gid);
    const bytes = latin1(name);
    const fd = hostfs.openat(directory, bytes, flags | O.CREAT | O.EXCL | O.NOFOLLOW | O.NONBLOCK, 0o600);
    if (fd >= 0) {
      this.settle(fd, user, group, mode);
      return this.put(into, { object: duplicate(fd), user, open: { fd, access: flags & O.ACCMODE } });
    }
    if ((flags & O.EXCL) !== 0) must(fd);
    const object = fd === -17 ? lookUp(directory, bytes) : must(fd);
    try {
      if (formatOf(object) === S.IFDIR) refuse('EISDIR');
      return this.put(into, { object: duplicate(object), user, open: this.open(object, flags, user) });
    } finally {
      hostfs.close(object);
    }
  }

  private make(
    { slot, name, gid }: { slot: number; name: string; gid: number },
    call: (directory: number, name: Uint8Array) => number,
    mode: number | undefined,
  ): void {
    const { object: directory, user } = this.at(slot);
    const group = groupFor(directory, gid);
    must(call(directory, latin1(name)));
    const made = lookUp(directory, latin1(name));
    try {
      this.settle(made, user, group, mode);
    } finally {
      hostfs.close(made);
    }
  }

  /** Owner, then mode: whoever makes a file for another does it so. */
  private settle(fd: number, user: number, group: number, mode: number | undefined): void {
    const owned = hostfs.fchownat(fd, NO_NAME, user, group, AT.EMPTY_PATH);
    if (this.ownersMustHold) must(owned);
    if (mode !== undefined) must(hostfs.fchmod(fd, mode & 0o7777));
  }

  private write({ slot, offset, count, fill }: Extract<Operation, { do: 'write' }>): unknown {
    const { fd } = this.opened(slot);
    const { user } = this.at(slot);
    if (formatOf(fd) === S.IFDIR) return INTENDED.writeToDirectory(count);
    if (count === 0) return INTENDED.transferOfNothing({ count: 0 });
    const written = must(hostfs.pwritev2(fd, new Uint8Array(count).fill(fill), offset, 0));
    INTENDED.dropSetIds(fd, user);
    return { count: written };
  }

  private change({ object, user, open }: Place, change: Change): unknown {
    const { mode, size, atime, mtime } = change;
    if (mode !== undefined && formatOf(object) === S.IFLNK) refuse('EOPNOTSUPP');
    if (size !== undefined) this.truncate(object, open, user, size);
    const [uid, gid] = [change.uid ?? KEEP_ID, change.gid ?? KEEP_ID];
    if (uid !== KEEP_ID || gid !== KEEP_ID) {
      const owned = hostfs.fchownat(object, NO_NAME, uid, gid, AT.EMPTY_PATH);
      if (this.ownersMustHold) must(owned);
    }
    if (mode !== undefined) must(hostfs.fchmod(object, mode & 0o7777));
    if (atime !== undefined || mtime !== undefined) must(hostfs.futimens(object, ...timeOf(atime), ...timeOf(mtime)));
    return {};
  }

  private truncate(object: number, open: Place['open'], user: number, size: bigint): void {
    const format = formatOf(object);
    if (format === S.IFDIR) refuse('EISDIR');
    if (format !== S.IFREG) refuse('EINVAL');
    const own = open !== undefined && open.access !== O.RDONLY;
    const fd = own ? open.fd : must(hostfs.reopen(object, O.WRONLY));
    try {
      must(hostfs.ftruncate(fd, size));
      INTENDED.dropSetIds(fd, user);
    } finally {
      if (!own) hostfs.close(fd);
    }
  }

  private list(fd: number): string[] {
    must(hostfs.seekdir(fd, 0n));
    const batch = new Dirents(32_768);
    const all: string[] = [];
    for (;;) {
      const length = must(hostfs.getdents64(fd, batch.bytes));
      if (length === 0) return all.sort();
      batch.fill(length);
      while (batch.next()) {
        const qidType = batch.type === 4 ? 0x80 : batch.type === 10 ? 2 : 0;
        all.push(`${textOf(batch.name)} ${batch.type} ${qidType}`);
      }
    }
  }

  private attributes(object: number): string[] {
    const names = textOf(whole((out) => hostfs.listxattr(object, out))).split('\0');
    const shown = names.filter((name) => name !== '' && INTENDED.showsAttribute(name, this.ownersMustHold));
    return shown.map((name) => `${name}=${textOf(whole((out) => hostfs.getxattr(object, latin1(name), out)))}`).sort();
  }

  private setAttribute({ slot, attribute, value, flags }: Extract<Operation, { do: 'setxattr' }>): unknown {
    const { object } = this.at(slot);
    if (flags === 3) refuse('EINVAL');
    const name = INTENDED.attributeName(attribute, this.ownersMustHold);
    const removes = value.length === 0 && (flags === 2 || attribute.startsWith('system.posix_acl_'));
    must(removes ? hostfs.removexattr(object, name) : hostfs.setxattr(object, name, value, flags));
    return {};
  }
}

function drop({ object, open }: Place): void {
  hostfs.close(object);
  if (open !== undefined) hostfs.close(open.fd);
}

function groupFor(directory: number, gid: number): number {
  const { mode, gid: own } = stat(directory);
  return (mode & S.ISGID) !== 0 ? own : gid;
}

function timeOf(time: Change['atime']): [bigint, number] {
  if (time === undefined) return [0n, UTIME.OMIT];
  return time === 'now' ? [0n, UTIME.NOW] : [time[0], Number(time[1])];
}

function timesOf(object: number): string[] {
  const { mtime, ctime } = stat(object);
  return [mtime, ctime].map(({ seconds, nanoseconds }: StatxTime) => `${seconds}.${nanoseconds}`);
}

/** What a client sees of it, but for numbers that name nothing on another file system. */
function describe(object: number): unknown {
  const a = stat(object);
  return seen({
    valid: GETATTR.basic,
    mode: a.mode,
    uid: a.uid,
    gid: a.gid,
    nlink: BigInt(a.nlink),
    rdev: a.rdev,
    size: a.size,
    blksize: 0n,
    blocks: 0n,
    atime_sec: a.atime.seconds,
    atime_nsec: BigInt(a.atime.nanoseconds),
    mtime_sec: a.mtime.seconds,
    mtime_nsec: BigInt(a.mtime.nanoseconds),
    ctime_sec: 0n,
    ctime_nsec: 0n,
    btime_sec: 0n,
    btime_nsec: 0n,
    gen: 0n,
    data_version: 0n,
  });
}

/** Operations of a client as data, and what they do to one side of a differential run. Not part of the product. */
import { utf8 } from '../../../bytes/wire.ts';
import { type Client, gather } from '../../client/client.ts';
import { type Change, setattrBody } from '../../client/setattr.ts';
import { Tree } from '../../client/tree.ts';
import { MODE } from '../../constants.ts';
import { ERRNO, Errno } from '../../errno.ts';
import type { ReplyBody } from '../../messages.ts';
import { type FidNumber, fidNumber, NOFID } from '../../wire-types.ts';

/** One operation. `slot`, `target`, `to` and `into` are places in which a few fids are kept. */
export type Operation =
  | { do: 'walk'; into: number; user: number; path: readonly string[] }
  | { do: 'clone' | 'up'; slot: number; into: number }
  | { do: 'readlink' | 'readdir' | 'remove' | 'fsync' | 'list'; slot: number }
  | { do: 'open'; slot: number; into: number; flags: number }
  | { do: 'create'; slot: number; into: number; name: string; flags: number; mode: number; gid: number }
  | { do: 'read'; slot: number; offset: bigint; count: number }
  | { do: 'write'; slot: number; offset: bigint; count: number; fill: number }
  | { do: 'setattr'; slot: number; change: Change }
  | { do: 'mkdir'; slot: number; name: string; mode: number; gid: number }
  | { do: 'mknod'; slot: number; name: string; mode: number; major: number; minor: number; gid: number }
  | { do: 'symlink'; slot: number; name: string; target: string; gid: number }
  | { do: 'link'; slot: number; name: string; target: number }
  | { do: 'move'; slot: number; name: string; to: number; newName: string }
  | { do: 'moveSelf'; slot: number; to: number; newName: string }
  | { do: 'unlink'; slot: number; name: string; flags: number }
  | { do: 'getxattr'; slot: number; attribute: string }
  | { do: 'setxattr'; slot: number; attribute: string; value: Uint8Array; flags: number }
  | { do: 'lock' | 'getlock'; slot: number; type: number; start: bigint; length: bigint; process: number };

/** How many fids a side keeps. */
export const SLOTS = 8;

/** Times up to here were set by an operation; later ones came from a clock. */
const SET_BY_HAND = 1_000_000_000n;

/** Fids below are the roots. */
const FIRST_FID = 1000;

const DOTS = ['.', '..'];

/** Names are strings of one character for each byte. */
function nameOf(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

function textOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/** One of the two sides: a client, its roots, and its fids. */
export class Side {
  private readonly client: Client;
  private readonly tree: Tree;
  private readonly slots: FidNumber[];
  private readonly replaced: FidNumber[] = [];
  private nextFid = FIRST_FID;

  private constructor(client: Client, tree: Tree) {
    this.client = client;
    this.tree = tree;
    this.slots = new Array(SLOTS).fill(fidNumber(0));
  }

  /** Attaches each user with its number; `user` of a walk is an index here. */
  static async attach(client: Client, users: readonly number[]): Promise<Side> {
    await client.version();
    const [first = 0] = users;
    const tree = await Tree.attach(client, { uid: first });
    for (const [fid, n_uname] of users.entries()) {
      if (fid === 0) continue;
      const body = { fid: fidNumber(fid), afid: NOFID, uname: utf8(''), aname: utf8(''), n_uname };
      await client.call('Tattach', body);
    }
    return new Side(client, tree);
  }

  /** Runs one operation: what came of it, and which times of the objects it named have moved. */
  async run(operation: Operation, watchTimes: boolean): Promise<unknown> {
    // ext4 leaves the time alone when an attribute is set to what it was.
    const watched = watchTimes && operation.do !== 'setxattr' ? this.named(operation) : [];
    const before = await Promise.all(watched.map((fid) => this.times(fid)));
    let result: unknown;
    try {
      result = await this.act(operation);
    } catch (error) {
      if (!(error instanceof Errno)) throw error;
      // A name that is gone and a name that is another's are the same to a client that has neither.
      result = error.name === 'ESTALE' ? 'ENOENT' : error.name;
    }
    const after = await Promise.all(watched.map((fid) => this.times(fid)));
    for (const fid of this.replaced.splice(0)) await this.client.call('Tclunk', { fid });
    const moved = after.map((times, i) => times.map((time, k) => time !== before[i]?.[k]));
    return { result, moved };
  }

  /** Everything that can be reached: attributes and content by path, and which paths are one file. */
  async dump(): Promise<unknown> {
    const entries: unknown[] = [];
    const numbers = new Map<bigint, number>();
    const todo: { fid: FidNumber; path: string }[] = [{ fid: fidNumber(0), path: '' }];
    for (let at = todo.shift(); at !== undefined; at = todo.shift()) {
      const { fid, path } = at;
      const { qid, ...attributes } = await this.getattr(fid);
      if (!numbers.has(qid.path)) numbers.set(qid.path, numbers.size);
      entries.push({
        path,
        same: numbers.get(qid.path),
        seen: seen(attributes),
        attributes: await this.attributes(fid),
      });
      if ((attributes.mode & MODE.type) === MODE.directory) {
        for (const name of await this.namesIn(fid)) {
          todo.push({ fid: await this.walk(fid, [nameOf(name)]), path: `${path}/${name}` });
        }
      }
      if (fid !== 0) await this.client.call('Tclunk', { fid });
    }
    return entries;
  }

  private named(operation: Operation): FidNumber[] {
    const slots: number[] = [];
    for (const key of ['slot', 'target', 'to'] as const) {
      const slot: unknown = Reflect.get(operation, key);
      if (typeof slot === 'number') slots.push(slot);
    }
    return slots.map((slot) => this.fid(slot));
  }

  /** Modification and change. */
  private async times(fid: FidNumber): Promise<string[]> {
    const a = await this.getattr(fid);
    return [`${a.mtime_sec}.${a.mtime_nsec}`, `${a.ctime_sec}.${a.ctime_nsec}`];
  }

  private async act(operation: Operation): Promise<unknown> {
    const { client } = this;
    switch (operation.do) {
      case 'walk': {
        const root = fidNumber(operation.user);
        return this.put(operation.into, await this.walk(root, operation.path.map(nameOf)));
      }
      case 'clone':
        return this.put(operation.into, await this.walk(this.fid(operation.slot), []));
      case 'up':
        return this.put(operation.into, await this.walk(this.fid(operation.slot), [nameOf('..')]));
      case 'readlink':
        return textOf((await client.call('Treadlink', { fid: this.fid(operation.slot) })).target);
      case 'readdir':
        return this.readdir(this.fid(operation.slot));
      case 'remove': {
        // Tremove takes the fid with it, so it gets one of its own.
        const fid = await this.walk(this.fid(operation.slot), []);
        return client.call('Tremove', { fid });
      }
      case 'fsync':
        return client.call('Tfsync', { fid: this.fid(operation.slot), datasync: 1 });
      case 'open': {
        const fid = await this.walk(this.fid(operation.slot), []);
        return this.putIf(operation.into, fid, () => client.call('Tlopen', { fid, flags: operation.flags }));
      }
      case 'create': {
        const gid = await this.group(operation.slot, operation.gid);
        const fid = await this.walk(this.fid(operation.slot), []);
        const { flags, mode } = operation;
        const body = { fid, name: nameOf(operation.name), flags, mode, gid };
        return this.putIf(operation.into, fid, () => client.call('Tlcreate', body));
      }
      case 'read': {
        const { data } = await client.call('Tread', { ...operation, fid: this.fid(operation.slot) });
        return textOf(gather(data.segments, data.length));
      }
      case 'write': {
        const bytes = new Uint8Array(operation.count).fill(operation.fill);
        const data = { segments: [bytes], length: bytes.length };
        return client.call('Twrite', { fid: this.fid(operation.slot), offset: operation.offset, data });
      }
      case 'setattr': {
        const fid = this.fid(operation.slot);
        const { mode } = operation.change;
        // A symbolic link's mode is refused, by the host's driver only after it has set the owner.
        const isLink = ((await this.getattr(fid)).mode & MODE.type) === MODE.symlink;
        return client.call('Tsetattr', setattrBody(fid, isLink && mode !== undefined ? { mode } : operation.change));
      }
      case 'mkdir': {
        const dfid = this.fid(operation.slot);
        const gid = await this.group(operation.slot, operation.gid);
        // As Linux's client does in a setgid directory.
        const mode = operation.mode | ((await this.getattr(dfid)).mode & 0o2000);
        return typeOf(await client.call('Tmkdir', { dfid, name: nameOf(operation.name), mode, gid }));
      }
      case 'mknod': {
        const gid = await this.group(operation.slot, operation.gid);
        const dfid = this.fid(operation.slot);
        const { mode, major, minor } = operation;
        return typeOf(await client.call('Tmknod', { dfid, name: nameOf(operation.name), mode, major, minor, gid }));
      }
      case 'symlink': {
        const gid = await this.group(operation.slot, operation.gid);
        const symtgt = nameOf(operation.target);
        const body = { dfid: this.fid(operation.slot), name: nameOf(operation.name), symtgt, gid };
        return typeOf(await client.call('Tsymlink', body));
      }
      case 'link': {
        const fid = this.fid(operation.target);
        return client.call('Tlink', { dfid: this.fid(operation.slot), fid, name: nameOf(operation.name) });
      }
      case 'move':
        return client.call('Trenameat', {
          olddirfid: this.fid(operation.slot),
          oldname: nameOf(operation.name),
          newdirfid: this.fid(operation.to),
          newname: nameOf(operation.newName),
        });
      case 'moveSelf': {
        const fid = this.fid(operation.slot);
        return client.call('Trename', { fid, dfid: this.fid(operation.to), name: nameOf(operation.newName) });
      }
      case 'unlink': {
        const { name, flags } = operation;
        return client.call('Tunlinkat', { dirfd: this.fid(operation.slot), name: nameOf(name), flags });
      }
      case 'list':
        return this.attributes(this.fid(operation.slot));
      case 'getxattr':
        return textOf(await this.getxattr(this.fid(operation.slot), operation.attribute));
      case 'setxattr': {
        const fid = await this.walk(this.fid(operation.slot), []);
        const { attribute, value, flags } = operation;
        try {
          const attr_size = BigInt(value.length);
          await client.call('Txattrcreate', { fid, name: utf8(attribute), attr_size, flags });
          await this.tree.writeAll(fid, value);
        } catch (error) {
          await client.call('Tclunk', { fid });
          throw error;
        }
        return client.call('Tclunk', { fid });
      }
      case 'lock': {
        const { type, start, length, process } = operation;
        const owner = { proc_id: process, client_id: utf8('guest') };
        return client.call('Tlock', { fid: this.fid(operation.slot), type, flags: 0, start, length, ...owner });
      }
      case 'getlock': {
        const { type, start, length, process } = operation;
        const owner = { proc_id: process, client_id: utf8('guest') };
        const found = await client.call('Tgetlock', { fid: this.fid(operation.slot), type, start, length, ...owner });
        return { type: found.type, start: found.start, length: found.length };
      }
    }
  }

  private fid(slot: number): FidNumber {
    return this.slots[slot] ?? fidNumber(0);
  }

  private async put(slot: number, fid: FidNumber): Promise<unknown> {
    const old = this.fid(slot);
    this.slots[slot] = fid;
    if (old >= FIRST_FID) this.replaced.push(old);
    return seen(await this.getattr(fid));
  }

  private async putIf(slot: number, fid: FidNumber, act: () => Promise<unknown>): Promise<unknown> {
    try {
      await act();
    } catch (error) {
      await this.client.call('Tclunk', { fid });
      throw error;
    }
    return this.put(slot, fid);
  }

  private async walk(fid: FidNumber, wname: readonly Uint8Array[]): Promise<FidNumber> {
    const newfid = fidNumber(this.nextFid++);
    const { wqid } = await this.client.call('Twalk', { fid, newfid, wname });
    if (wqid.length < wname.length) throw new Errno(ERRNO.ENOENT, `ends after ${wqid.length}`);
    return newfid;
  }

  private getattr(fid: FidNumber): Promise<ReplyBody<'Tgetattr'>> {
    return this.client.call('Tgetattr', { fid, request_mask: 0x3fffn });
  }

  /** The group that Linux's client asks for: its own, or that of a setgid directory. */
  private async group(slot: number, gid: number): Promise<number> {
    const directory = await this.getattr(this.fid(slot));
    return (directory.mode & 0o2000) !== 0 ? directory.gid : gid;
  }

  /** Names and types, in messages that hold only a few, sorted. */
  private async readdir(fid: FidNumber): Promise<string[]> {
    const all: string[] = [];
    for (let offset = 0n; ; ) {
      const some = await this.tree.readdir(fid, offset, 100);
      const last = some.at(-1);
      if (last === undefined) return all.sort();
      all.push(...some.map(({ name, type, qid }) => `${textOf(name)} ${type} ${qid.type}`));
      offset = last.offset;
    }
  }

  private async namesIn(directory: FidNumber): Promise<string[]> {
    const fid = await this.walk(directory, []);
    await this.client.call('Tlopen', { fid, flags: 0 });
    const names = (await this.readdir(fid)).map((line) => line.split(' ')[0] ?? '');
    await this.client.call('Tclunk', { fid });
    return names.filter((name) => !DOTS.includes(name));
  }

  private async getxattr(fid: FidNumber, attribute: string): Promise<Uint8Array> {
    const newfid = fidNumber(this.nextFid++);
    await this.client.call('Txattrwalk', { fid, newfid, name: utf8(attribute) });
    const value = await this.tree.readAll(newfid);
    await this.client.call('Tclunk', { fid: newfid });
    return value;
  }

  private async attributes(fid: FidNumber): Promise<string[]> {
    const names = textOf(await this.getxattr(fid, ''))
      .split('\0')
      .filter((name) => name !== '');
    const values = names.map(async (name) => `${name}=${textOf(await this.getxattr(fid, name))}`);
    return (await Promise.all(values)).sort();
  }
}

function typeOf({ qid }: { qid: { type: number } }): number {
  return qid.type;
}

/** What two file systems must agree on about an object: not numbers, not what a directory's size means, not the time of day. */
export function seen(a: Omit<ReplyBody<'Tgetattr'>, 'qid'>): unknown {
  const time = (seconds: bigint, nanoseconds: bigint) =>
    BigInt.asIntN(64, seconds) > SET_BY_HAND ? 'clock' : `${BigInt.asIntN(64, seconds)}.${nanoseconds}`;
  return {
    mode: a.mode.toString(8),
    uid: a.uid,
    gid: a.gid,
    nlink: a.nlink,
    rdev: a.rdev,
    size: (a.mode & MODE.type) === MODE.directory ? 'directory' : a.size,
    atime: time(a.atime_sec, a.atime_nsec),
    mtime: time(a.mtime_sec, a.mtime_nsec),
  };
}

import { ByteReader } from '../../bytes/cursor.ts';
import { utf8 } from '../../bytes/wire.ts';
import type { Qid } from '../backend.ts';
import { ACCESS_MODE, MAXWELEM, READ_OVERHEAD } from '../constants.ts';
import { fail } from '../errno.ts';
import { DIRECTORY_ENTRY, type ReplyBody } from '../messages.ts';
import { type FidNumber, fidNumber, NOFID } from '../wire-types.ts';
import { type Client, gather } from './client.ts';
import { type Change, setattrBody } from './setattr.ts';

/** A path below the attached root: components joined by '/', or one component as bytes; '' is the root. */
export type Path = string | Uint8Array;

/** One entry of a listing. */
export interface Listed {
  readonly qid: Qid;
  readonly offset: bigint;
  /** Linux DT_* value. */
  readonly type: number;
  readonly name: Uint8Array;
}

/** A user's view of an export, in terms of paths: each operation walks, does one thing and clunks. */
export class Tree {
  readonly client: Client;
  readonly root: FidNumber;
  private nextFid: number;

  private constructor(client: Client, root: FidNumber) {
    this.client = client;
    this.root = root;
    this.nextFid = root + 1;
  }

  /** Attaches; fids from `firstFid` on are the tree's. */
  static async attach(
    client: Client,
    options: {
      readonly uname?: string;
      readonly aname?: string;
      readonly uid?: number;
      readonly firstFid?: number;
    } = {},
  ): Promise<Tree> {
    const { uname = 'root', aname = '', uid = 0, firstFid = 0 } = options;
    const root = fidNumber(firstFid);
    await client.call('Tattach', { fid: root, afid: NOFID, uname: utf8(uname), aname: utf8(aname), n_uname: uid });
    return new Tree(client, root);
  }

  /** A fid that nothing uses yet. */
  newFid(): FidNumber {
    return fidNumber(this.nextFid++);
  }

  /** A new fid for the path; throws the Errno of the component that cannot be walked. */
  async walk(path: Path): Promise<FidNumber> {
    const names = components(path);
    const fid = this.newFid();
    let from = this.root;
    let done = 0;
    do {
      const wname = names.slice(done, done + MAXWELEM);
      const { wqid } = await this.client.call('Twalk', { fid: from, newfid: fid, wname });
      if (wqid.length < wname.length) {
        if (from === fid) await this.clunk(fid);
        return fail('ENOENT');
      }
      done += wname.length;
      from = fid;
    } while (done < names.length);
    return fid;
  }

  /** Walks to the path, runs `use` with the fid, and clunks it however that ends. */
  async with<T>(path: Path, use: (fid: FidNumber) => Promise<T>): Promise<T> {
    const fid = await this.walk(path);
    try {
      return await use(fid);
    } finally {
      await this.clunk(fid);
    }
  }

  async clunk(fid: FidNumber): Promise<void> {
    await this.client.call('Tclunk', { fid });
  }

  /** Opens the path with Linux `flags`; the fid is the caller's to clunk. */
  async open(path: Path, flags: number = ACCESS_MODE.O_RDONLY): Promise<FidNumber> {
    const fid = await this.walk(path);
    try {
      await this.client.call('Tlopen', { fid, flags });
    } catch (error) {
      await this.clunk(fid);
      throw error;
    }
    return fid;
  }

  /** Creates and opens a file; the fid is the caller's to clunk. */
  async create(path: Path, options: { flags?: number; mode?: number; gid?: number } = {}): Promise<FidNumber> {
    const { flags = ACCESS_MODE.O_RDWR, mode = 0o644, gid = 0 } = options;
    const { directory, name } = splitLast(path);
    const fid = await this.walk(directory);
    try {
      await this.client.call('Tlcreate', { fid, name, flags, mode, gid });
    } catch (error) {
      await this.clunk(fid);
      throw error;
    }
    return fid;
  }

  /** Reads up to `count` bytes in one message. */
  async read(fid: FidNumber, offset: bigint, count: number): Promise<Uint8Array> {
    const { data } = await this.client.call('Tread', { fid, offset, count });
    return gather(data.segments, data.length);
  }

  /** Writes in one message and returns how much was written. */
  async write(fid: FidNumber, offset: bigint, bytes: Uint8Array): Promise<number> {
    const data = { segments: [bytes], length: bytes.length };
    return (await this.client.call('Twrite', { fid, offset, data })).count;
  }

  /** Reads an open fid to its end. */
  async readAll(fid: FidNumber): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    let length = 0;
    for (;;) {
      const piece = await this.read(fid, BigInt(length), this.client.msize - READ_OVERHEAD);
      if (piece.length === 0) return gather(pieces, length);
      pieces.push(piece);
      length += piece.length;
    }
  }

  async readFile(path: Path): Promise<Uint8Array> {
    const fid = await this.open(path);
    try {
      return await this.readAll(fid);
    } finally {
      await this.clunk(fid);
    }
  }

  /** Creates the file and writes `content` to it. */
  async writeFile(path: Path, content: Uint8Array | string, mode = 0o644): Promise<void> {
    const fid = await this.create(path, { mode });
    try {
      await this.writeAll(fid, typeof content === 'string' ? utf8(content) : content);
    } finally {
      await this.clunk(fid);
    }
  }

  /** Writes everything, in messages as large as may be. */
  async writeAll(fid: FidNumber, bytes: Uint8Array, start = 0n): Promise<void> {
    const most = this.client.msize - 24;
    for (let done = 0; done < bytes.length; ) {
      done += await this.write(fid, start + BigInt(done), bytes.subarray(done, done + most));
    }
  }

  getattr(path: Path, mask = 0x3fffn): Promise<ReplyBody<'Tgetattr'>> {
    return this.with(path, (fid) => this.client.call('Tgetattr', { fid, request_mask: mask }));
  }

  /** Sets what is given; times are set to these values. */
  async setattr(path: Path, change: Change): Promise<void> {
    await this.with(path, (fid) => this.client.call('Tsetattr', setattrBody(fid, change)));
  }

  /** Every entry of a directory, in messages of at most `count` bytes of entries. */
  async list(path: Path, count = this.client.msize - READ_OVERHEAD): Promise<Listed[]> {
    const fid = await this.open(path, 0o200000);
    try {
      const all: Listed[] = [];
      let offset = 0n;
      for (;;) {
        const some = await this.readdir(fid, offset, count);
        const last = some.at(-1);
        if (last === undefined) return all;
        all.push(...some);
        offset = last.offset;
      }
    } finally {
      await this.clunk(fid);
    }
  }

  /** One Treaddir. */
  async readdir(fid: FidNumber, offset: bigint, count: number): Promise<Listed[]> {
    const { data } = await this.client.call('Treaddir', { fid, offset, count });
    const from = new ByteReader(gather(data.segments, data.length));
    const entries: Listed[] = [];
    while (from.remaining > 0 && !from.overrun) {
      const { qid, offset: next, type, name } = DIRECTORY_ENTRY;
      entries.push({ qid: qid.get(from), offset: next.get(from), type: type.get(from), name: name.get(from) });
    }
    if (from.overrun) throw new Error('Rreaddir ends within an entry');
    return entries;
  }

  mkdir(path: Path, mode = 0o755, gid = 0): Promise<ReplyBody<'Tmkdir'>> {
    return this.inDirectory(path, (dfid, name) => this.client.call('Tmkdir', { dfid, name, mode, gid }));
  }

  mknod(path: Path, mode: number, major = 0, minor = 0): Promise<ReplyBody<'Tmknod'>> {
    return this.inDirectory(path, (dfid, name) =>
      this.client.call('Tmknod', { dfid, name, mode, major, minor, gid: 0 }),
    );
  }

  symlink(path: Path, target: Path): Promise<ReplyBody<'Tsymlink'>> {
    const symtgt = typeof target === 'string' ? utf8(target) : target;
    return this.inDirectory(path, (dfid, name) => this.client.call('Tsymlink', { dfid, name, symtgt, gid: 0 }));
  }

  async readlink(path: Path): Promise<Uint8Array> {
    return (await this.with(path, (fid) => this.client.call('Treadlink', { fid }))).target;
  }

  /** Makes `path` another name of `target`. */
  async link(path: Path, target: Path): Promise<void> {
    await this.with(target, (fid) =>
      this.inDirectory(path, (dfid, name) => this.client.call('Tlink', { dfid, fid, name })),
    );
  }

  async rename(from: Path, to: Path): Promise<void> {
    await this.inDirectory(from, (olddirfid, oldname) =>
      this.inDirectory(to, (newdirfid, newname) =>
        this.client.call('Trenameat', { olddirfid, oldname, newdirfid, newname }),
      ),
    );
  }

  async unlink(path: Path): Promise<void> {
    await this.inDirectory(path, (dirfd, name) => this.client.call('Tunlinkat', { dirfd, name, flags: 0 }));
  }

  async rmdir(path: Path): Promise<void> {
    await this.inDirectory(path, (dirfd, name) => this.client.call('Tunlinkat', { dirfd, name, flags: 0x200 }));
  }

  statfs(path: Path): Promise<ReplyBody<'Tstatfs'>> {
    return this.with(path, (fid) => this.client.call('Tstatfs', { fid }));
  }

  /** The value of an attribute, or with an empty name the list of all names, each ended by NUL. */
  async getxattr(path: Path, attribute: string): Promise<Uint8Array> {
    return this.with(path, async (fid) => {
      const newfid = this.newFid();
      const { size } = await this.client.call('Txattrwalk', { fid, newfid, name: utf8(attribute) });
      try {
        const value = await this.readAll(newfid);
        if (BigInt(value.length) !== size) throw new Error(`Rxattrwalk said ${size} bytes, ${value.length} came`);
        return value;
      } finally {
        await this.clunk(newfid);
      }
    });
  }

  /** `flags`: 0, XATTR_CREATE 1 or XATTR_REPLACE 2; an empty value with XATTR_REPLACE removes the attribute. */
  async setxattr(path: Path, attribute: string, value: Uint8Array, flags = 0): Promise<void> {
    const fid = await this.walk(path);
    try {
      const attr_size = BigInt(value.length);
      await this.client.call('Txattrcreate', { fid, name: utf8(attribute), attr_size, flags });
      await this.writeAll(fid, value);
    } catch (error) {
      await this.clunk(fid).catch(() => undefined);
      throw error;
    }
    await this.clunk(fid);
  }

  removexattr(path: Path, attribute: string): Promise<void> {
    return this.setxattr(path, attribute, new Uint8Array(0), 2);
  }

  private inDirectory<T>(path: Path, use: (directory: FidNumber, name: Uint8Array) => Promise<T>): Promise<T> {
    const { directory, name } = splitLast(path);
    return this.with(directory, (fid) => use(fid, name));
  }
}

function components(path: Path): Uint8Array[] {
  if (typeof path !== 'string') return [path];
  return path === '' ? [] : path.split('/').map(utf8);
}

/** The directory of a path and the name in it. */
export function splitLast(path: Path): { directory: string; name: Uint8Array } {
  if (typeof path !== 'string') return { directory: '', name: path };
  const slash = path.lastIndexOf('/');
  return { directory: path.slice(0, Math.max(slash, 0)), name: utf8(path.slice(slash + 1)) };
}

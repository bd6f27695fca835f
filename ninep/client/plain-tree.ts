import { ByteReader } from '../../bytes/cursor.ts';
import { utf8 } from '../../bytes/wire.ts';
import { READ_OVERHEAD } from '../constants.ts';
import { ACCESS } from '../plan9.ts';
import { type Stat, statRecord, UNTOUCHED } from '../stat.ts';
import { formIn } from '../versions.ts';
import type { FidNumber } from '../wire-types.ts';
import type { Client } from './client.ts';
import { type Path, splitLast, type Tree } from './tree.ts';

/** What 9P2000 and 9P2000.u do otherwise than 9P2000.L, in terms of paths; walks, reads and writes are `tree`'s. */
export class PlainTree {
  readonly tree: Tree;
  private readonly client: Client;

  /** @param tree attached by a client that speaks one of the two. */
  constructor(tree: Tree) {
    this.tree = tree;
    this.client = tree.client;
  }

  /** Opens the path with an open mode of Plan 9; the fid is the caller's to clunk. */
  async open(path: Path, mode: number = ACCESS.OREAD): Promise<FidNumber> {
    const fid = await this.tree.walk(path);
    try {
      await this.client.call('Topen', { fid, mode });
    } catch (error) {
      await this.tree.clunk(fid);
      throw error;
    }
    return fid;
  }

  /** Creates and opens; the fid is the caller's to clunk. */
  async create(path: Path, perm = 0o644, mode: number = ACCESS.ORDWR, extension = ''): Promise<FidNumber> {
    const { directory, name } = splitLast(path);
    const fid = await this.tree.walk(directory);
    try {
      await this.client.call('Tcreate', { fid, name, perm, mode, extension: utf8(extension) });
    } catch (error) {
      await this.tree.clunk(fid);
      throw error;
    }
    return fid;
  }

  /** Creates what is not to be used yet. */
  async make(path: Path, perm: number, extension = ''): Promise<void> {
    await this.tree.clunk(await this.create(path, perm, ACCESS.OREAD, extension));
  }

  async writeFile(path: Path, content: string, perm = 0o644): Promise<void> {
    const fid = await this.create(path, perm);
    try {
      await this.tree.writeAll(fid, utf8(content));
    } finally {
      await this.tree.clunk(fid);
    }
  }

  async readFile(path: Path): Promise<string> {
    const fid = await this.open(path);
    try {
      return new TextDecoder().decode(await this.tree.readAll(fid));
    } finally {
      await this.tree.clunk(fid);
    }
  }

  /** What is in a directory, in messages of at most `count` bytes of records. */
  async list(path: Path, count = this.client.msize - READ_OVERHEAD): Promise<Stat[]> {
    const fid = await this.open(path);
    try {
      const all: Stat[] = [];
      let offset = 0n;
      for (;;) {
        const data = await this.tree.read(fid, offset, count);
        if (data.length === 0) return all;
        all.push(...this.records(data));
        offset += BigInt(data.length);
      }
    } finally {
      await this.tree.clunk(fid);
    }
  }

  /** The records in what was read of a directory; throws where one is not whole. */
  records(data: Uint8Array): Stat[] {
    const from = new ByteReader(data);
    const records: Stat[] = [];
    while (from.remaining > 0) {
      records.push(formIn(statRecord, this.client.dialect).get(from));
      if (from.overrun) throw new Error('a directory read ends within a record');
    }
    return records;
  }

  async stat(path: Path): Promise<Stat> {
    return (await this.tree.with(path, (fid) => this.client.call('Tstat', { fid }))).stat;
  }

  /** Changes what is given. */
  async wstat(path: Path, change: Partial<Stat>): Promise<void> {
    await this.tree.with(path, (fid) => this.client.call('Twstat', { fid, stat: { ...UNTOUCHED, ...change } }));
  }

  async remove(path: Path): Promise<void> {
    await this.client.call('Tremove', { fid: await this.tree.walk(path) });
  }

  /** Gives `path` another name in its directory. */
  rename(path: Path, name: string): Promise<void> {
    return this.wstat(path, { name: utf8(name) });
  }
}

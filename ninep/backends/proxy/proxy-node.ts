import type {
  AttributeChange,
  Attributes,
  FileSystemStatus,
  Name,
  Node,
  OpenFile,
  Qid,
  WalkResult,
} from '../../backend.ts';
import { OPEN_FLAGS, TARGET_MAX, UNLINK_FLAGS, XATTR_FLAGS } from '../../constants.ts';
import { fail } from '../../errno.ts';
import type { FidNumber } from '../../wire-types.ts';
import { walk } from './attachment.ts';
import { fromReply, toRequest } from './attributes.ts';
import type { Channel } from './channel.ts';
import { ProxyFile } from './proxy-file.ts';
import type { ProxyShare } from './proxy-share.ts';
import { Remote } from './remote.ts';
import { readXattr, writeXattr } from './xattr-transfer.ts';

/** An object in the helper's tree: each operation is a message or a few. */
export class ProxyNode implements Node {
  readonly qid: Qid;
  private readonly share: ProxyShare;
  private readonly remote: Remote;

  constructor(share: ProxyShare, remote: Remote) {
    this.share = share;
    this.remote = remote;
    this.qid = remote.qid;
  }

  clone(): Promise<Node> {
    return this.remote.use(async (channel, fid) => this.nodeOf(channel, await cloneFid(channel, fid)));
  }

  walk(names: readonly Name[]): Promise<WalkResult> {
    return this.remote.use(async (channel, fid) => {
      const newfid = channel.newFid();
      const qids = await walk(channel, fid, newfid, names);
      const qid = qids[names.length - 1];
      if (qid === undefined) return { qids, node: undefined };
      const { attachment, place } = this.remote;
      const remote = new Remote(newfid, channel, { attachment, place: place.walk(names), qid });
      return { qids, node: new ProxyNode(this.share, remote) };
    });
  }

  getattr(mask: bigint): Promise<Attributes> {
    return this.remote.use(async (channel, fid) =>
      fromReply(await channel.call('Tgetattr', { fid, request_mask: mask })),
    );
  }

  setattr(change: AttributeChange): Promise<void> {
    return this.remote.use(async (channel, fid) => {
      await channel.call('Tsetattr', toRequest(fid, change));
    });
  }

  statfs(): Promise<FileSystemStatus> {
    return this.remote.use((channel, fid) => channel.call('Tstatfs', { fid }));
  }

  open(flags: number): Promise<OpenFile> {
    return this.remote.use(async (channel, fid) => {
      const newfid = await cloneFid(channel, fid);
      try {
        const opened = await channel.call('Tlopen', { fid: newfid, flags });
        return this.fileOf(channel, newfid, opened, flags);
      } catch (error) {
        await channel.clunk(newfid);
        throw error;
      }
    });
  }

  create(name: Name, flags: number, mode: number, gid: number): Promise<{ node: Node; file: OpenFile }> {
    return this.remote.use(async (channel, fid) => {
      const newfid = await cloneFid(channel, fid);
      try {
        const opened = await channel.call('Tlcreate', { fid: newfid, name, flags, mode, gid });
        const place = this.remote.place.walk([name]);
        try {
          const made = { attachment: this.remote.attachment, place, qid: opened.qid };
          const node = new ProxyNode(this.share, new Remote(await cloneFid(channel, newfid), channel, made));
          return { node, file: node.fileOf(channel, newfid, opened, flags) };
        } catch (error) {
          place.release();
          throw error;
        }
      } catch (error) {
        await channel.clunk(newfid);
        throw error;
      }
    });
  }

  mkdir(name: Name, mode: number, gid: number): Promise<Qid> {
    return this.remote.use(async (channel, dfid) => (await channel.call('Tmkdir', { dfid, name, mode, gid })).qid);
  }

  mknod(name: Name, mode: number, major: number, minor: number, gid: number): Promise<Qid> {
    return this.remote.use(
      async (channel, dfid) => (await channel.call('Tmknod', { dfid, name, mode, major, minor, gid })).qid,
    );
  }

  symlink(name: Name, target: Uint8Array, gid: number): Promise<Qid> {
    return this.remote.use(
      async (channel, dfid) => (await channel.call('Tsymlink', { dfid, name, symtgt: target, gid })).qid,
    );
  }

  readlink(): Promise<Uint8Array> {
    return this.remote.use(async (channel, fid) => {
      const { target } = await channel.call('Treadlink', { fid });
      if (target.length > TARGET_MAX) channel.broken(`a target of ${target.length} bytes`);
      return target;
    });
  }

  link(name: Name, target: Node): Promise<void> {
    const other = this.sibling(target);
    return this.remote.use(async (channel, dfid) => {
      await channel.call('Tlink', { dfid, fid: await other.on(channel), name });
    });
  }

  rename(oldName: Name, newDirectory: Node, newName: Name): Promise<void> {
    const other = this.sibling(newDirectory);
    return this.remote.use(async (channel, olddirfid) => {
      const newdirfid = await other.on(channel);
      await channel.call('Trenameat', { olddirfid, oldname: oldName, newdirfid, newname: newName });
      this.remote.place.renamed(oldName, other.place, newName);
    });
  }

  unlink(name: Name, directory: boolean): Promise<void> {
    return this.remote.use(async (channel, dirfd) => {
      await channel.call('Tunlinkat', { dirfd, name, flags: directory ? UNLINK_FLAGS.AT_REMOVEDIR : 0 });
      this.remote.place.removed(name);
    });
  }

  removeSelf(): Promise<void> {
    return this.remote.use(async (channel, fid) => {
      // Tremove takes its fid with it, whether it succeeds or not.
      const doomed = await cloneFid(channel, fid);
      try {
        await channel.call('Tremove', { fid: doomed });
      } finally {
        channel.fids.give(doomed);
      }
      this.remote.place.detach();
    });
  }

  renameSelf(newDirectory: Node, newName: Name): Promise<void> {
    const other = this.sibling(newDirectory);
    return this.remote.use(async (channel, fid) => {
      await channel.call('Trename', { fid, dfid: await other.on(channel), name: newName });
      this.remote.place.moveTo(other.place, newName);
    });
  }

  getxattr(name: Uint8Array): Promise<Uint8Array> {
    return this.remote.use((channel, fid) => readXattr(channel, fid, name));
  }

  listxattr(): Promise<Uint8Array> {
    return this.remote.use((channel, fid) => readXattr(channel, fid, new Uint8Array(0)));
  }

  setxattr(name: Uint8Array, value: Uint8Array, flags: number): Promise<void> {
    return this.remote.use(async (channel, fid) =>
      writeXattr(channel, await cloneFid(channel, fid), { name, value, flags }),
    );
  }

  removexattr(name: Uint8Array): Promise<void> {
    return this.setxattr(name, new Uint8Array(0), XATTR_FLAGS.XATTR_REPLACE);
  }

  release(): Promise<void> {
    return this.remote.release();
  }

  private fileOf(
    channel: Channel,
    fid: FidNumber,
    opened: { readonly qid: Qid; readonly iounit: number },
    flags: number,
  ): ProxyFile {
    const again = flags & ~(OPEN_FLAGS.O_TRUNC | OPEN_FLAGS.O_EXCL);
    return new ProxyFile(this.share, opened.iounit, (restore) => {
      const { attachment, place } = this.remote;
      return new Remote(fid, channel, { attachment, place: place.retain(), qid: opened.qid }, async (newer, newFid) => {
        await newer.call('Tlopen', { fid: newFid, flags: again });
        await restore(newer, newFid);
      });
    });
  }

  private nodeOf(channel: Channel, fid: FidNumber): ProxyNode {
    const { attachment, place, qid } = this.remote;
    return new ProxyNode(this.share, new Remote(fid, channel, { attachment, place: place.retain(), qid }));
  }

  private sibling(node: Node): Remote {
    return node instanceof ProxyNode && node.share === this.share ? node.remote : fail('EXDEV');
  }
}

/** A second fid for the same object. */
async function cloneFid(channel: Channel, fid: FidNumber): Promise<FidNumber> {
  const newfid = channel.newFid();
  await walk(channel, fid, newfid, []);
  return newfid;
}

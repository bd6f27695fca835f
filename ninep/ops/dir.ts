import { ByteWriter } from '../../bytes/cursor.ts';
import { SegmentWriter } from '../../bytes/segments.ts';
import type { DirectoryEntry } from '../backend.ts';
import { MODE, UNLINK_FLAGS } from '../constants.ts';
import { fail } from '../errno.ts';
import type { Handlers } from '../handlers.ts';
import { after } from '../maybe-async.ts';
import { DIRECTORY_ENTRY } from '../messages.ts';
import { checkEntryName, checkTarget, ON_CREATE, ON_UNLINK } from '../names.ts';

const EMPTY = {};

/** Fixed part of a directory entry: qid[13] offset[8] type[1] and the length of name[s]. */
const ENTRY_OVERHEAD = 24;

/** Longer names cannot be looked up by any client of ours, whatever the host's file system allows. */
const LONGEST_NAME = 1024;

const entryBytes = new Uint8Array(ENTRY_OVERHEAD + LONGEST_NAME);
const entryWriter = new ByteWriter(entryBytes);

/** Names in directories: listing them, making them, taking them away. */
export const dirOps = {
  Treaddir(call, { fid: number, offset, count }) {
    const file = call.hold(number).requireFile();
    const room = call.dataRoom(count);
    const segments = call.dataArea(room);
    const [only] = segments;
    const direct = only !== undefined && segments.length === 1 ? file.readdirInto?.(offset, only) : undefined;
    if (direct !== undefined) return direct < 0 ? fail('EINVAL') : { data: { segments, length: direct } };
    const to = new SegmentWriter(segments, 0, room);
    let full = false;
    const emit = (entry: DirectoryEntry): boolean => {
      if (entry.name.length > LONGEST_NAME) return true;
      if (ENTRY_OVERHEAD + entry.name.length > to.room) {
        full = true;
        return false;
      }
      putEntry(to, entry);
      return true;
    };
    return after(file.readdir(offset, emit), () => {
      const length = room - to.room;
      // An empty answer would tell the client that the directory ends here.
      if (full && length === 0) fail('EINVAL');
      return { data: { segments, length } };
    });
  },

  Tmkdir(call, { dfid, name, mode, gid }) {
    checkEntryName(name, ON_CREATE);
    return after(
      call
        .hold(dfid)
        .requireNode()
        .mkdir(name, mode & MODE.permissions, gid),
      (qid) => ({ qid }),
    );
  },

  Tmknod(call, { dfid, name, mode, major, minor, gid }) {
    checkEntryName(name, ON_CREATE);
    const type = mode & MODE.type;
    if (type === MODE.directory) fail('EPERM');
    if (!NODE_TYPES.includes(type)) fail('EINVAL');
    const full = (type === 0 ? MODE.file : type) | (mode & MODE.permissions);
    return after(call.hold(dfid).requireNode().mknod(name, full, major, minor, gid), (qid) => ({ qid }));
  },

  Tsymlink(call, { dfid, name, symtgt, gid }) {
    checkEntryName(name, ON_CREATE);
    checkTarget(symtgt);
    return after(call.hold(dfid).requireNode().symlink(name, symtgt, gid), (qid) => ({ qid }));
  },

  Treadlink(call, { fid: number }) {
    return after(call.hold(number).requireNode().readlink(), (target) => ({ target }));
  },

  Tunlinkat(call, { dirfd, name, flags }) {
    if ((flags & ~UNLINK_FLAGS.AT_REMOVEDIR) !== 0) fail('EINVAL');
    checkEntryName(name, ON_UNLINK);
    return after(
      call
        .hold(dirfd)
        .requireNode()
        .unlink(name, flags !== 0),
      () => EMPTY,
    );
  },
} satisfies Pick<Handlers, 'Treaddir' | 'Tmkdir' | 'Tmknod' | 'Tsymlink' | 'Treadlink' | 'Tunlinkat'>;

/** What mknod(2) makes; no type at all means a regular file. */
const NODE_TYPES: readonly number[] = [0, MODE.file, MODE.character, MODE.block, MODE.fifo, MODE.socket];

function putEntry(to: SegmentWriter, entry: DirectoryEntry): void {
  entryWriter.rewind(0);
  DIRECTORY_ENTRY.qid.put(entryWriter, entry.qid);
  DIRECTORY_ENTRY.offset.put(entryWriter, entry.offset);
  DIRECTORY_ENTRY.type.put(entryWriter, entry.type);
  DIRECTORY_ENTRY.name.put(entryWriter, entry.name);
  to.write(entryBytes, entryWriter.length);
}

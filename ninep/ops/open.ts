import type { MaybeAsync, Name, Node, OpenFile } from '../backend.ts';
import type { Call } from '../call.ts';
import { ACCESS_MODE, IO_HEADER_SIZE, MODE, OPEN_FLAGS } from '../constants.ts';
import { fail } from '../errno.ts';
import type { Fid } from '../fids.ts';
import type { Handlers } from '../handlers.ts';
import { after, attempt } from '../maybe-async.ts';
import type { ReplyBody } from '../messages.ts';
import { checkEntryName, ON_CREATE } from '../names.ts';
import { commitXattr } from './xattr.ts';

const EMPTY = {};

/**
 * Flags that mean something to a backend. O_DIRECT is not one of them, since a guest's pages need not be aligned as the
 * host's disk wants them; O_CREAT comes with Tlcreate only, and the rest concerns the client's own descriptors.
 */
const PASSED_TO_OPEN =
  ACCESS_MODE.mask |
  OPEN_FLAGS.O_TRUNC |
  OPEN_FLAGS.O_APPEND |
  OPEN_FLAGS.O_NONBLOCK |
  OPEN_FLAGS.O_SYNC |
  OPEN_FLAGS.O_DIRECTORY |
  OPEN_FLAGS.O_NOATIME;

const PASSED_TO_CREATE = PASSED_TO_OPEN | OPEN_FLAGS.O_EXCL;

/** The life of an open file: open, create, clunk. */
export const openOps = {
  Tlopen(call, { fid: number, flags }) {
    if ((flags & ACCESS_MODE.mask) === ACCESS_MODE.mask) fail('EINVAL');
    return openFid(call, call.hold(number), (node) => node.open(flags & PASSED_TO_OPEN));
  },

  Tlcreate(call, { fid: number, name, flags, mode, gid }) {
    checkEntryName(name, ON_CREATE);
    if ((flags & ACCESS_MODE.mask) === ACCESS_MODE.mask) fail('EINVAL');
    return createFrom(call, call.hold(number), name, (node) => {
      return node.create(name, flags & PASSED_TO_CREATE, mode & MODE.permissions, gid);
    });
  },

  Tclunk(call, { fid: number }) {
    const { connection } = call;
    const fid = connection.fids.get(number);
    if (fid.state === 'xattr-write') return commitXattr(call, number);
    connection.fids.retire(fid);
    return after(connection.settle(fid), nothing);
  },
} satisfies Pick<Handlers, 'Tlopen' | 'Tlcreate' | 'Tclunk'>;

function nothing() {
  return EMPTY;
}

/** Opens what a fid stands for; meanwhile no second open, create or walk in place may join. */
export function openFid(call: Call, fid: Fid, open: (node: Node) => MaybeAsync<OpenFile>): MaybeAsync<Opened> {
  const node = fid.requireNode();
  fid.move('begin');
  return attempt(
    () => open(node),
    (file) => {
      fid.file = file;
      fid.move('opened');
      return opened(call, file);
    },
    (error) => {
      fid.move('undo');
      throw error;
    },
  );
}

/** What was made in a directory, and opened if it can be. */
export interface Created {
  readonly node: Node;
  readonly file: OpenFile | undefined;
  /** It goes when its fid does. */
  readonly removeOnClose?: boolean;
}

/** Makes `name` in the directory of a fid, which from then on stands for what was made. */
export function createFrom(
  call: Call,
  directory: Fid,
  name: Name,
  create: (node: Node) => MaybeAsync<Created>,
): MaybeAsync<Opened> {
  const node = directory.requireNode();
  directory.move('begin');
  return attempt(
    () => create(node),
    (created) => {
      const reply = created.file === undefined ? { qid: created.node.qid, iounit: 0 } : opened(call, created.file);
      const fid = call.connection.fids.replace(directory, created.node);
      if (fid === undefined) return after(giveUp(created), () => reply);
      fid.plan9 = directory.plan9?.walk([name]);
      if (fid.plan9 !== undefined) fid.plan9.removeOnClose = created.removeOnClose === true;
      fid.move('begin');
      fid.file = created.file;
      fid.move('opened');
      return reply;
    },
    (error) => {
      directory.move('undo');
      throw error;
    },
  );
}

/** The fid was clunked while its file was being made. */
function giveUp({ node, file, removeOnClose }: Created): MaybeAsync<void> {
  return after(file?.release(), () =>
    attempt(
      () => (removeOnClose === true ? node.removeSelf() : undefined),
      () => node.release(),
      () => node.release(),
    ),
  );
}

type Opened = ReplyBody<'Tlopen'>;

function opened(call: Call, file: OpenFile): Opened {
  return { qid: file.qid, iounit: Math.min(file.iounit, call.connection.msize - IO_HEADER_SIZE) };
}

import { GETATTR, type MaybeAsync, type Name, type Node, type Qid } from '../backend.ts';
import type { Call } from '../call.ts';
import { MODE, OPEN_FLAGS } from '../constants.ts';
import { ERRNO, Errno, fail } from '../errno.ts';
import type { Fid } from '../fids.ts';
import type { Handlers } from '../handlers.ts';
import { after, attempt } from '../maybe-async.ts';
import { checkEntryName, checkTarget, ON_CREATE } from '../names.ts';
import { DM, OPEN } from '../plan9.ts';
import { modeTable, otherBits, type PlainVersion, toPermissions } from '../plan9-modes.ts';
import { fidNumber } from '../wire-types.ts';
import { sameExport } from './link.ts';
import { type Created, createFrom } from './open.ts';
import { linuxFlags, requireReadOnly } from './plain-open.ts';

/** What is asked for, and the directory it is made in. */
interface Making {
  readonly call: Call;
  readonly directory: Fid;
  readonly parent: Node;
  readonly name: Name;
  /** Linux's, without a type, for a file as the directory allows it. */
  readonly mode: number;
  readonly flags: number;
  readonly gid: number;
  readonly extension: Uint8Array;
}

type Maker = (making: Making) => MaybeAsync<Created>;

/** By the bits of the type: what each dialect can make. DMAPPEND, DMEXCL and their like could not be kept. */
const PLAIN = new Map<number, Maker>([
  [0, makeFile],
  [DM.DMDIR, makeDirectory],
]);

/** @spec 9P2000.u create: extension */
const UNIX = new Map<number, Maker>([
  ...PLAIN,
  [DM.DMSYMLINK, makeSymlink],
  [DM.DMLINK, makeLink],
  [DM.DMDEVICE, makeDevice],
  [DM.DMNAMEDPIPE, (making) => makeNode(making, MODE.fifo, 0, 0)],
  [DM.DMSOCKET, (making) => makeNode(making, MODE.socket, 0, 0)],
]);

const DEFAULT_FILE = 0o666;
const DEFAULT_DIRECTORY = 0o777;

/** Create in 9P2000 or 9P2000.u. What cannot be opened, such as a symbolic link, has a fid that cannot be read. */
export function plainCreateOps(version: PlainVersion) {
  const table = modeTable(version);
  const makers = version === '9P2000' ? PLAIN : UNIX;
  return {
    Tcreate(call, body) {
      const { name, mode: openMode } = body;
      checkEntryName(name, ON_CREATE);
      const type = otherBits(table, body.perm);
      const make = makers.get(type) ?? fail('EOPNOTSUPP');
      const flags = linuxFlags(version, openMode);
      if (type === DM.DMDIR) requireReadOnly(openMode);
      const removes = (openMode & OPEN.ORCLOSE) !== 0;
      const directory = call.hold(body.fid);
      return createFrom(call, directory, name, (parent) =>
        after(parent.getattr(GETATTR.mode | GETATTR.gid), (attributes) => {
          const mode = allowed(toPermissions(table, body.perm), type, attributes.mode);
          const created = make({
            call,
            directory,
            parent,
            name,
            mode,
            flags,
            gid: attributes.gid,
            extension: body.extension,
          });
          return removes ? after(created, (made) => ({ ...made, removeOnClose: true })) : created;
        }),
      );
    },
  } satisfies Pick<Handlers<PlainVersion>, 'Tcreate'>;
}

/** A directory hands on what others may do in it, and no more. @spec Plan 9 open(5): create */
function allowed(mode: number, type: number, parent: number): number {
  const most = type === DM.DMDIR ? DEFAULT_DIRECTORY : DEFAULT_FILE;
  return mode & (~most | (parent & most));
}

/** A create never opens what is there already. */
function makeFile({ parent, name, flags, mode, gid }: Making): MaybeAsync<Created> {
  return parent.create(name, flags | OPEN_FLAGS.O_EXCL, mode, gid);
}

function makeDirectory(making: Making): MaybeAsync<Created> {
  const { parent, name, mode, gid } = making;
  return after(parent.mkdir(name, mode, gid), (qid) => after(adopt(making, qid, true), openMade));
}

/** A directory that its maker may not read is made all the same; the fid is none that can be read. */
function openMade(node: Node): MaybeAsync<Created> {
  return attempt(
    () => node.open(OPEN_FLAGS.O_DIRECTORY),
    (file): Created => ({ node, file }),
    (error) => {
      if (error instanceof Errno && error.errno === ERRNO.EACCES) return { node, file: undefined };
      return after(node.release(), () => {
        throw error;
      });
    },
  );
}

function makeSymlink(making: Making): MaybeAsync<Created> {
  const { parent, name, extension, gid } = making;
  checkTarget(extension);
  return closed(making, parent.symlink(name, extension, gid));
}

/** The extension is the number of the fid that gets another name. */
function makeLink(making: Making): MaybeAsync<Created> {
  const { call, directory, parent, name } = making;
  const number = Number(/^([0-9]{1,10})\n?$/.exec(ascii(making.extension))?.[1] ?? fail('EINVAL'));
  if (number > 0xffff_ffff) fail('EINVAL');
  const target = call.hold(fidNumber(number));
  sameExport(directory, target);
  const node = target.requireNode();
  return closed(
    making,
    after(parent.link(name, node), () => node.qid),
  );
}

/** The extension is the kind and the two numbers: `c 1 3`. */
function makeDevice(making: Making): MaybeAsync<Created> {
  const [, kind, major, minor] = /^([bc]) ([0-9]{1,10}) ([0-9]{1,10})$/.exec(ascii(making.extension)) ?? fail('EINVAL');
  return makeNode(making, kind === 'b' ? MODE.block : MODE.character, u32Of(major), u32Of(minor));
}

function u32Of(digits: string | undefined): number {
  const number = Number(digits);
  return number <= 0xffff_ffff ? number : fail('EINVAL');
}

function makeNode(making: Making, type: number, major: number, minor: number): MaybeAsync<Created> {
  const { parent, name, mode, gid } = making;
  return closed(making, parent.mknod(name, type | mode, major, minor, gid));
}

/** What was made and is not opened. */
function closed(making: Making, made: MaybeAsync<Qid>): MaybeAsync<Created> {
  return after(made, (qid) => after(adopt(making, qid, false), (node): Created => ({ node, file: undefined })));
}

/** The node of what was just made; where it cannot be had, the name is taken back. */
function adopt({ parent, name }: Making, qid: Qid, directory: boolean): MaybeAsync<Node> {
  return attempt(
    () => parent.walk([name]),
    ({ node }) => {
      if (node?.qid.path === qid.path) return node;
      // Somebody on the host was quicker: what is there now is not ours to remove.
      return after(node?.release(), () => fail('ESTALE'));
    },
    (error) =>
      attempt(
        () => parent.unlink(name, directory),
        (): never => {
          throw error;
        },
        (): never => {
          throw error;
        },
      ),
  );
}

const decoder = new TextDecoder('latin1');

function ascii(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

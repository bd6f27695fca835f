import type { MaybeAsync, Node } from '../backend.ts';
import type { Call } from '../call.ts';
import { XATTR_FLAGS, XATTR_SIZE_MAX } from '../constants.ts';
import { fail } from '../errno.ts';
import type { XattrValue } from '../fids.ts';
import type { Handlers } from '../handlers.ts';
import { after, attempt } from '../maybe-async.ts';
import { checkAttributeName } from '../names.ts';
import type { FidNumber } from '../wire-types.ts';

const EMPTY = {};
const NO_NAME = new Uint8Array(0);

/**
 * Extended attributes. A value to read is captured by Txattrwalk, so that its size and its bytes agree; a value to set
 * is collected after Txattrcreate and set by Tclunk.
 */
export const xattrOps = {
  Txattrwalk(call, { fid: number, newfid, name }) {
    const { connection } = call;
    const listed = name.length === 0;
    if (!listed) checkAttributeName(name);
    const node = call.hold(number).requireNode();
    const fid = connection.fids.reserve(newfid);
    return attempt(
      () =>
        after(listed ? node.listxattr() : node.getxattr(name), (value) => {
          if (value.length > XATTR_SIZE_MAX) fail('E2BIG');
          connection.xattrBudget.take(value.length);
          return value;
        }),
      (value) => {
        fid.xattr = { name: NO_NAME, value, flags: 0, filled: value.length };
        fid.move('capture');
        return { size: BigInt(value.length) };
      },
      (error) => {
        connection.fids.retire(fid);
        throw error;
      },
    );
  },

  Txattrcreate(call, { fid: number, name, attr_size, flags }) {
    checkAttributeName(name);
    if (flags !== 0 && flags !== XATTR_FLAGS.XATTR_CREATE && flags !== XATTR_FLAGS.XATTR_REPLACE) fail('EINVAL');
    if (attr_size > BigInt(XATTR_SIZE_MAX)) fail('E2BIG');
    const size = Number(attr_size);
    const fid = call.hold(number);
    fid.requireNode();
    if (fid.state !== 'walked') fail('EINVAL');
    call.connection.xattrBudget.take(size);
    fid.move('collect');
    fid.xattr = { name: name.slice(), value: new Uint8Array(size), flags, filled: 0 };
    return EMPTY;
  },
} satisfies Pick<Handlers, 'Txattrwalk' | 'Txattrcreate'>;

/** Tclunk of a fid that collects a value: sets it, or EINVAL if it is incomplete. The fid is gone either way. */
export function commitXattr(call: Call, number: FidNumber): MaybeAsync<typeof EMPTY> {
  const fid = call.hold(number);
  const { node, xattr } = fid;
  call.connection.fids.retire(fid);
  if (node === undefined || xattr === undefined) throw new Error('an xattr fid without its node or value');
  if (xattr.filled !== xattr.value.length) fail('EINVAL');
  return after(apply(node, xattr), () => EMPTY);
}

const ACL_PREFIX = new TextEncoder().encode('system.posix_acl_');

/**
 * Linux has no message to remove an attribute. Its removexattr(2) arrives as an empty value with XATTR_REPLACE, its
 * removal of an ACL as an empty ACL; any other empty value is a value.
 */
function apply(node: Node, xattr: XattrValue): MaybeAsync<void> {
  const { name, value, flags } = xattr;
  const removal = value.length === 0 && (flags === XATTR_FLAGS.XATTR_REPLACE || isAcl(name));
  return removal ? node.removexattr(name) : node.setxattr(name, value, flags);
}

function isAcl(name: Uint8Array): boolean {
  return ACL_PREFIX.every((byte, i) => name[i] === byte);
}

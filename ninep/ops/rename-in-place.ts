import type { Name, Node } from '../backend.ts';
import { MAXWELEM } from '../constants.ts';
import { ERRNO, Errno, fail } from '../errno.ts';
import type { Fid } from '../fids.ts';
import type { Plan9Fid, Trail } from '../plan9-fid.ts';

/**
 * Gives an object another name in the directory it is in. A fid does not hold that directory: it is looked for the way
 * the fid was come to, and has to have the object in it still. EBUSY for a root, ESTALE if it is elsewhere by now,
 * EEXIST if the name is taken and may not be replaced.
 */
export async function renameInPlace(fid: Fid, plan9: Plan9Fid, to: Name, replace: boolean): Promise<void> {
  const node = fid.requireNode();
  const { trail } = plan9;
  const directory = await walkTo(fid, plan9, trail.parent ?? fail('EBUSY'));
  try {
    const there = await look(directory, trail.name);
    if (there?.path !== node.qid.path) fail('ESTALE');
    if (!replace && (await look(directory, to)) !== undefined) fail('EEXIST');
    await node.renameSelf(directory, to);
  } finally {
    await directory.release();
  }
  trail.name = to;
}

/** A node of the directory with that trail; ESTALE if it is not there any more. */
async function walkTo(fid: Fid, plan9: Plan9Fid, trail: Trail): Promise<Node> {
  const names = trail.names();
  const backend = fid.backend ?? fail('EBADF');
  let node = await backend.attach(plan9.credential);
  for (let done = 0; done < names.length; done += MAXWELEM) {
    const next = await step(node, names.slice(done, done + MAXWELEM));
    node = next ?? fail('ESTALE');
  }
  return node;
}

/** Walks on and gives the old node back. */
async function step(node: Node, names: readonly Name[]): Promise<Node | undefined> {
  try {
    return (await node.walk(names)).node;
  } catch (error) {
    if (error instanceof Errno && error.errno === ERRNO.ENOENT) return undefined;
    throw error;
  } finally {
    await node.release();
  }
}

/** The qid of what has that name, or undefined if nothing has. */
async function look(directory: Node, name: Name) {
  try {
    const { node } = await directory.walk([name]);
    if (node === undefined) return undefined;
    await node.release();
    return node.qid;
  } catch (error) {
    if (error instanceof Errno && error.errno === ERRNO.ENOENT) return undefined;
    throw error;
  }
}

import { utf8 } from '../../../bytes/wire.ts';
import type { Backend } from '../../backend.ts';
import { after, attempt } from '../../maybe-async.ts';
import { checkEntryName, ON_CREATE } from '../../names.ts';
import { Attachment, BaseNode } from './nodes.ts';

/**
 * Shows one more tree in the root of another: `name`, looked up in the root of `base`, leads to the root of `other`,
 * '..' there leads back, and a listing of the root shows it last. A file of that name in the base is hidden.
 *
 * The name itself cannot be created, moved, replaced or removed (EEXIST, EBUSY), and links and renames between the two
 * trees are refused (EXDEV), as they are between two mounted file systems.
 *
 * Qid paths of `other` must be below 2^32; they are shown with all of their upper 32 bits set, a range from which no
 * host file system numbers its files, so the two trees never share one. Those of `base` stay as they are.
 *
 * @param name 1 to 255 bytes without '/' and NUL, not '.' or '..'; anything else throws a RangeError.
 * @returns a backend whose `close` closes both.
 */
export function graft(base: Backend, name: string | Uint8Array, other: Backend): Backend {
  const bytes = typeof name === 'string' ? utf8(name) : name.slice();
  try {
    checkEntryName(bytes, ON_CREATE);
  } catch {
    throw new RangeError(`cannot be the name of a grafted tree: ${JSON.stringify(name)}`);
  }
  return {
    driver: base.driver,
    attach: (credential) =>
      after(base.attach(credential), (root) =>
        attempt(
          () => root.clone(),
          (first) => new BaseNode(first, new Attachment(bytes, root, other, credential)),
          (error) =>
            after(root.release(), () => {
              throw error;
            }),
        ),
      ),
    close: () => after(base.close(), () => other.close()),
  };
}

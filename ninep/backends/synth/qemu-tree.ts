import { totalLength } from '../../../bytes/segments.ts';
import type { MaybeAsync, Request } from '../../backend.ts';
import { ERRNO, errnoOf, fail } from '../../errno.ts';
import type { SynthHandle } from './nodes.ts';
import { createSynth, type Synth } from './synth.ts';

const WALK_DEPTH = 16;
const LISTED_FILES = 100;

/**
 * Makes the tree that QEMU's tests of 9p find behind `-fsdev synth`: directories to walk, files that can be opened,
 * written and waited for, and a directory of a hundred files. No permission is checked: every file can be opened in every
 * way, and what cannot be read or written is EPERM.
 *
 * @spec QEMU hw/9pfs/9p-synth.h: QTEST_V9FS_SYNTH_*
 */
export function createQemuTree(): Synth {
  const tree = createSynth({ mode: 0o555, newestFirst: true });
  let directory = tree.root;
  for (let depth = 0; depth < WALK_DEPTH; depth++) directory = directory.directory(`WALK${depth}`, { mode: 0o500 });
  addFile(tree, 'LOPEN', {});
  addFile(tree, 'WRITE', { write: (_offset, from) => totalLength(from) });
  addFile(tree, 'FLUSH', { write: waitUnlessZero });
  const listed = tree.root.directory('ReadDirDir', { mode: 0o500 });
  for (let index = 0; index < LISTED_FILES; index++) listed.special(`ReadDirFile${index}`, opening({}), { mode: 0 });
  return tree;
}

function addFile(tree: Synth, name: string, handle: SynthHandle): void {
  tree.root.special(name, opening(handle), { mode: 0 });
}

/** Callbacks of a file that can be opened for anything, and then be used as `handle` says. */
function opening(handle: SynthHandle) {
  const refuse = () => fail('EPERM');
  return { open: () => ({ read: refuse, write: refuse, ...handle }) };
}

/** A write whose first byte is 0 is one byte long and done; any other waits until a Tflush takes it back. */
function waitUnlessZero(_offset: bigint, from: readonly Uint8Array[], request: Request): MaybeAsync<number> {
  const first = from.find((piece) => piece.length > 0)?.[0];
  if (first === 0) return 1;
  return new Promise((_, reject) => request.onFlush(() => reject(errnoOf(ERRNO.EINTR))));
}

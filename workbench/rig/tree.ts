/** What the device shares: a small tree in memory, the same for everybody. */
import { createMemory, type Memory } from '../../ninep/backends/memory/memory.ts';

/** Bytes the learner may fill it with. */
const CAPACITY = 4 << 20;

/** Makes the tree. */
export function makeTree(): Memory {
  const tree = createMemory({ capacity: CAPACITY, inodes: 4096 });
  tree.writeFile('hello.txt', 'Read by a driver of your own.\n');
  tree.mkdir('docs');
  tree.writeFile(
    'docs/rings.txt',
    'The descriptor table says where; the available ring says which; the used ring says done.\n',
  );
  tree.writeFile('docs/numbers', Array.from({ length: 500 }, (_, n) => `${n}\n`).join(''));
  tree.symlink('latest', 'docs/rings.txt');
  return tree;
}

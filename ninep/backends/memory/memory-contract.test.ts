import type { Prepared } from '../../contract/fixture.ts';
import { describeObjectContract } from '../../contract/object-contract.ts';
import { describePlainContract } from '../../contract/plain-contract.ts';
import { describeReadingContract } from '../../contract/reading-contract.ts';
import { READING_TREE } from '../../contract/reading-tree.ts';
import { describeWritingContract } from '../../contract/writing-contract.ts';
import { graft } from '../graft/graft.ts';
import { createMemory, type Memory } from './memory.ts';

function readingMemory(): Memory {
  const memory = createMemory();
  memory.writeFile('/file', READING_TREE.file);
  memory.writeFile('/empty', '');
  memory.mkdir('/dir');
  memory.writeFile('/dir/inner', READING_TREE.inner);
  memory.symlink('/link', READING_TREE.linkTarget);
  memory.mkdir('/many');
  for (const name of READING_TREE.many) memory.writeFile(`/many/${name}`, name);
  return memory;
}

const empty = (): Prepared => ({ backend: createMemory() });

describeReadingContract('memory', () => ({ backend: readingMemory() }));
describeWritingContract('memory', empty);
describePlainContract('memory', empty);
describeObjectContract('memory', empty, { xattrs: true, locks: true });
describeReadingContract('graft on memory', () => ({ backend: graft(readingMemory(), '.tsvmm', createMemory()) }));
describeObjectContract('memory grafted', () => ({ backend: graft(createMemory(), '.tsvmm', createMemory()) }), {
  xattrs: true,
  locks: true,
});

import { createSynth, type Synth } from '../backends/synth/synth.ts';

/**
 * What must be in the root before each test of the reading contract:
 *
 *     file     "hello, reader"
 *     empty    ""
 *     dir/     inner "within"
 *     link  -> file
 *     many/    f0 .. f299, each with its own name as content
 */
export const READING_TREE = {
  file: 'hello, reader',
  inner: 'within',
  linkTarget: 'file',
  many: Array.from({ length: 300 }, (_, i) => `f${i}`),
} as const;

/** That tree in memory. */
export function readingTree(): Synth {
  const synth = createSynth();
  synth.root.file('file', READING_TREE.file);
  synth.root.file('empty', '');
  synth.root.directory('dir').file('inner', READING_TREE.inner);
  synth.root.symlink('link', READING_TREE.linkTarget);
  const many = synth.root.directory('many');
  for (const name of READING_TREE.many) many.file(name, name);
  return synth;
}

import { describe, expect, test } from '@jest/globals';
import { readMemory } from './memory-backend.ts';

const read = (objects: readonly string[], named?: string, memory?: number) => readMemory({ objects, named, memory });
const SHARED = 'memory-backend-memfd,id=ram,size=64M,share=on';

describe('guest RAM that other processes map', () => {
  test.each([
    [[SHARED], 'ram', undefined],
    [['memory-backend-memfd,id=ram,size=67108864'], 'ram', undefined],
    [[SHARED], 'ram', 2 ** 26],
  ])('%j, named %s, beside --memory %s', (objects, named, memory) => {
    expect(read(objects, named, memory)).toEqual({ memory: 2 ** 26, memoryBacking: 'memfd' });
  });

  test('without, only the size is said', () => {
    expect(read([], undefined, 2 ** 26)).toEqual({ memory: 2 ** 26 });
    expect(read([])).toEqual({});
  });

  test.each([
    [
      [SHARED],
      undefined,
      undefined,
      '--object: nothing uses id=ram; add --machine memory-backend=ram, or leave it out',
    ],
    [[], 'ram', undefined, '--machine: there is no --object with id=ram; add one, or leave out memory-backend'],
    [[SHARED], 'ram', 2 ** 27, '--object: size of ram is not that of --memory; give the same, or leave out --memory'],
    [[SHARED, SHARED], 'ram', undefined, '--object: nothing uses id=ram'],
    [
      ['memory-backend-file,id=a,size=1M'],
      'a',
      undefined,
      '--object: type=memory-backend-file is not supported yet; use memory-backend-memfd',
    ],
    [['memory-backend-memfd,id=a,size=1M,share=off'], 'a', undefined, '--object: share=off is not supported yet'],
    [['memory-backend-memfd,id=a,size=1000'], 'a', undefined, '--object: size 1000 is out of range'],
    [['secret,id=a'], 'a', undefined, "--object: type: 'secret'"],
  ])('%j, named %s, beside --memory %s is refused', (objects, named, memory, line) => {
    expect(() => read(objects, named, memory)).toThrow(line);
  });
});

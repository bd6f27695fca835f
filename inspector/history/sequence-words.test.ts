import { expect, test } from '@jest/globals';
import { readSequenceFilter, withWord } from './sequence-words.ts';

test.each([
  ['', {}],
  ['Twalk', { name: 'Twalk' }],
  ['Rwalk tag=3 fid=7', { name: 'Twalk', tag: 3, fid: 7 }],
  ['error some thing', { error: 'any', text: 'some thing' }],
  ['ENOENT', { error: 'ENOENT' }],
  ['tag=x', { text: 'tag=x' }],
  ['constructor', { text: 'constructor' }],
])('%j', (words, filter) => {
  expect(readSequenceFilter(words)).toEqual(filter);
});

test('a word is put in, changed and taken out', () => {
  expect(withWord('some text', 'name', 'Tread')).toBe('Tread some text');
  expect(withWord('Tread some text', 'name', 'Twalk')).toBe('Twalk some text');
  expect(withWord('Tread fid=3 some text', 'fid', '4')).toBe('fid=4 Tread some text');
  expect(withWord('error Tread', 'error', undefined)).toBe('Tread');
});

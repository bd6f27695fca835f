import { expect, test } from '@jest/globals';
import { ERRNO, errnoOf, errnoOfText } from './errno.ts';

test('every error has words of its own, by which it is found again', () => {
  for (const number of Object.values(ERRNO)) expect(errnoOfText(errnoOf(number).text)).toBe(errnoOf(number));
});

test.each([
  ['EPERM', 'Operation not permitted'],
  ['ENOENT', 'No such file or directory'],
  ['EAGAIN', 'Resource temporarily unavailable'],
  ['EXDEV', 'Invalid cross-device link'],
  ['EMFILE', 'Too many open files'],
  ['ENFILE', 'Too many open files in system'],
  ['EDEADLK', 'Resource deadlock avoided'],
  ['EOPNOTSUPP', 'Operation not supported'],
  ['EDQUOT', 'Disk quota exceeded'],
] as const)('%s in the words that Linux knows: %s', (name, text) => {
  expect(errnoOf(ERRNO[name]).text).toBe(text);
});

test('a number without a name, and words without a number', () => {
  expect(errnoOf(4000).text).toBe('Unknown error 4000');
  expect(errnoOfText('phase error')).toBeUndefined();
});

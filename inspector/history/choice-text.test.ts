import { expect, test } from '@jest/globals';
import { readChoice } from './choice-text.ts';

test.each([
  ['', {}],
  ['events=9p+host device=host', { kinds: new Set(['request', 'reply', 'taken-back', 'host-call']), device: 'host' }],
  ['kick chain', { kinds: new Set(['kick', 'chain']) }],
  ['Twalk+Rwalk tag=7', { messages: new Set(['Twalk', 'Rwalk']), tag: 7 }],
  ['fid=4294967295', { fid: 0xffff_ffff }],
])('%j', (text, choice) => {
  expect(readChoice(text)).toMatchObject({ choice });
});

test.each([
  ['events=9p+x', "'x' is no kind or group of events"],
  ['message=walk', "'walk' is no 9P message"],
  ['tag=65536', 'tag=65536 is not a number from 0 to 65535'],
  ['fid=-1', 'fid=-1 is not a number from 0 to 4294967295'],
  ['constructor=1', "'constructor' is unknown; use events, device, tag, fid, message"],
])('%j is refused: %s', (text, wrong) => {
  expect(readChoice(text)).toEqual({ wrong });
});

test('words that are nothing else are text', () => {
  expect(readChoice('9p no such file')).toEqual({
    choice: { kinds: new Set(['request', 'reply', 'taken-back']) },
    text: 'no such file',
  });
  expect(readChoice('kicks')).toEqual({ choice: {}, text: 'kicks' });
});

import { describe, expect, test } from '@jest/globals';
import { BadMessage, readPageMessage } from './page-message.ts';

describe('what a page says', () => {
  test.each([
    { kind: 'pause' },
    { kind: 'resume' },
    { kind: 'taken' },
    { kind: 'step', before: { kinds: [] } },
    { kind: 'step', before: { kinds: ['9p', 'kick'], device: 'host' } },
  ])('%j is read', (message) => {
    expect(readPageMessage(JSON.stringify({ ...message, more: 1 }))).toEqual(message);
  });

  test.each([
    '',
    '{',
    'null',
    '7',
    '[]',
    '{}',
    '{"kind":7}',
    '{"kind":"toString"}',
    '{"kind":"__proto__"}',
    '{"kind":"write","address":0}',
    '{"kind":"step"}',
    '{"kind":"step","before":null}',
    '{"kind":"step","before":{"kinds":"9p"}}',
    '{"kind":"step","before":{"kinds":[1]}}',
    '{"kind":"step","before":{"kinds":["nonsense"]}}',
    '{"kind":"step","before":{"kinds":[],"device":7}}',
    JSON.stringify({ kind: 'step', before: { kinds: [], device: 'x'.repeat(257) } }),
  ])('%s is refused', (text) => {
    expect(() => readPageMessage(text)).toThrow(BadMessage);
  });
});

import { expect, test } from '@jest/globals';
import { utf8 } from '../../bytes/wire.ts';
import { encodeMessage } from '../../ninep/codec.ts';
import { fidNumber, tagNumber } from '../../ninep/wire-types.ts';
import { dialectOf, messageParts } from './message-fields.ts';

const walk = encodeMessage('Twalk', tagNumber(3), {
  fid: fidNumber(1),
  newfid: fidNumber(2),
  wname: [utf8('etc'), utf8('passwd')],
});

test('each field with its value and its bytes, side by side', () => {
  const parts = messageParts(walk, '9P2000.L');
  expect(parts).toMatchObject({ name: 'Twalk', cite: 'Plan 9 walk(5)' });
  expect(parts?.stops).toBeUndefined();
  expect(parts?.fields.map(({ name, text, from, to }) => [name, text, from, to])).toEqual([
    ['size', '30 bytes', 0, 4],
    ['type', '110 Twalk', 4, 5],
    ['tag', '3', 5, 7],
    ['fid', '1', 7, 11],
    ['newfid', '2', 11, 15],
    ['wname', '["etc" "passwd"]', 15, 30],
  ]);
});

test('a message of which only the first bytes are there says so at the field that is cut', () => {
  for (let length = 0; length < walk.length; length += 1) {
    const parts = messageParts(walk.subarray(0, length), '9P2000.L');
    if (length < 7) expect(parts).toBeUndefined();
    else {
      expect(parts?.stops).toBe(`the first ${length} of 30 bytes are kept`);
      expect(parts?.fields.at(-1)?.to).toBe(length);
    }
  }
});

test('fields that a dialect does not have are left out', () => {
  const error = encodeMessage('Rerror', tagNumber(1), { ename: 'no such file', errno: 2 }, '9P2000.u');
  expect(messageParts(error, '9P2000.u')?.fields.map(({ name }) => name)).toContain('errno');
  expect(messageParts(error, '9P2000')?.fields.map(({ name }) => name)).not.toContain('errno');
  expect(messageParts(error, '9P2000.L')).toMatchObject({ name: 'type 107', stops: '9P2000.L has no such message' });
});

test('bytes that are no message', () => {
  expect(messageParts(new Uint8Array(20).fill(0xff), '9P2000.L')).toMatchObject({ name: 'type 255' });
  const short = walk.slice(0, 12);
  new DataView(short.buffer).setUint32(0, 12, true);
  expect(messageParts(short, '9P2000.L')?.stops).toBe('the message ends too early');
});

test('the dialect of a session', () => {
  expect([dialectOf('9P2000.u'), dialectOf('unknown'), dialectOf(undefined)]).toEqual([
    '9P2000.u',
    '9P2000.L',
    '9P2000.L',
  ]);
});

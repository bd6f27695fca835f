import { describe, expect, test } from '@jest/globals';
import { decodeMessage } from '../../ninep/codec.ts';
import { UNTOUCHED } from '../../ninep/stat.ts';
import { VERSIONS } from '../../ninep/versions.ts';
import { composable, compose, fieldsOf, usualTag, usualTexts } from './composer.ts';
import { readNumber } from './field-text.ts';
import { fromHex, printable, readFrame, toHex } from './frame.ts';

describe.each(VERSIONS)('messages of %s', (version) => {
  test('with what is usual in their fields are messages', () => {
    const names = composable(version);
    expect(names.length).toBeGreaterThan(10);
    for (const name of names) {
      const frame = compose(name, version, usualTag(name), usualTexts(name, version));
      expect({ name, read: decodeMessage(frame, version) }).toMatchObject({
        name,
        read: { ok: true, codec: { name } },
      });
    }
  });
});

test('fields are read as what they are', () => {
  const frame = compose('Twalk', '9P2000.L', 7, { fid: '0x10', newfid: 'NOFID', wname: '/docs/rings.txt' });
  expect(readFrame(frame, '9P2000.L').text).toBe('Twalk tag 7 fid 16 newfid NOFID wname ["docs" "rings.txt"]');
  const create = { fid: '0', name: 'a', flags: 'O_RDWR|O_TRUNC', mode: '0644', gid: '0' };
  expect(readFrame(compose('Tlcreate', '9P2000.L', 1, create), '9P2000.L').text).toContain(
    'flags O_RDWR|O_TRUNC mode 0644',
  );
  const write = compose('Twrite', '9P2000.L', 1, { fid: '1', offset: '0', data: 'hi' });
  expect([...write.slice(-2)]).toEqual([0x68, 0x69]);
});

test('a stat is typed field by field, and what is not typed stays as it is', () => {
  const usual = usualTexts('Twstat', '9P2000.u');
  expect(usual).toMatchObject({ fid: '1', 'stat.mode': 'untouched', 'stat.qid': 'untouched', 'stat.name': '' });
  expect(fieldsOf('Twstat', '9P2000').map(({ notation }) => notation)).toEqual([
    ...['fid[4]', 'stat.type[2]', 'stat.dev[4]', 'stat.qid[13]', 'stat.mode[4]', 'stat.atime[4]', 'stat.mtime[4]'],
    ...['stat.length[8]', 'stat.name[s]', 'stat.uid[s]', 'stat.gid[s]', 'stat.muid[s]'],
  ]);
  expect(fieldsOf('Twstat', '9P2000.u').map(({ name }) => name)).toContain('stat.n_uid');
  const bodyOf = (texts: Record<string, string>, version: '9P2000' | '9P2000.u' = '9P2000.u') =>
    readFrame(compose('Twstat', version, 1, { ...usualTexts('Twstat', version), ...texts }), version).body;
  expect(bodyOf({})).toEqual({ fid: 1, stat: UNTOUCHED });
  const changed = { 'stat.name': 'new', 'stat.length': '0', 'stat.mode': 'DMDIR|0755', 'stat.qid': '0x80 1 42' };
  expect(bodyOf(changed)).toEqual({
    fid: 1,
    stat: {
      ...{ ...UNTOUCHED, name: new TextEncoder().encode('new'), length: 0n, mode: 0x8000_01ed },
      qid: { type: 0x80, version: 1, path: 42n },
    },
  });
  expect(bodyOf({ 'stat.mtime': '7' }, '9P2000')).toEqual({ fid: 1, stat: { ...UNTOUCHED, mtime: 7 } });
  expect(() => bodyOf({ 'stat.qid': '1 2' })).toThrow(
    'stat.qid: a qid is its type, version and path, such as 0x80 1 42, or untouched',
  );
});

test('a dialect has its own fields', () => {
  expect(fieldsOf('Tattach', '9P2000').map(({ name }) => name)).toEqual(['fid', 'afid', 'uname', 'aname']);
  expect(composable('9P2000')).not.toContain('Tlopen');
});

test.each([
  ['fid', 'x', 4, "fid: 'x' is no number and no name that stands for one; write 7, 0x7, 0644 or O_RDWR|O_TRUNC"],
  ['fid', '', 4, "fid: '' is no number and no name that stands for one; write 7, 0x7, 0644 or O_RDWR|O_TRUNC"],
  ['tag', '65536', 2, 'tag has 16 bits, and 65536 has more'],
])('%s = %j in %d bytes is refused in one line', (field, typed, width, why) => {
  expect(() => readNumber(field, typed, width, 'number')).toThrow(why);
});

test('a tag that is none is refused', () => {
  expect(() => compose('Tclunk', '9P2000.L', 65536, { fid: '1' })).toThrow('a tag is 0 to 65535');
});

test('what is no message says why', () => {
  expect(readFrame(Uint8Array.of(1, 2), '9P2000.L').text).toBe('no message: it ends before its fields do');
  expect(readFrame(fromHex('08 00 00 00 64 ff ff'), '9P2000.L').text).toBe(
    'no message: its size field is not its length',
  );
  expect(readFrame(fromHex('07000000ff0100'), '9P2000.L').text).toBe(
    'no message: the dialect has no message of this type',
  );
});

test('bytes are written and read as hexadecimal digits', () => {
  expect(toHex(fromHex(' 0d00\n1F '))).toBe('0d 00 1f');
  expect(() => fromHex('0d 0')).toThrow('bytes are two hexadecimal digits each, such as 0d 00 00 00');
  expect(printable(Uint8Array.of(0x41, 0, 0x7f, 0x20))).toBe('A·· ');
});

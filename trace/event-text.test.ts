import { describe, expect, test } from '@jest/globals';
import { eventLine, eventOfLine, TEXT_HEAD } from './event-text.ts';
import { event, sampleEvents } from './test-support/sample-events.ts';

const REPLY = event(
  1711,
  'reply',
  {
    name: 'Rattach',
    tag: 0,
    type: 105,
    size: 20,
    text: 'Rattach tag 0 qid (3 1 d)',
    took: 278,
    request: 1709,
    chain: 1708,
    calls: [1710],
  },
  { time: 2_982_984, cause: 1709 },
);

describe('events as text', () => {
  test('columns stand below their headings', () => {
    expect(TEXT_HEAD).toBe('#     id      seconds  device       kind             event');
    expect(eventLine(REPLY)).toBe(
      '    1711     2.982984  host         reply            Rattach tag 0 qid (3 1 d) {size 20, took 278 µs, request 1709, chain 1708, calls 1710}',
    );
  });

  test('a cause is said where no other link says it', () => {
    expect(eventLine(event(5, 'kick', { queue: 1 }, { cause: 4 }))).toMatch(/ queue 1 \{cause 4\}$/);
    expect(eventLine(event(5, 'kick', { queue: 1 }))).toMatch(/ kick {13}queue 1$/);
  });

  test('descriptors are shown with their flags, those of an indirect table with a star', () => {
    const descriptors = [
      { table: 'ring', index: 3, address: 0x1000, length: 32, flags: 4, nextOrId: 0 },
      { table: 'indirect', index: 0, address: 0x2000, length: 21, flags: 1, nextOrId: 1 },
      { table: 'indirect', index: 1, address: 0x3000, length: 64, flags: 2, nextOrId: 0 },
    ] as const;
    const chain = event(1, 'chain', { queue: 0, head: 3, readableLength: 21, writableLength: 64, descriptors });
    expect(eventLine(chain)).toContain(
      'queue 0 head 3: 21 to read, 64 to write [3: 0x1000+32 INDIRECT, *0: 0x2000+21 NEXT, *1: 0x3000+64 WRITE]',
    );
  });

  test('whatever a guest puts into names stays one line that drives no terminal', () => {
    const nasty = event(1, 'guest-fault', { message: 'a\nb\u001b[2Jc' }, { device: 'a b\n' });
    expect(eventLine(nasty)).toContain(' a\\x20b\\x0a ');
    expect(eventLine(nasty)).toMatch(/ a\\x0ab\\x1b\[2Jc$/);
  });

  test('of many ids the first are shown, and how many more there are', () => {
    const used = Array.from({ length: 11 }, (_, index) => index + 1);
    expect(eventLine(event(12, 'notification', { what: 'used buffers', queue: 0, used }))).toMatch(
      /\{used 1 2 3 4 5 6 7 8 and 3 more\}$/,
    );
  });

  test('is read back with what the line says', () => {
    expect(eventOfLine(eventLine(REPLY))).toMatchObject({
      id: 1711,
      time: 2_982_984,
      kind: 'reply',
      device: 'host',
      fields: { name: 'Rattach', tag: 0, size: 20, took: 278, request: 1709, chain: 1708, calls: [1710] },
    });
    const request = event(1, 'request', {
      name: 'Twalk',
      tag: 65_535,
      type: 110,
      size: 30,
      fids: [4, 5],
      text: 'Twalk NOTAG fid 4 newfid 5 wname ["x {y}"]',
    });
    expect(eventOfLine(eventLine(request))?.fields).toMatchObject({ tag: 65_535, fids: [4, 5], size: 30 });
    const call = event(2, 'host-call', {
      name: 'close',
      text: 'close(7)',
      result: -9,
      error: 'EBADF',
      took: 3,
      where: 'here',
    });
    expect(eventOfLine(eventLine(call))?.fields).toMatchObject({
      name: 'close',
      text: 'close(7)',
      result: -9,
      error: 'EBADF',
      took: 3,
    });
    expect(eventOfLine(eventLine(event(9, 'dropped', { count: 5, first: 4 })))?.fields).toMatchObject({
      count: 5,
      first: 4,
    });
  });

  test.each(sampleEvents().map((sample) => [sample.kind, sample] as const))(
    '%s reads back to the same line',
    (_, sample) => {
      const line = eventLine(sample);
      const read = eventOfLine(line);
      expect(read && eventLine(read)).toBe(line);
    },
  );

  test.each(['', 'host: Tversion', '   1  0.000001  host  nothing-known  x', `${TEXT_HEAD}`])(
    '%j is no event',
    (line) => {
      expect(eventOfLine(line)).toBeUndefined();
    },
  );
});

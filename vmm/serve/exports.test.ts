import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../../bytes/wire.ts';
import type { Backend } from '../../ninep/backend.ts';
import { errno } from '../../ninep/contract/sessions.ts';
import { stubBackend, stubNode } from '../../ninep/contract/stubs.ts';
import { exportTable } from '../../ninep/export-table.ts';
import type { ShareConfig } from '../config.ts';
import { Exports } from './exports.ts';

const ctl = stubBackend(stubNode());

function exportsOf(...shares: ShareConfig[]) {
  const opened = shares.map((share) => ({ share, exported: stubBackend(stubNode()) }));
  const table = new Exports(opened, { ctl });
  const pick = (aname: string): Backend => table.select({ uname: utf8(''), uid: 0, aname: utf8(aname) });
  return { pick, backends: opened.map(({ exported }) => exported) };
}

/** An Errno is no Error, so `toThrow` cannot tell which it is. */
function refusal(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return error;
  }
}

describe('the share a client attaches to', () => {
  test.each(['', '/', 'host', '/srv', 'anything'])('is the only one, whatever the name: %j', (aname) => {
    const { pick, backends } = exportsOf({ path: '/srv', mountTag: 'host' });
    expect(pick(aname)).toBe(backends[0]);
  });

  test('is of several the one of that tag, id or path', () => {
    const { pick, backends } = exportsOf({ path: '/srv/a/', mountTag: 'a', id: 'fs0' }, { path: 'b', mountTag: 'b' });
    expect([pick('a'), pick('fs0'), pick('/srv/a')]).toEqual(Array(3).fill(backends[0]));
    expect([pick('b'), pick(`${process.cwd()}/b`)]).toEqual(Array(2).fill(backends[1]));
    for (const aname of ['', '/', 'c', 'constructor']) expect(refusal(() => pick(aname))).toBe(errno('ENOENT'));
  });

  test('is not found by a path that two shares have', () => {
    const { pick, backends } = exportsOf(
      { path: '/srv', mountTag: 'rw' },
      { path: '/srv', mountTag: 'ro', readonly: true },
    );
    expect(pick('ro')).toBe(backends[1]);
    expect(refusal(() => pick('/srv'))).toBe(errno('ENOENT'));
  });

  test('that is a table picks by the name where it is alone, and is had by its default among others', () => {
    const [first, second, plain] = [stubBackend(stubNode()), stubBackend(stubNode()), stubBackend(stubNode())];
    const table = exportTable(
      new Map([
        ['one', first],
        ['two', second],
      ]),
      'one',
    );
    const share = { driver: 'exports', exports: {}, mountTag: 'both' } as const;
    const alone = new Exports([{ share, exported: table }]);
    const beside = new Exports([
      { share, exported: table },
      { share: { path: '/srv', mountTag: 'host' }, exported: plain },
    ]);
    const from = (exports: Exports, aname: string) => exports.select({ uname: utf8(''), uid: 0, aname: utf8(aname) });
    expect([from(alone, 'two'), from(alone, ''), from(alone, 'both')]).toEqual([second, first, first]);
    expect(refusal(() => from(alone, 'three'))).toBe(errno('ENOENT'));
    expect([from(beside, 'both'), from(beside, 'host')]).toEqual([first, plain]);
    expect(refusal(() => from(beside, 'two'))).toBe(errno('ENOENT'));
  });

  test("is the server's own tree by its name, also beside a single share", () => {
    const { pick } = exportsOf({ path: '/srv', mountTag: 'host' });
    expect(pick('ctl')).toBe(ctl);
  });
});

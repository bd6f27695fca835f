import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../../../bytes/wire.ts';
import type { Credential } from '../../backend.ts';
import { createMemory } from '../../backends/memory/memory.ts';
import { Client } from '../../client/client.ts';
import { Tree } from '../../client/tree.ts';
import { errno } from '../../contract/sessions.ts';
import { stubBackend, stubFile, stubNode } from '../../contract/stubs.ts';
import { createSession } from '../../session.ts';
import { changeAclIds } from './acl-ids.ts';
import { idMapped } from './id-mapped.ts';
import { IdMap, type IdRange } from './id-ranges.ts';

const NOBODY = 65_534;
const NONE = 0xffff_ffff;
const UIDS: readonly IdRange[] = [
  { inside: 0, outside: 1000, count: 1 },
  { inside: 1, outside: 100_000, count: 999 },
];
const GIDS: readonly IdRange[] = [{ inside: 0, outside: 2000, count: 1000 }];

/** A memory tree behind the maps, a client of it, and a way to look at the tree itself. */
async function share() {
  const memory = createMemory({ uid: 1000, gid: 2000 });
  const session = createSession(idMapped(memory, { uid: UIDS, gid: GIDS }));
  const client = new Client(session);
  await client.version();
  const as = (uid: number, firstFid: number) => Tree.attach(client, { uid, firstFid });
  return { memory, client, tree: await as(0, 0), as };
}

describe('a map', () => {
  const map = new IdMap(UIDS);

  test.each([
    [0, 1000],
    [1, 100_000],
    [999, 100_998],
    [NONE, NONE],
  ])('%i is %i behind the share', (inside, outside) => {
    expect(map.outward(inside)).toBe(outside);
    if (inside !== NONE) expect(map.inward(outside)).toBe(inside);
  });

  test.each([1000, 65_534, 0xffff_fffe])('nobody is %i', (inside) => expect(map.outward(inside)).toBeUndefined());
  test.each([0, 999, 1001, 99_999, 100_999])('%i behind it is nobody to clients', (outside) => {
    expect([map.inward(outside), map.hasInside(outside)]).toEqual([NOBODY, false]);
  });

  test.each<[IdRange[], string]>([
    [[], '0 ranges; a map has 1 to 340'],
    [
      [{ inside: 0, outside: 0, count: 0 }],
      '0:0:0 is no range; numbers go from 0 to 4294967294, and there is at least one',
    ],
    [
      [{ inside: 0, outside: 0xffff_fffe, count: 2 }],
      '0:4294967294:2 is no range; numbers go from 0 to 4294967294, and there is at least one',
    ],
    [
      [
        { inside: 0, outside: 0, count: 10 },
        { inside: 10, outside: 9, count: 1 },
      ],
      '0:0:10 and 10:9:1 overlap outside; each number can be in one range only',
    ],
  ])('%j is none', (ranges, line) => {
    expect(() => new IdMap(ranges)).toThrow(new RangeError(line));
  });
});

describe('owners', () => {
  test('clients see their own numbers, the tree has others', async () => {
    const { memory, tree, as } = await share();
    await tree.mkdir('root', 0o755, 5);
    await (await as(7, 100)).mkdir('seven', 0o755, 0);
    expect(memory.stat('/root')).toMatchObject({ uid: 1000, gid: 2005 });
    expect(memory.stat('/seven')).toMatchObject({ uid: 100_006, gid: 2000 });
    expect(await tree.getattr('root')).toMatchObject({ uid: 0, gid: 5 });
    expect(await tree.getattr('seven')).toMatchObject({ uid: 7, gid: 0 });
  });

  test('chown goes the other way', async () => {
    const { memory, tree } = await share();
    await tree.writeFile('file', '');
    await tree.setattr('file', { uid: 9, gid: 8 });
    expect(memory.stat('/file')).toMatchObject({ uid: 100_008, gid: 2008 });
    await expect(tree.setattr('file', { uid: 1000 })).rejects.toBe(errno('EINVAL'));
    await expect(tree.setattr('file', { gid: 1000 })).rejects.toBe(errno('EINVAL'));
    expect(memory.stat('/file')).toMatchObject({ uid: 100_008, gid: 2008 });
  });

  test('what belongs to nobody known is shown as 65534, and keeps its owner and mode', async () => {
    const { memory, tree } = await share();
    memory.writeFile('/host', 'text');
    memory.setattr('/host', { uid: 0, gid: 0 });
    expect(await tree.getattr('host')).toMatchObject({ uid: NOBODY, gid: NOBODY });
    for (const change of [{ uid: 0 }, { gid: 0 }, { mode: 0o4777 }]) {
      await expect(tree.setattr('host', change)).rejects.toBe(errno('EPERM'));
    }
    await tree.setattr('host', { size: 2n });
    expect(memory.stat('/host')).toMatchObject({ uid: 0, gid: 0, size: 2n });
  });

  test('someone without a number looks around, and makes nothing', async () => {
    const { tree, as, memory } = await share();
    await tree.writeFile('file', 'text');
    const stranger = await as(5000, 100);
    expect(await stranger.readFile('file')).toEqual(utf8('text'));
    const makers = [
      () => stranger.mkdir('new'),
      () => stranger.create('new'),
      () => stranger.symlink('new', 'x'),
      () => stranger.mknod('new', 0o010644),
      () => tree.mkdir('new', 0o755, 1000),
    ];
    for (const make of makers) await expect(make()).rejects.toBe(errno('EOVERFLOW'));
    expect(memory.list('/')).toEqual(['file']);
  });

  test('who attaches is known behind the share by the other number', async () => {
    const seen: (number | undefined)[] = [];
    const backend = stubBackend(stubNode());
    const spied = {
      ...backend,
      attach(credential: Credential) {
        seen.push(credential.uid);
        return backend.attach(credential);
      },
    };
    const mapped = idMapped(spied, { uid: UIDS });
    for (const uid of [0, 3, undefined, 5000]) await mapped.attach({ uname: utf8('x'), uid, aname: utf8('') });
    expect(seen).toEqual([1000, 100_002, undefined, NOBODY]);
  });

  test('a chown through an open file is mapped as well', async () => {
    const seen: unknown[] = [];
    const file = stubFile({ setattr: (change) => void seen.push(change) });
    const node = stubNode({ open: () => file, getattr: () => ({ uid: 1000, gid: 2000 }) as never });
    const opened = await (
      await idMapped(stubBackend(node), { uid: UIDS, gid: GIDS }).attach({ uname: utf8(''), uid: 0, aname: utf8('') })
    ).open(0);
    await opened.setattr?.({ uid: 2, gid: 2 });
    expect(seen).toEqual([{ uid: 100_001, gid: 2002 }]);
    await expect((async () => opened.setattr?.({ uid: 4000 }))()).rejects.toBe(errno('EINVAL'));
  });
});

describe('access control lists', () => {
  /** u::rwx, u:7:r--, g::r-x, g:8:r--, m::rwx, o::--- */
  const list = (user: number, group: number) => {
    const entries: [number, number, number][] = [
      [0x01, 7, NONE],
      [0x02, 4, user],
      [0x04, 5, NONE],
      [0x08, 4, group],
      [0x10, 7, NONE],
      [0x20, 0, NONE],
    ];
    const bytes = new Uint8Array(4 + 8 * entries.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, 2, true);
    for (const [index, [tag, permissions, id]] of entries.entries()) {
      view.setUint16(4 + index * 8, tag, true);
      view.setUint16(6 + index * 8, permissions, true);
      view.setUint32(8 + index * 8, id, true);
    }
    return bytes;
  };

  test('name users and groups by the numbers of each side', async () => {
    const { memory, tree } = await share();
    await tree.mkdir('d');
    for (const name of ['system.posix_acl_access', 'system.posix_acl_default']) {
      await tree.setxattr('d', name, list(7, 8));
      expect(await tree.getxattr('d', name)).toEqual(list(7, 8));
      const node = memory.attach({ uname: utf8(''), uid: 0, aname: utf8('') }).walk([utf8('d')]).node;
      expect(await node?.getxattr(utf8(name))).toEqual(list(100_006, 2008));
      await expect(tree.setxattr('d', name, list(7, 5000))).rejects.toBe(errno('EINVAL'));
      await node?.setxattr(utf8(name), list(3, 2001), 0);
      expect(await tree.getxattr('d', name)).toEqual(list(NOBODY, 1));
    }
  });

  test('what is no list is left to the backend', () => {
    const change = { user: () => 1, group: () => 1 };
    for (const bytes of [
      new Uint8Array(0),
      new Uint8Array(3),
      new Uint8Array(11),
      Uint8Array.of(1, 0, 0, 0, 2, 0, 7, 0, 9, 9, 9, 9),
    ]) {
      expect(changeAclIds(bytes, change)).toBe(bytes);
    }
  });
});

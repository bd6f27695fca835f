import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../../bytes/wire.ts';
import { attached, errno } from '../contract/sessions.ts';
import { STUB_QID, stubBackend, stubNode } from '../contract/stubs.ts';
import { fidNumber as fid } from '../wire-types.ts';

describe('Twalk', () => {
  test('seventeen names are EINVAL, sixteen are not', async () => {
    const node = stubNode({
      walk: (names) => ({ qids: names.map(() => STUB_QID), node: stubNode() }),
    });
    const { client } = await attached(stubBackend(node));
    const names = (count: number) => new Array(count).fill(utf8('x'));
    const walk = (count: number) => client.call('Twalk', { fid: fid(0), newfid: fid(1), wname: names(count) });
    await expect(walk(17)).rejects.toBe(errno('EINVAL'));
    expect((await walk(16)).wqid).toHaveLength(16);
  });

  test('to itself with no names is nothing', async () => {
    const { client } = await attached(stubBackend(stubNode()));
    expect(await client.call('Twalk', { fid: fid(0), newfid: fid(0), wname: [] })).toEqual({ wqid: [] });
  });

  test.each([
    ['no qids and no node', { qids: [], node: undefined }, 'ENOENT', 0],
    ['all qids and no node', { qids: [STUB_QID, STUB_QID], node: undefined }, 'EIO', 1],
    ['a node and too few qids', { qids: [STUB_QID], node: stubNode() }, 'EIO', 1],
  ] as const)('a backend that walks to %s: %s', async (_, result, error, reported) => {
    const { client, bugs } = await attached(stubBackend(stubNode({ walk: () => result })));
    const walk = client.call('Twalk', { fid: fid(0), newfid: fid(1), wname: [utf8('a'), utf8('b')] });
    await expect(walk).rejects.toBe(errno(error));
    expect(bugs).toHaveLength(reported);
  });
});

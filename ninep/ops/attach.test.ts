import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../../bytes/wire.ts';
import { attached, errno } from '../contract/sessions.ts';
import { stubBackend, stubNode } from '../contract/stubs.ts';
import { fidNumber as fid, NOFID } from '../wire-types.ts';

describe('Tattach', () => {
  const body = { fid: fid(5), afid: NOFID, uname: utf8('someone'), aname: utf8('tree'), n_uname: 7 };

  test('tells the backend who comes, in memory of its own', async () => {
    const seen: unknown[] = [];
    const backend = {
      driver: 'stub',
      attach(credential: unknown) {
        seen.push(credential);
        return stubNode();
      },
      close() {},
    };
    const { client } = await attached(backend);
    await client.call('Tattach', body);
    await client.call('Tattach', { ...body, fid: fid(6), n_uname: 0xffff_ffff });
    expect(seen.slice(1)).toEqual([
      { uname: utf8('someone'), uid: 7, aname: utf8('tree') },
      { uname: utf8('someone'), uid: undefined, aname: utf8('tree') },
    ]);
  });

  test('an afid that was never authenticated is EBADF, Tauth itself ENOENT, as diod has it', async () => {
    const { client } = await attached(stubBackend(stubNode()));
    await expect(client.call('Tattach', { ...body, afid: fid(9) })).rejects.toBe(errno('EBADF'));
    const auth = client.call('Tauth', { afid: fid(9), uname: utf8(''), aname: utf8(''), n_uname: 0 });
    await expect(auth).rejects.toBe(errno('ENOENT'));
  });

  test.each([
    ['1000', 1000],
    ['0', 0],
    ['4294967294', 4294967294],
    ['4294967295', undefined],
    ['99999999999', undefined],
    ['root', undefined],
    ['-1', undefined],
    ['', undefined],
  ])('without a number, as in 9P2000, user %p has the id %p', async (uname, uid) => {
    const seen: unknown[] = [];
    const attach = (credential: { uid: number | undefined }) => {
      seen.push(credential.uid);
      return stubNode();
    };
    const { client } = await attached({ driver: 'stub', attach, close() {} }, {}, '9P2000');
    await client.call('Tattach', { ...body, uname: utf8(uname) });
    expect(seen).toEqual([undefined, uid]);
  });

  test.each(['9P2000', '9P2000.u'] as const)(
    '%s: an afid is refused, and Tauth says that it is not needed',
    async (version) => {
      const { client } = await attached(stubBackend(stubNode()), {}, version);
      await expect(client.call('Tattach', { ...body, afid: fid(9) })).rejects.toBe(errno('EBADF'));
      const auth = client.call('Tauth', { afid: fid(9), uname: utf8(''), aname: utf8(''), n_uname: 0 });
      await expect(auth).rejects.toMatchObject({ text: 'authentication not required' });
      if (version === '9P2000.u') await expect(auth).rejects.toMatchObject({ errno: 2 });
    },
  );

  test('a refused attach leaves the fid free', async () => {
    let refuse = false;
    const attach = () => (refuse ? Promise.reject(errno('EACCES')) : stubNode());
    const { client, session } = await attached({ driver: 'stub', attach, close() {} });
    refuse = true;
    await expect(client.call('Tattach', body)).rejects.toBe(errno('EACCES'));
    expect(session.fidCount).toBe(1);
    refuse = false;
    await client.call('Tattach', body);
  });
});

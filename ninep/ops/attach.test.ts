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

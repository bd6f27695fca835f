import { describe, expect, test } from '@jest/globals';
import { encodeMessage } from './codec.ts';
import { GOOD, ROOT } from './contract/refusal-tries.ts';
import { ATTACH, attached, errorOf, sessionOf } from './contract/sessions.ts';
import { STUB_QID, stubBackend, stubFile, stubNode } from './contract/stubs.ts';
import { ERRNO, type ErrnoName, errnoOf } from './errno.ts';
import { REFUSALS_OF_ANY } from './refusals.ts';
import type { SessionOptions } from './session.ts';
import { tagNumber } from './wire-types.ts';

describe('what any request may be answered', () => {
  const refused = (error: ErrnoName) => ({ errno: ERRNO[error], name: error });
  const waiting = () => new Promise<number>(() => {});
  const busy = stubBackend(stubNode({ qid: STUB_QID, open: () => stubFile({ read: waiting }) }));

  /** A session in which a Tread of tag 7 waits. */
  async function waits(options: SessionOptions = {}) {
    const { client } = await attached(busy, options);
    await client.call('Tlopen', { fid: ROOT, flags: 0 });
    client.send('Tread', { fid: ROOT, offset: 0n, count: 1 }, tagNumber(7)).reply.catch(() => {});
    return client;
  }

  const PROVOKED: Readonly<Record<string, () => Promise<unknown>>> = {
    'no version has been agreed on yet (but for Tversion)': () => sessionOf(busy).client.call('Tattach', ATTACH),
    'another request with its tag is under way (but for Tversion)': async () =>
      (await waits()).send('Tclunk', { fid: ROOT }, tagNumber(7)).reply,
    'size, fields and what was sent do not fit together': async () => {
      const { session } = await attached(busy);
      const frame = encodeMessage('Tclunk', tagNumber(1), { fid: ROOT });
      throw errnoOf(errorOf(session, frame.subarray(0, 9)) ?? 0);
    },
    'it is longer than msize': async () => {
      const { client } = await attached(busy);
      return client.call('Twrite', {
        fid: ROOT,
        offset: 0n,
        data: { segments: [new Uint8Array(65_536)], length: 65_536 },
      });
    },
    'there is less room for the reply than the shortest one takes': async () => {
      const { session } = await attached(busy);
      const frame = encodeMessage('Tgetattr', tagNumber(1), { fid: ROOT, request_mask: 1n });
      throw errnoOf(errorOf(session, frame, new Uint8Array(20)) ?? 0);
    },
    'as many requests wait as may wait (but for Tversion and Tflush)': async () =>
      (await waits({ maxOutstanding: 1 })).call('Tclunk', { fid: ROOT }),
    'the dialect has no request of its type': async () => {
      const { session } = await attached(busy);
      throw errnoOf(errorOf(session, Uint8Array.of(7, 0, 0, 0, 112, 1, 0)) ?? 0);
    },
    'what served it failed without saying how: a bug': async () => {
      const fault = () => {
        throw new Error('a bug');
      };
      const { client } = await attached(stubBackend(stubNode({ statfs: fault })), { onBug: () => {} });
      return client.call('Tstatfs', { fid: ROOT });
    },
  };

  test.each(REFUSALS_OF_ANY)('$error: $when', async ({ error, when }) => {
    const provoke = PROVOKED[when];
    if (provoke === undefined) throw new Error('nothing provokes it');
    await expect(provoke()).rejects.toMatchObject(refused(error));
  });

  test('Tversion, and a Tflush when as many wait as may', async () => {
    const client = await waits({ maxOutstanding: 1 });
    await expect(client.call('Tflush', { oldtag: tagNumber(8) })).resolves.toEqual({});
    const { session } = sessionOf(busy);
    expect(errorOf(session, encodeMessage('Tversion', tagNumber(7), GOOD.Tversion))).toBeUndefined();
  });
});

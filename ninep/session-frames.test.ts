import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../bytes/wire.ts';
import { createSynth } from './backends/synth/synth.ts';
import { encodeMessage } from './codec.ts';
import { ATTACH, attached, errno, errorOf, sessionOf } from './contract/sessions.ts';
import { Gate, stubBackend, stubFile, stubNode } from './contract/stubs.ts';
import { ERRNO } from './errno.ts';
import { FrameError } from './frame-handler.ts';
import { fidNumber as fid, tagNumber } from './wire-types.ts';

const empty = () => createSynth();

describe('a frame that is no frame', () => {
  test('a request shorter than a header throws FrameError', () => {
    const { session } = sessionOf(empty());
    const reply = [new Uint8Array(4096)];
    expect(() => session.handle([], reply)).toThrow(FrameError);
    expect(() => session.handle([new Uint8Array(3), new Uint8Array(3)], reply)).toThrow(FrameError);
  });

  test('a reply area of 10 bytes cannot hold an error: FrameError; 11 bytes can', () => {
    const { session } = sessionOf(empty());
    const request = encodeMessage('Tclunk', tagNumber(1), { fid: fid(1) });
    expect(() => session.handle([request], [new Uint8Array(10)])).toThrow(FrameError);
    expect(errorOf(session, request, new Uint8Array(11))).toBe(ERRNO.EPROTO);
  });

  test('the session goes on after a FrameError', async () => {
    const { session, client } = sessionOf(empty());
    expect(() => session.handle([], [])).toThrow(FrameError);
    await client.version();
    expect(session.version).toBe('9P2000.L');
  });

  test.each([
    ['a size below the header', [6, 0, 0, 0, 120, 1, 0, 9, 0, 0, 0]],
    ['a size beyond the bytes', [12, 0, 0, 0, 120, 1, 0, 9, 0, 0, 0]],
    ['a body too short', [10, 0, 0, 0, 120, 1, 0, 9, 0, 0]],
    ['a body too long', [12, 0, 0, 0, 120, 1, 0, 9, 0, 0, 0, 0]],
    ['a string beyond the end', [19, 0, 0, 0, 100, 1, 0, 0, 0x20, 0, 0, 7, 0, 1, 2, 3, 4, 5, 6]],
    ['a write whose count is short', [24, 0, 0, 0, 118, 1, 0, 0, 0, 0, 0, ...new Array(8).fill(0), 0, 0, 0, 0, 1]],
    ['a write whose count is long', [24, 0, 0, 0, 118, 1, 0, 0, 0, 0, 0, ...new Array(8).fill(0), 2, 0, 0, 0, 1]],
  ])('%s is answered EPROTO', async (_, bytes) => {
    const { session } = await attached(empty());
    expect(errorOf(session, Uint8Array.from(bytes))).toBe(ERRNO.EPROTO);
  });

  test('bytes behind the message are left alone', async () => {
    const { session } = await attached(empty());
    const clunk = encodeMessage('Tclunk', tagNumber(1), { fid: fid(0) });
    expect(errorOf(session, Buffer.concat([clunk, Buffer.alloc(50)]))).toBeUndefined();
  });

  test.each([6, 7, 9, 112, 124, 126, 255])(
    'type %i, which is no request of 9P2000.L, is answered EOPNOTSUPP',
    async (type) => {
      const { session } = await attached(empty());
      expect(errorOf(session, Uint8Array.of(11, 0, 0, 0, type, 1, 0, 0, 0, 0, 0))).toBe(ERRNO.EOPNOTSUPP);
    },
  );

  test('a message longer than msize is answered EMSGSIZE', async () => {
    const { session, client } = sessionOf(empty());
    client.msize = 4096;
    await client.version();
    const data = { segments: [new Uint8Array(4096)], length: 4096 };
    const request = encodeMessage('Twrite', tagNumber(1), { fid: fid(0), offset: 0n, data });
    expect(errorOf(session, request)).toBe(ERRNO.EMSGSIZE);
  });

  test('a reply area too small for the answer: EMSGSIZE, and nothing was done', async () => {
    let opened = 0;
    const node = stubNode({
      open() {
        opened++;
        return stubFile();
      },
    });
    const { session } = await attached(stubBackend(node));
    const request = encodeMessage('Tlopen', tagNumber(1), { fid: fid(0), flags: 0 });
    expect(errorOf(session, request, new Uint8Array(23))).toBe(ERRNO.EMSGSIZE);
    expect(opened).toBe(0);
    expect(session.handle([request], [new Uint8Array(24)])).toBe(24);
    expect(opened).toBe(1);
  });

  test('what a client changes in a request after it was taken has no effect', async () => {
    const names: string[] = [];
    const gate = new Gate<void>();
    const node = stubNode({
      unlink: async (name) => {
        names.push(Buffer.from(name).toString());
        await gate.promise;
        names.push(Buffer.from(name).toString());
      },
    });
    const { session } = await attached(stubBackend(node));
    const request = encodeMessage('Tunlinkat', tagNumber(1), { dirfd: fid(0), name: utf8('safe'), flags: 0 });
    const done = session.handle([request], [new Uint8Array(4096)]);
    request.fill(0x2f);
    gate.resolve();
    expect(await done).toBe(7);
    expect(names).toEqual(['safe', 'safe']);
  });

  test('a request of 200,000 bytes of fields is kept whole', async () => {
    const { client } = await attached(createSynth());
    const wname = [utf8('x'.repeat(65_535)), utf8('y'.repeat(65_535)), utf8('z'.repeat(65_535))];
    const call = client.call('Twalk', { fid: fid(0), newfid: fid(1), wname });
    await expect(call).rejects.toBe(errno('EMSGSIZE'));
    const { client: large } = sessionOf(createSynth());
    large.msize = 1_000_000;
    await large.version();
    await large.call('Tattach', ATTACH);
    await expect(large.call('Twalk', { fid: fid(0), newfid: fid(1), wname })).rejects.toBe(errno('ENAMETOOLONG'));
  });
});

import { describe, expect, test } from '@jest/globals';
import { createSynth } from './backends/synth/synth.ts';
import { type Client, TakenBack } from './client/client.ts';
import { encodeMessage } from './codec.ts';
import { attached, errno } from './contract/sessions.ts';
import { Gate, stubBackend, stubFile, stubNode } from './contract/stubs.ts';
import { VERSIONS, type Version } from './versions.ts';
import { fidNumber as fid, NOTAG, tagNumber } from './wire-types.ts';

const empty = () => createSynth();

const OPENING: Readonly<Record<Version, (client: Client) => Promise<unknown>>> = {
  '9P2000': (client) => client.call('Topen', { fid: fid(0), mode: 0 }),
  '9P2000.u': (client) => client.call('Topen', { fid: fid(0), mode: 0 }),
  '9P2000.L': (client) => client.call('Tlopen', { fid: fid(0), flags: 0 }),
};

describe.each(VERSIONS)('Tflush in %s', (version) => {
  function waitingReads(settle: { onFlush?: 'reject' }) {
    const gates: Gate<number>[] = [];
    const node = stubNode({
      open: () =>
        stubFile({
          read(_offset, _into, request) {
            const gate = new Gate<number>();
            gates.push(gate);
            request.onFlush(() => settle.onFlush && gate.reject(errno('EINTR')));
            return gate.promise;
          },
        }),
    });
    return { gates, backend: stubBackend(node) };
  }

  async function reading(settle: { onFlush?: 'reject' } = {}) {
    const { gates, backend } = waitingReads(settle);
    const { session, client, bugs } = await attached(backend, {}, version);
    await OPENING[version](client);
    const read = client.send('Tread', { fid: fid(0), offset: 0n, count: 10 });
    return { gates, session, client, read, bugs };
  }

  test('a target that gives up with EINTR is taken back', async () => {
    const { session, client, read } = await reading({ onFlush: 'reject' });
    const taken = expect(read.reply).rejects.toBeInstanceOf(TakenBack);
    expect(await client.call('Tflush', { oldtag: read.tag })).toEqual({});
    await taken;
    expect(session.outstanding).toBe(0);
  });

  test('a target that completes is answered, and before the flush is', async () => {
    const { gates, client, read } = await reading();
    const order: string[] = [];
    const flush = client.call('Tflush', { oldtag: read.tag }).then(() => order.push('Rflush'));
    const reply = read.reply.then(({ data }) => order.push(`Rread ${data.length}`));
    await Promise.resolve();
    expect(order).toEqual([]);
    gates[0]?.resolve(4);
    await Promise.all([flush, reply]);
    expect(order).toEqual(['Rread 4', 'Rflush']);
  });

  test('a target that fails otherwise is answered with its error', async () => {
    const { gates, client, read } = await reading();
    const flush = client.call('Tflush', { oldtag: read.tag });
    gates[0]?.reject(errno('EIO'));
    await expect(read.reply).rejects.toBe(errno('EIO'));
    expect(await flush).toEqual({});
  });

  test('of all that is under way, as the device asks for when its queue is reset: fids stay', async () => {
    const { session, client, read } = await reading({ onFlush: 'reject' });
    const fids = session.fidCount;
    session.flushAll();
    await expect(read.reply).rejects.toBeInstanceOf(TakenBack);
    expect([session.outstanding, session.fidCount, session.version]).toEqual([0, fids, version]);
    const again = client.send('Tread', { fid: fid(0), offset: 0n, count: 10 });
    session.flushAll();
    await expect(again.reply).rejects.toBeInstanceOf(TakenBack);
  });

  test('EINTR without a flush is an answer like any other', async () => {
    const { gates, read } = await reading();
    gates[0]?.reject(errno('EINTR'));
    await expect(read.reply).rejects.toBe(errno('EINTR'));
  });

  test('of an unknown tag, of its own tag and of an answered one is answered at once', async () => {
    const { session } = await attached(empty(), {}, version);
    for (const oldtag of [tagNumber(77), tagNumber(3), NOTAG]) {
      expect(session.handle([encodeMessage('Tflush', tagNumber(3), { oldtag })], [new Uint8Array(4096)])).toBe(7);
    }
  });

  test('two for one target, and one for a flush, are all answered after it', async () => {
    const { gates, client, read } = await reading();
    const order: string[] = [];
    const first = client.send('Tflush', { oldtag: read.tag });
    const second = client.send('Tflush', { oldtag: read.tag });
    const third = client.send('Tflush', { oldtag: first.tag });
    const all = [
      read.reply.then(() => order.push('read')),
      first.reply.then(() => order.push('first')),
      second.reply.then(() => order.push('second')),
      third.reply.then(() => order.push('third')),
    ];
    gates[0]?.resolve(0);
    await Promise.all(all);
    expect(order).toEqual(['read', 'first', 'second', 'third']);
  });

  test('of a flush that flushes itself, under way or not, is answered', async () => {
    const { gates, client, read, session } = await reading();
    const own = tagNumber(9);
    const waiting = client.send('Tflush', { oldtag: read.tag }, own);
    const flushes = [client.call('Tflush', { oldtag: own }), client.call('Tflush', { oldtag: own })];
    gates[0]?.resolve(1);
    expect((await read.reply).data.length).toBe(1);
    expect(await Promise.all([waiting.reply, ...flushes])).toEqual([{}, {}, {}]);
    expect(await client.send('Tflush', { oldtag: read.tag }, own).reply).toEqual({});
    expect(session.outstanding).toBe(0);
  });

  test('a flush callback that throws is a bug of the backend and harms nobody', async () => {
    const gate = new Gate<number>();
    const wrong = new Error('wrong');
    const node = stubNode({
      open: () =>
        stubFile({
          read(_offset, _into, request) {
            request.onFlush(() => {
              throw wrong;
            });
            return gate.promise;
          },
        }),
    });
    const { client, bugs } = await attached(stubBackend(node), {}, version);
    await OPENING[version](client);
    const read = client.send('Tread', { fid: fid(0), offset: 0n, count: 10 });
    const flush = client.call('Tflush', { oldtag: read.tag });
    gate.resolve(1);
    expect((await read.reply).data.length).toBe(1);
    await flush;
    expect(bugs).toEqual([wrong]);
  });
});

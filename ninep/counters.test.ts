import { describe, expect, test } from '@jest/globals';
import { createMemory } from './backends/memory/memory.ts';
import { encodeMessage } from './codec.ts';
import { ATTACH, attached, errno, sessionOf } from './contract/sessions.ts';
import { Gate, stubBackend, stubFile, stubNode } from './contract/stubs.ts';
import { Counters, countsAsText } from './counters.ts';
import { ERRNO, errnoOf } from './errno.ts';
import { observeAll } from './observer.ts';
import { fidNumber, tagNumber } from './wire-types.ts';

const FID = fidNumber(0);

describe('counters', () => {
  test('requests, bytes of both directions, and errors by name', async () => {
    const counters = new Counters(() => 0);
    const { client } = await attached(createMemory(), { observer: counters.observer() });
    await client.call('Tgetattr', { fid: FID, request_mask: 1n });
    for (const fid of [1, 2, 3]) {
      await expect(client.call('Tclunk', { fid: fidNumber(fid) })).rejects.toBe(errno('EBADF'));
    }
    await expect(client.call('Treadlink', { fid: FID })).rejects.toBe(errno('EINVAL'));
    const counts = counters.read();
    expect(Object.keys(counts)).toEqual(['Tversion', 'Tattach', 'Tgetattr', 'Tclunk', 'Treadlink']);
    expect(counts.Tgetattr).toMatchObject({ count: 1, bytesIn: 19, bytesOut: 160, errors: {}, takenBack: 0 });
    expect(counts.Tclunk).toMatchObject({ count: 3, bytesIn: 33, bytesOut: 33, errors: { EBADF: 3 } });
    expect(counts.Treadlink?.errors).toEqual({ EINVAL: 1 });
  });

  test('a lie about the length of a message is not counted', async () => {
    const counters = new Counters(() => 0);
    const { session, client } = sessionOf(createMemory(), { observer: counters.observer() });
    await client.version();
    await client.call('Tattach', ATTACH);
    const message = encodeMessage('Tclunk', tagNumber(1), { fid: FID });
    new DataView(message.buffer, message.byteOffset).setUint32(0, 60_000, true);
    session.handle([message], [new Uint8Array(100)]);
    session.handle([Uint8Array.of(7, 0, 0, 0, 99, 1, 0)], [new Uint8Array(100)]);
    expect(counters.read().Tclunk).toMatchObject({ count: 1, bytesIn: 0, errors: { EPROTO: 1 } });
    expect(counters.read().unknown).toMatchObject({ count: 1, bytesIn: 0, bytesOut: 11, errors: { EOPNOTSUPP: 1 } });
  });

  test('how long each took, in powers of two of a microsecond, also where requests overlap', async () => {
    let now = 0;
    const counters = new Counters(() => now);
    const gates = [new Gate<number>(), new Gate<number>()];
    let opened = 0;
    const open = () => {
      const gate = gates[opened++] ?? new Gate<number>();
      return stubFile({ read: () => gate.promise });
    };
    const root = stubNode({ clone: () => stubNode({ open, walk: () => ({ qids: [], node: stubNode({ open }) }) }) });
    const { client } = await attached(stubBackend(root), { observer: counters.observer() });
    await client.call('Twalk', { fid: FID, newfid: fidNumber(1), wname: [] }).catch(() => {});
    await client.call('Tlopen', { fid: FID, flags: 0 });
    const first = client.call('Tread', { fid: FID, offset: 0n, count: 1 });
    now = 0.003;
    const second = client.call('Tread', { fid: FID, offset: 0n, count: 1 });
    now = 0.004;
    gates[0]?.resolve(0);
    await Promise.all([first, second]);
    const { latency } = counters.read().Tread ?? { latency: [] };
    // 4 µs is in [4, 8), 1 µs in [1, 2).
    expect([latency[1], latency[3]]).toEqual([1, 1]);
    expect(latency.reduce((sum, count) => sum + count, 0)).toBe(2);
    expect(latency).toHaveLength(33);
  });

  test('those that were taken back', async () => {
    const counters = new Counters(() => 0);
    const file = stubFile({
      read: (_offset, _into, request) =>
        new Promise((_, reject) => request.onFlush(() => reject(errnoOf(ERRNO.EINTR)))),
    });
    const root = stubNode({ clone: () => stubNode({ open: () => file }) });
    const { client } = await attached(stubBackend(root), { observer: counters.observer() });
    await client.call('Tlopen', { fid: FID, flags: 0 });
    const read = client.send('Tread', { fid: FID, offset: 0n, count: 1 });
    const ended = expect(read.reply).rejects.toBeDefined();
    await client.call('Tflush', { oldtag: read.tag });
    await ended;
    expect(counters.read().Tread).toMatchObject({ count: 1, takenBack: 1, bytesOut: 0, errors: {} });
  });

  test('as text', () => {
    const latency = Array.from({ length: 33 }, (_, bucket) => ({ 0: 5, 3: 1, 32: 2 })[bucket] ?? 0);
    const counted = { count: 8, bytesIn: 80, bytesOut: 90, takenBack: 1, errors: { ENOENT: 3, EIO: 1 }, latency };
    const none = { count: 0, bytesIn: 0, bytesOut: 0, takenBack: 0, errors: {}, latency: [] };
    expect(countsAsText({ Twalk: counted, Tread: none })).toBe(
      'message count bytes_in bytes_out taken_back errors latency_us\n' +
        'Twalk 8 80 90 1 ENOENT:3,EIO:1 1:5,8:1,inf:2\n' +
        'Tread 0 0 0 0 - -\n',
    );
  });
});

test('two observers are shown everything, one after the other', async () => {
  const seen: string[] = [];
  const spy = (name: string) => ({ request: () => seen.push(`${name} T`), reply: () => seen.push(`${name} R`) });
  const observer = observeAll([spy('a'), undefined, spy('b'), {}]);
  const { client } = sessionOf(createMemory(), { observer: observer as never });
  await client.version();
  expect(seen).toEqual(['a T', 'b T', 'a R', 'b R']);
});

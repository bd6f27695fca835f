import { describe, expect, test } from '@jest/globals';
import { totalLength } from '../../bytes/segments.ts';
import { utf8 } from '../../bytes/wire.ts';
import type { DirectoryEntry, OpenFile } from '../backend.ts';
import { encodeMessage } from '../codec.ts';
import { attached, errno } from '../contract/sessions.ts';
import { stubBackend, stubFile, stubNode } from '../contract/stubs.ts';
import type { SessionOptions } from '../session.ts';
import { fidNumber as fid, tagNumber } from '../wire-types.ts';

const data = (length: number) => ({ segments: [new Uint8Array(length)], length });

/** A session whose fid 0 is open as `file`. */
async function opened(file: Partial<OpenFile>, options: SessionOptions = {}) {
  const made = await attached(stubBackend(stubNode({ open: () => stubFile(file) })), options);
  await made.client.call('Tlopen', { fid: fid(0), flags: 0 });
  return made;
}

describe('Tread', () => {
  test.each([
    [0, 4096, undefined],
    [1, 4096, 1],
    [4085, 4096, 4085],
    [4086, 4096, 4085],
    [0xffff_ffff, 4096, 4085],
    [100, 50, 39],
    [100, 12, 1],
    [100, 11, undefined],
  ])('of %i bytes into a reply of %i asks the backend for %p', async (count, area, asked) => {
    const asks: number[] = [];
    const read = (_: bigint, into: readonly Uint8Array[]) => {
      asks.push(totalLength(into));
      return totalLength(into);
    };
    const { session } = await opened({ read }, { msize: 4096 });
    const request = encodeMessage('Tread', tagNumber(1), { fid: fid(0), offset: 0n, count });
    expect(session.handle([request], [new Uint8Array(area)])).toBe(11 + (asked ?? 0));
    expect(asks).toEqual(asked === undefined ? [] : [asked]);
  });

  test('gives the backend the very memory of the reply', async () => {
    const header = new Uint8Array(11);
    const pages = [new Uint8Array(4096), new Uint8Array(4096)];
    const given: Uint8Array[] = [];
    const read = (_: bigint, into: readonly Uint8Array[]) => {
      given.push(...into);
      return 5000;
    };
    const { session } = await opened({ read });
    const request = encodeMessage('Tread', tagNumber(9), { fid: fid(0), offset: 0n, count: 5000 });
    expect(session.handle([request], [header, ...pages])).toBe(5011);
    expect(given[0]).toBe(pages[0]);
    expect(given[1]?.buffer).toBe(pages[1]?.buffer);
    expect(given[1]).toHaveLength(904);
    expect([...header]).toEqual([0x93, 0x13, 0, 0, 117, 9, 0, 0x88, 0x13, 0, 0]);
  });

  test('beyond the largest offset is EINVAL', async () => {
    const { client } = await opened({ read: () => 0 });
    const largest = 0x7fff_ffff_ffff_ffffn - 0xffff_ffffn;
    expect((await client.call('Tread', { fid: fid(0), offset: largest, count: 1 })).data.length).toBe(0);
    for (const offset of [largest + 1n, 1n << 63n, (1n << 64n) - 1n]) {
      await expect(client.call('Tread', { fid: fid(0), offset, count: 1 })).rejects.toBe(errno('EINVAL'));
    }
  });
});

describe('Twrite', () => {
  test('gives the backend the very memory of the request', async () => {
    const payload = new Uint8Array(100).fill(7);
    const given: Uint8Array[] = [];
    const write = (_: bigint, from: readonly Uint8Array[]) => {
      given.push(...from);
      return 60;
    };
    const { session } = await opened({ write });
    const whole = encodeMessage('Twrite', tagNumber(1), { fid: fid(0), offset: 0n, data: data(100) });
    const reply = new Uint8Array(11);
    expect(session.handle([whole.subarray(0, 9), whole.subarray(9, 23), payload], [reply])).toBe(11);
    expect(given[0]).toBe(payload);
    expect([...reply]).toEqual([11, 0, 0, 0, 119, 1, 0, 60, 0, 0, 0]);
  });

  test('of nothing is 0 without asking, but needs an open fid', async () => {
    const { client } = await opened({});
    expect(await client.call('Twrite', { fid: fid(0), offset: 0n, data: data(0) })).toEqual({ count: 0 });
    await client.call('Twalk', { fid: fid(0), newfid: fid(1), wname: [] });
    const call = client.call('Twrite', { fid: fid(1), offset: 0n, data: data(0) });
    await expect(call).rejects.toBe(errno('EBADF'));
  });

  test('fills msize exactly', async () => {
    const { client, session } = await opened({ write: (_, from) => totalLength(from) }, { msize: 4096 });
    expect(await client.call('Twrite', { fid: fid(0), offset: 0n, data: data(4096 - 23) })).toEqual({ count: 4073 });
    expect(session.msize).toBe(4096);
    const call = client.call('Twrite', { fid: fid(0), offset: 0n, data: data(4096 - 22) });
    await expect(call).rejects.toBe(errno('EMSGSIZE'));
  });
});

describe('Treaddir', () => {
  const entry = (name: string, offset: bigint): DirectoryEntry => ({
    qid: { type: 0x80, version: 1, path: 2n },
    offset,
    type: 4,
    name: utf8(name),
  });

  test('writes entries into the reply in place, as many as fit whole', async () => {
    const refused: boolean[] = [];
    const readdir = (_: bigint, emit: (entry: DirectoryEntry) => boolean) => {
      for (const name of ['a', 'bb', 'ccc']) refused.push(emit(entry(name, 3n)));
    };
    const { session } = await opened({ readdir });
    const request = encodeMessage('Treaddir', tagNumber(1), { fid: fid(0), offset: 0n, count: 52 });
    const reply = [new Uint8Array(20), new Uint8Array(100)];
    expect(session.handle([request], reply)).toBe(11 + 25 + 26);
    expect(refused).toEqual([true, true, false]);
    const bytes = Buffer.concat(reply);
    expect([...bytes.subarray(0, 11)]).toEqual([62, 0, 0, 0, 41, 1, 0, 51, 0, 0, 0]);
    const head = [0x80, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4];
    expect([...bytes.subarray(11, 36)]).toEqual([...head, 1, 0, 0x61]);
    expect([...bytes.subarray(36, 62)]).toEqual([...head, 2, 0, 0x62, 0x62]);
    expect(bytes.subarray(62).every((byte) => byte === 0)).toBe(true);
  });

  test('passes over a host name longer than any client could look up', async () => {
    const readdir = (_: bigint, emit: (entry: DirectoryEntry) => boolean) => {
      expect(emit(entry('x'.repeat(2000), 1n))).toBe(true);
      expect(emit(entry('a', 2n))).toBe(true);
    };
    const { client } = await opened({ readdir });
    const { data: listed } = await client.call('Treaddir', { fid: fid(0), offset: 0n, count: 8000 });
    expect(listed.length).toBe(25);
  });
});

describe('iounit', () => {
  test.each([
    [0, 0],
    [1000, 1000],
    [4072, 4072],
    [4073, 4072],
    [1 << 20, 4072],
  ])('of a file that says %i is %i with an msize of 4096', async (said, told) => {
    const node = stubNode({ open: () => stubFile({ iounit: said }) });
    const { client } = await attached(stubBackend(node), { msize: 4096 });
    expect((await client.call('Tlopen', { fid: fid(0), flags: 0 })).iounit).toBe(told);
  });
});

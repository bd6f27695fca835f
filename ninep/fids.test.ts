import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../bytes/wire.ts';
import { createSynth } from './backends/synth/synth.ts';
import { counting } from './contract/counting.ts';
import { ATTACH, attached, errno } from './contract/sessions.ts';
import { Gate, stubBackend, stubFile, stubNode } from './contract/stubs.ts';
import { type FidEvent, type FidState, FidTable, transition } from './fids.ts';
import { fidNumber as fid, NOFID } from './wire-types.ts';

describe('the transition table', () => {
  const legal: Record<FidState, Partial<Record<FidEvent, FidState>>> = {
    reserved: { bind: 'walked', capture: 'xattr-read', retire: 'gone' },
    walked: { begin: 'changing', collect: 'xattr-write', retire: 'gone' },
    changing: { opened: 'open', undo: 'walked', retire: 'gone' },
    open: { retire: 'gone' },
    'xattr-read': { retire: 'gone' },
    'xattr-write': { retire: 'gone' },
    gone: { opened: 'gone', undo: 'gone', retire: 'gone' },
  };
  const states: FidState[] = ['reserved', 'walked', 'changing', 'open', 'xattr-read', 'xattr-write', 'gone'];
  const events: FidEvent[] = ['bind', 'begin', 'opened', 'undo', 'capture', 'collect', 'retire'];

  test.each(states.flatMap((state) => events.map((event) => [state, event] as const)))('%s on %s', (state, event) => {
    expect(transition(state, event)).toBe(legal[state][event]);
  });
});

describe('FidTable', () => {
  test('refuses numbers in use and NOFID with EINVAL, and one fid too many with ENFILE', () => {
    const table = new FidTable(2);
    table.reserve(fid(1));
    expect(() => table.reserve(fid(1))).toThrow();
    expect(() => table.reserve(NOFID)).toThrow();
    table.reserve(fid(0));
    const errors: unknown[] = [];
    for (const number of [fid(1), NOFID, fid(2)]) {
      try {
        table.reserve(number);
      } catch (error) {
        errors.push(error);
      }
    }
    expect(errors).toEqual([errno('EINVAL'), errno('EINVAL'), errno('ENFILE')]);
    expect(table.size).toBe(2);
  });

  test('a reserved fid cannot be looked up', () => {
    const table = new FidTable(2);
    table.reserve(fid(1));
    expect(() => table.get(fid(1))).toThrow();
  });
});

describe('numbers used again and again', () => {
  test('count, limit and list are those of the fids there are', () => {
    const table = new FidTable(3);
    const kept = table.reserve(fid(7));
    for (let i = 0; i < 5000; i += 1) {
      const [one, other] = [table.reserve(fid(i % 3)), table.reserve(fid(100 + i))];
      expect(table.size).toBe(3);
      expect(() => table.reserve(fid(9))).toThrow();
      table.retire(one);
      table.retire(other);
      expect(() => table.get(fid(100 + i))).toThrow();
    }
    expect([table.size, table.all()]).toEqual([1, [kept]]);
  });
});

describe('fids while requests are under way', () => {
  test('a clunk during a read: the read ends well, and only then is the node released', async () => {
    const gate = new Gate<number>();
    const node = stubNode({ open: () => stubFile({ read: () => gate.promise }) });
    const backend = counting(stubBackend(node));
    const { client, bugs } = await attached(backend);
    await client.call('Tlopen', { fid: fid(0), flags: 0 });
    const read = client.call('Tread', { fid: fid(0), offset: 0n, count: 10 });
    expect(await client.call('Tclunk', { fid: fid(0) })).toEqual({});
    await expect(client.call('Tclunk', { fid: fid(0) })).rejects.toBe(errno('EBADF'));
    expect(backend.tally).toEqual({ nodes: 1, files: 1 });
    await client.call('Tattach', ATTACH);
    gate.resolve(3);
    expect((await read).data.length).toBe(3);
    expect(backend.tally).toEqual({ nodes: 1, files: 0 });
    expect(bugs).toEqual([]);
  });

  test('a clunk during an open: the file is opened and released', async () => {
    const gate = new Gate<void>();
    const node = stubNode({ open: () => gate.promise.then(() => stubFile()) });
    const backend = counting(stubBackend(node));
    const { client } = await attached(backend);
    const open = client.call('Tlopen', { fid: fid(0), flags: 0 });
    await client.call('Tclunk', { fid: fid(0) });
    gate.resolve();
    await open;
    expect(backend.tally).toEqual({ nodes: 0, files: 0 });
  });

  test('a clunk during a create: both new objects are released', async () => {
    const gate = new Gate<void>();
    const node = stubNode({ create: () => gate.promise.then(() => ({ node: stubNode(), file: stubFile() })) });
    const backend = counting(stubBackend(node));
    const { client, session } = await attached(backend);
    const body = { fid: fid(0), name: utf8('x'), flags: 0, mode: 0, gid: 0 };
    const create = client.call('Tlcreate', body);
    await client.call('Tclunk', { fid: fid(0) });
    gate.resolve();
    await create;
    expect(backend.tally).toEqual({ nodes: 0, files: 0 });
    expect(session.fidCount).toBe(0);
  });

  test('a clunk during a walk in place: the new node is released', async () => {
    const gate = new Gate<void>();
    const walked = { qids: [{ type: 0, version: 0, path: 2n }], node: stubNode() };
    const node = stubNode({ walk: () => gate.promise.then(() => walked) });
    const backend = counting(stubBackend(node));
    const { client, session } = await attached(backend);
    const walk = client.call('Twalk', { fid: fid(0), newfid: fid(0), wname: [utf8('x')] });
    await client.call('Tclunk', { fid: fid(0) });
    gate.resolve();
    await walk;
    expect(backend.tally).toEqual({ nodes: 0, files: 0 });
    expect(session.fidCount).toBe(0);
  });

  test('two opens of one fid at once: the second is EINVAL; after a failed one it can be opened', async () => {
    const gates = [new Gate<void>(), new Gate<void>()];
    let next = 0;
    const node = stubNode({
      open: () => gates[next++]?.promise.then(() => stubFile()) ?? stubFile(),
      getattr: () => Promise.reject(errno('EIO')),
    });
    const { client } = await attached(stubBackend(node));
    const first = client.call('Tlopen', { fid: fid(0), flags: 0 });
    await expect(client.call('Tlopen', { fid: fid(0), flags: 0 })).rejects.toBe(errno('EINVAL'));
    await expect(client.call('Tlcreate', { fid: fid(0), name: utf8('x'), flags: 0, mode: 0, gid: 0 })).rejects.toBe(
      errno('EINVAL'),
    );
    await expect(client.call('Twalk', { fid: fid(0), newfid: fid(0), wname: [utf8('x')] })).rejects.toBe(
      errno('EINVAL'),
    );
    await expect(client.call('Tgetattr', { fid: fid(0), request_mask: 1n })).rejects.toBe(errno('EIO'));
    gates[0]?.reject(errno('EACCES'));
    await expect(first).rejects.toBe(errno('EACCES'));
    gates[1]?.resolve();
    expect(await client.call('Tlopen', { fid: fid(0), flags: 0 })).toMatchObject({ iounit: 0 });
  });

  test('a newfid whose walk is under way is neither free nor usable', async () => {
    const gate = new Gate<void>();
    const node = stubNode({ clone: () => gate.promise.then(() => stubNode()) });
    const backend = counting({ driver: 'stub', attach: () => node, close() {} });
    const { client } = await attached(backend);
    const walk = client.call('Twalk', { fid: fid(0), newfid: fid(1), wname: [] });
    await expect(client.call('Twalk', { fid: fid(0), newfid: fid(1), wname: [] })).rejects.toBe(errno('EINVAL'));
    await expect(client.call('Tclunk', { fid: fid(1) })).rejects.toBe(errno('EBADF'));
    gate.resolve();
    await walk;
    await client.call('Tclunk', { fid: fid(1) });
    expect(backend.tally.nodes).toBe(1);
  });

  test('Rclunk waits for the release, so that what it frees is free', async () => {
    const gate = new Gate<void>();
    const root = stubNode({ clone: () => stubNode({ release: () => gate.promise }) });
    const { client } = await attached(stubBackend(root));
    let answered = false;
    const clunk = client.call('Tclunk', { fid: fid(0) }).then(() => {
      answered = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(answered).toBe(false);
    gate.resolve();
    await clunk;
  });
});

describe('fids in use', () => {
  test.each([fid(1), NOFID])('a new fid that is %i is EINVAL in every message that makes one', async (taken) => {
    const { client } = await attached(createSynth());
    await client.call('Twalk', { fid: fid(0), newfid: fid(1), wname: [] });
    await expect(client.call('Tattach', { ...ATTACH, fid: taken })).rejects.toBe(errno('EINVAL'));
    await expect(client.call('Twalk', { fid: fid(0), newfid: taken, wname: [] })).rejects.toBe(errno('EINVAL'));
    const xattrwalk = client.call('Txattrwalk', { fid: fid(0), newfid: taken, name: utf8('') });
    await expect(xattrwalk).rejects.toBe(errno('EINVAL'));
  });

  test('one fid too many is ENFILE', async () => {
    const { client } = await attached(createSynth(), { maxFids: 2 });
    await client.call('Twalk', { fid: fid(0), newfid: fid(1), wname: [] });
    await expect(client.call('Twalk', { fid: fid(0), newfid: fid(2), wname: [] })).rejects.toBe(errno('ENFILE'));
    await client.call('Tclunk', { fid: fid(1) });
    await client.call('Twalk', { fid: fid(0), newfid: fid(2), wname: [] });
  });
});

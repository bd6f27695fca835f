import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { utf8 } from '../../bytes/wire.ts';
import { Tree } from '../../ninep/client/tree.ts';
import type { EventKind, Events, TraceEvent } from '../../trace/event.ts';
import { EventStream } from '../../trace/event-stream.ts';
import { type TracedShareOptions, tracedShare } from '../support/traced-share.ts';

const path = mkdtempSync(join(tmpdir(), 'tsvmm-links-'));
writeFileSync(join(path, 'file'), 'some content');
afterAll(() => rmSync(path, { recursive: true }));

/** Mounts, reads the file, asks for one that is missing; returns everything that was told. */
async function told(options: TracedShareOptions): Promise<TraceEvent[]> {
  const stream = new EventStream();
  const events: TraceEvent[] = [];
  stream.add({ messageBytes: 100, bufferBytes: 16, take: (event) => events.push(event) });
  const share = await tracedShare(path, stream, options);
  await share.client.version();
  const tree = await Tree.attach(share.client);
  const fid = await tree.open('file');
  expect(await tree.read(fid, 0n, 100)).toEqual(utf8('some content'));
  await expect(tree.walk('missing')).rejects.toMatchObject({ name: 'ENOENT' });
  await share.client.call('Tfsync', { fid, datasync: 0 });
  expect(share.faults).toEqual([]);
  await share.close();
  return events;
}

const of = <K extends EventKind>(events: readonly TraceEvent[], kind: K) =>
  events.filter((event) => event.kind === kind) as TraceEvent<K>[];

function byId(events: readonly TraceEvent[], id: number | undefined): TraceEvent | undefined {
  return id === undefined ? undefined : events[id - 1];
}

describe.each<[string, TracedShareOptions]>([
  ['a split ring, by message', {}],
  ['a split ring with indirect tables, by pin', { indirect: true, eventIdx: true, messages: false }],
  ['a packed ring', { packed: true, indirect: true }],
  ['a split ring with doorbells', { doorbells: true }],
])('everything between a kick and an interrupt is told and linked: %s', (_, options) => {
  test('in order, numbered, timed', async () => {
    const events = await told(options);
    expect(events.map(({ id }) => id)).toEqual(events.map((_event, index) => index + 1));
    expect(events.every(({ time }, index) => time >= (events[index - 1]?.time ?? 0))).toBe(true);
    for (const { id, cause } of events) if (cause !== undefined) expect(cause).toBeLessThan(id);
  });

  test('each reply knows its request, its chain, its kick and its system calls; each interrupt its used elements', async () => {
    const events = await told(options);
    const replies = of(events, 'reply');
    expect(replies.map(({ fields }) => fields.name)).toContain('Rlerror');
    for (const reply of replies) {
      const request = byId(events, reply.fields.request) as TraceEvent<'request'>;
      expect(request.kind).toBe('request');
      expect([request.fields.tag, request.fields.name.slice(1)]).toEqual([
        reply.fields.tag,
        reply.fields.error === undefined ? reply.fields.name.slice(1) : 'walk',
      ]);
      const chain = byId(events, request.fields.chain) as TraceEvent<'chain'>;
      expect([chain.kind, chain.fields.readableLength, reply.fields.chain]).toEqual([
        'chain',
        request.fields.size,
        chain.id,
      ]);
      expect(byId(events, chain.fields.kick)?.kind).toBe('kick');
      const used = of(events, 'used').filter(({ fields }) => fields.chain === chain.id);
      expect(used.map(({ fields }) => [fields.length, fields.head])).toEqual([[reply.fields.size, chain.fields.head]]);
      for (const call of reply.fields.calls ?? []) {
        expect((byId(events, call) as TraceEvent<'host-call'>).fields.request).toBe(request.id);
      }
      const notified = of(events, 'notification').filter(({ fields }) => fields.used?.includes(used[0]?.id ?? 0));
      expect(notified).toHaveLength(1);
      const last = options.messages === false ? 'pin' : 'message';
      const interrupt = events.find(({ kind, cause }) => kind === last && cause === notified[0]?.id);
      expect(interrupt).toBeDefined();
    }
  });

  test('no request is without its end, no chain without its return', async () => {
    const events = await told(options);
    const ended = of(events, 'reply').map(({ fields }) => fields.request);
    expect(ended.sort((a, b) => a - b)).toEqual(of(events, 'request').map(({ id }) => id));
    expect(of(events, 'used').map(({ fields }) => fields.chain)).toEqual(of(events, 'chain').map(({ id }) => id));
  });
});

describe('what is told', () => {
  const fieldsOf = <K extends EventKind>(events: readonly TraceEvent[], kind: K): Events[K][] =>
    of(events, kind).map(({ fields }) => fields);

  test('the way from configuration space to DRIVER_OK', async () => {
    const events = await told({});
    const texts = [...fieldsOf(events, 'config-read'), ...fieldsOf(events, 'config-write')].map(
      ({ slot, text }) => `${slot} ${text}`,
    );
    expect(texts).toContain('1 vendor_id = 0x1af4');
    expect(texts).toContain('1 command = 0x6 (MEMORY_SPACE BUS_MASTER)');
    expect(texts).toContain('9 no such function');
    const states = fieldsOf(events, 'status').map(({ from, to }) => `${from} ${to}`);
    expect(states.slice(0, 4)).toEqual([
      'reset acknowledged',
      'acknowledged driver',
      'driver features-ok',
      'features-ok running',
    ]);
    expect(fieldsOf(events, 'features-agreed')).toEqual([{ accepted: 0x1_0000_0001n, names: 'MOUNT_TAG VERSION_1' }]);
    expect(fieldsOf(events, 'queue')[0]).toMatchObject({ queue: 0, size: 128, format: 'split' });
    expect(fieldsOf(events, 'queue-end')).toEqual([{ queue: 0, inFlight: 0 }]);
  });

  test('a status transition goes back to the register write, and that to the write of the BAR', async () => {
    const events = await told({});
    const running = of(events, 'status').find(({ fields }) => fields.to === 'running');
    const register = byId(events, running?.cause) as TraceEvent<'register-write'>;
    expect([register.kind, register.fields.block, register.fields.text]).toEqual([
      'register-write',
      'common_cfg',
      'device_status = 0xf (ACKNOWLEDGE DRIVER DRIVER_OK FEATURES_OK)',
    ]);
    const bar = byId(events, register.cause) as TraceEvent<'bar-write'>;
    expect([bar.kind, bar.fields.bar, bar.fields.offset, bar.fields.value]).toEqual(['bar-write', 4, 20, 15]);
  });

  test('a kick by write has the write as its cause, one by doorbell none', async () => {
    const written = await told({});
    expect(byId(written, of(written, 'kick')[0]?.cause)?.kind).toBe('bar-write');
    const rung = await told({ doorbells: true });
    expect(of(rung, 'kick').map(({ cause }) => cause)).toEqual(of(rung, 'kick').map(() => undefined));
  });

  test('each descriptor, in the ring and in an indirect table', async () => {
    const [chain] = fieldsOf(await told({ indirect: true }), 'chain');
    expect(chain?.descriptors.map(({ table, length, flags }) => [table, length, flags])).toEqual([
      ['ring', 32, 4],
      ['indirect', 21, 1],
      ['indirect', 65_536, 2],
    ]);
    expect(chain?.descriptors[1]?.address).toBeGreaterThan(0xf_ffff);
  });

  test('system calls, here and in the pool, each with its request', async () => {
    const events = await told({});
    const callsOf = (name: string) => {
      const request = of(events, 'request').find(({ fields }) => fields.name === name)?.id;
      return fieldsOf(events, 'host-call').filter((call) => call.request === request);
    };
    expect(callsOf('Tread').map(({ name, text, result, where }) => [name, text, result, where])).toEqual([
      ['preadv2', expect.stringMatching(/^preadv2\(\d+, \[100\], 0, RWF_NOWAIT\)$/), 12, 'here'],
    ]);
    expect(callsOf('Tfsync').map(({ name, where }) => [name, where])).toEqual([['fsync', 'pool']]);
    const failed = fieldsOf(events, 'host-call').find(({ text }) => text.includes('"missing"'));
    expect([failed?.name, failed?.result, failed?.error]).toEqual(['openat2', -2, 'ENOENT']);
    expect(failed?.text).toMatch(
      /^openat2\(\d+, "missing", O_NOFOLLOW\|O_PATH, 00, RESOLVE_NO_MAGICLINKS\|RESOLVE_NO_SYMLINKS\|RESOLVE_BENEATH\)$/,
    );
  });

  test('a message with its fields, its fids and its bytes', async () => {
    const events = await told({});
    const walk = fieldsOf(events, 'request').find(({ name }) => name === 'Twalk');
    expect(walk).toMatchObject({ fids: [0, 1], fields: { fid: 0, newfid: 1, wname: ['file'] } });
    const read = fieldsOf(events, 'reply').find(({ name }) => name === 'Rread');
    expect(new TextDecoder().decode(read?.bytes?.subarray(11))).toBe('some content');
    const [first] = fieldsOf(events, 'chain');
    expect([...(first?.bytes ?? [])].slice(0, 7)).toEqual([21, 0, 0, 0, 100, 0xff, 0xff]);
  });
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import type { Gpa } from '../../devices/ports.ts';
import { emptyRings, foldRings, type RingModel, ringIndex, wrapCounter } from '../../inspector/model/rings.ts';
import { Tree } from '../../ninep/client/tree.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { toldShare } from './told-share.ts';

const path = mkdtempSync(join(tmpdir(), 'tsvmm-rings-'));
writeFileSync(join(path, 'file'), 'some content');
afterAll(() => rmSync(path, { recursive: true }));

function folded(events: readonly TraceEvent[]): RingModel {
  const rings = emptyRings();
  for (const event of events) foldRings(rings, event);
  const [ring] = Object.values(rings.queues);
  if (ring === undefined) throw new Error('no queue was told of');
  return ring;
}

type Share = Awaited<ReturnType<typeof toldShare>>;

function word(share: Share, area: string, offset: number): number {
  const view = share.ram.view((Number(area) + offset) as Gpa, 2);
  if (view === undefined) throw new Error(`${area} is not in RAM`);
  return (view[0] ?? 0) + (view[1] ?? 0) * 256;
}

describe('rings as their events tell them are those in guest memory', () => {
  test('a split ring: both indices, chains by order and slot, kick and interrupt of each', async () => {
    const share = await toldShare(path, { indirect: true });
    await share.client.version();
    const tree = await Tree.attach(share.client);
    const fid = await tree.open('file');
    for (let round = 0; round < 200; round += 1) await tree.read(fid, 0n, 100);
    const ring = folded(share.events);
    expect(ring).toMatchObject({ device: 'host', queue: 0, size: 128, format: 'split', alive: true, kept: 0 });
    expect(ring.taken).toBeGreaterThan(128);
    expect(ringIndex(ring.taken)).toBe(word(share, ring.driverArea, 2));
    expect(ringIndex(ring.returned)).toBe(word(share, ring.deviceArea, 2));
    expect(ring.kicks).toBe(ring.taken);
    expect(ring.recent).toHaveLength(64);
    for (const chain of ring.recent) {
      // What the used ring has in that slot: le32 id, le32 len.
      const slot = 4 + 8 * ((chain.usedOrder ?? 0) % 128);
      expect([word(share, ring.deviceArea, slot), word(share, ring.deviceArea, slot + 4)]).toEqual([
        chain.head,
        chain.length,
      ]);
      expect(word(share, ring.driverArea, 4 + 2 * (chain.order % 128))).toBe(chain.head);
      for (const [link, kind] of [
        [chain.kick, 'kick'],
        [chain.used, 'used'],
        [chain.notification, 'notification'],
        [chain.interrupt, 'message'],
      ] as const) {
        expect(share.events[(link ?? 0) - 1]?.kind).toBe(kind);
      }
    }
    await share.close();
    expect(folded(share.events)).toMatchObject({ alive: false, inFlight: {}, kept: 0 });
  });

  test('a packed ring: descriptors, and the wrap counter that each has among its flags', async () => {
    const share = await toldShare(path, { packed: true });
    await share.client.version();
    const tree = await Tree.attach(share.client);
    const fid = await tree.open('file');
    for (let round = 0; round < 200; round += 1) await tree.read(fid, 0n, 100);
    const ring = folded(share.events);
    expect(ring).toMatchObject({ size: 128, format: 'packed' });
    expect(ring.takenSlots).toBeGreaterThan(2 * ring.size);
    expect(ring.returnedSlots).toBe(ring.takenSlots);
    const counters = new Set<number>();
    for (const { place, slots, usedPlace, descriptors } of ring.recent) {
      expect([descriptors[0]?.index, usedPlace, slots]).toEqual([place % 128, place, 2]);
      for (const [at, { flags }] of descriptors.entries()) {
        const counter = wrapCounter(place + at, 128);
        counters.add(counter);
        expect((flags >> 7) & 1).toBe(counter);
      }
    }
    expect(counters.size).toBe(2);
    await share.close();
  });

  test('what is in flight, and a rule that is broken', async () => {
    const share = await toldShare(path);
    await share.client.version();
    const tree = await Tree.attach(share.client);
    const fid = await tree.open('file');
    // Reading in the thread pool is still under way when the chains were taken.
    const pending = Array.from({ length: 8 }, () => share.client.call('Tfsync', { fid, datasync: 0 }));
    while (share.events.filter(({ kind }) => kind === 'chain').length < 11) await share.way.wait();
    const ring = folded(share.events.slice(0, share.events.findLastIndex(({ kind }) => kind === 'chain') + 1));
    expect(Object.keys(ring.inFlight)).toHaveLength(ring.taken - ring.returned);
    expect(ring.kept).toBe(ring.taken - ring.returned);
    expect(ring.kept).toBeGreaterThan(0);
    await Promise.all(pending);
    expect(folded(share.events).kept).toBe(0);
    share.queue.add([{ address: 0x7000_0000 as Gpa, length: 64 }], []);
    share.queue.publish();
    share.way.kick(0);
    await share.way.wait();
    expect(folded(share.events).fault).toMatchObject({ reason: 'buffer-outside-ram' });
    await share.close();
  });
});

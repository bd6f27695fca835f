import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import type { Gpa } from '../../devices/ports.ts';
import { Tree } from '../../ninep/client/tree.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { EventStream } from '../../trace/event-stream.ts';
import { openTraceFile } from '../../trace/reading/open-trace.ts';
import { parseTrace } from '../../vmm/options/trace.ts';
import { openTraces } from '../../vmm/trace/traces.ts';
import { settledRss } from '../support/collect-garbage.ts';
import { tracedShare } from '../support/traced-share.ts';

const scratch = mkdtempSync(join(tmpdir(), 'tsvmm-flood-'));
afterAll(() => rmSync(scratch, { recursive: true }));
writeFileSync(join(scratch, 'file'), new Uint8Array(4096));

test('a guest that floods: every event is in the file, and none stays in memory', async () => {
  const file = join(scratch, 'run.rec');
  const traces = openTraces(
    { trace: parseTrace(`${join(scratch, 'run.txt')},events=all`), record: file },
    { program: 'test', stderr: process.stderr, notice: (line) => expect(line).toBe('') },
  );
  const { events } = traces.hooks;
  if (events === undefined) throw new Error('there is no stream');
  const share = await tracedShare(scratch, events, { indirect: true, eventIdx: true });
  await share.client.version();
  const tree = await Tree.attach(share.client);
  const fid = await tree.open('file');
  const flood = async (rounds: number) => {
    for (let round = 0; round < rounds; round += 1) {
      const all = Array.from({ length: 8 }, () => share.client.call('Tread', { fid, offset: 0n, count: 4096 }));
      await Promise.all(all);
      for (let kick = 0; kick < 50; kick += 1) share.way.kick(0);
    }
  };
  await flood(20);
  const before = await settledRss();
  await flood(60);
  expect((await settledRss()) - before).toBeLessThan(48 * 2 ** 20);
  await share.close();
  await traces.close();
  const told = events.count;
  expect(told).toBeGreaterThan(10_000);
  const trace = await openTraceFile((await import('node:fs')).createReadStream(file));
  let [count, last] = [0, 0];
  for await (const { id } of trace.events) {
    expect(id).toBe(last + 1);
    [count, last] = [count + 1, id];
  }
  expect([count, trace.truncated]).toEqual([told, false]);
  expect(statSync(file).size).toBeLessThan(statSync(join(scratch, 'run.txt')).size);
}, 300_000);

test('a driver that breaks the rules is told of with what it did, and the trace goes on', async () => {
  const stream = new EventStream();
  const told: TraceEvent[] = [];
  stream.add({ take: (event) => told.push(event) });
  const share = await tracedShare(scratch, stream);
  // A chain whose only descriptor lies outside RAM.
  share.queue.add([{ address: 0x7000_0000 as Gpa, length: 64 }], []);
  share.queue.publish();
  share.way.kick(0);
  await share.way.wait();
  const fault = told.find(({ kind }) => kind === 'ring-fault') as TraceEvent<'ring-fault'>;
  expect(fault.fields).toMatchObject({ reason: 'buffer-outside-ram', queue: 0 });
  expect(fault.fields.descriptors).toMatchObject([{ address: 0x7000_0000, length: 64, table: 'ring' }]);
  const said = told.find(({ kind }) => kind === 'guest-fault') as TraceEvent<'guest-fault'>;
  expect(said.fields.message).toBe(share.faults[0]);
  expect(told.filter(({ kind }) => kind === 'status').at(-1)?.fields).toMatchObject({ to: 'needs-reset' });
  // Registers that do not take writes, and a status that is refused.
  share.pci.set('num_queues', 5);
  share.way.status = 0x0f | 0x80 | 0x20;
  expect(told.filter(({ kind }) => kind === 'write-refused').map(({ fields }) => fields)).toContainEqual(
    expect.objectContaining({ block: 'common_cfg', value: 5 }),
  );
  share.queue.publish();
  for (let kick = 0; kick < 1000; kick += 1) share.way.kick(0);
  expect(told.filter(({ kind }) => kind === 'ring-fault')).toHaveLength(1);
  await share.close();
});

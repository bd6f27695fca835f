import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { TraceEvent } from '../../trace/event.ts';
import { EventStream } from '../../trace/event-stream.ts';
import { serve } from './serve.ts';
import { scratchDirectory } from './test-support/served.ts';
import { treeOf } from './test-support/socket-client.ts';

test('tells events by client, each with the system calls made for it, however the clients mix', async () => {
  const path = scratchDirectory();
  for (const name of ['one', 'two']) writeFileSync(join(path, name), name);
  const events: TraceEvent[] = [];
  const stream = new EventStream();
  stream.add({ take: (event) => events.push(event) });
  const config = { shares: [{ path, mountTag: 'host' }], listen: ['tcp:127.0.0.1:0'] };
  await using server = await serve(config, { events: stream });
  const clients = [await treeOf(server.addresses[0] ?? ''), await treeOf(server.addresses[0] ?? '')];
  await Promise.all(clients.map(({ tree }, index) => tree.readFile(index === 0 ? 'one' : 'two')));
  for (const { handler } of clients) await handler.reset();

  const of = <K extends TraceEvent['kind']>(kind: K) =>
    events.filter((event) => event.kind === kind) as TraceEvent<K>[];
  const names = (device: string) =>
    of('request')
      .filter((one) => one.device === device)
      .map(({ fields }) => fields.name);
  expect(names('client 1')).toEqual(names('client 2'));
  expect(names('client 1').slice(0, 2)).toEqual(['Tversion', 'Tattach']);
  for (const [device, file] of [
    ['client 1', '"one"'],
    ['client 2', '"two"'],
  ]) {
    const calls = of('host-call').filter((call) => call.device === device);
    expect(calls.some(({ fields }) => fields.text.includes(file ?? ''))).toBe(true);
    for (const { fields } of calls) {
      const request = events.find(({ id }) => id === fields.request);
      expect([request?.kind, request?.device]).toEqual(['request', device]);
    }
  }
});

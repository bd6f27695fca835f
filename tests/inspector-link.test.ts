/** The page's end of the connection against the server it is made for. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import type { Inspected } from '../inspector/inspected.ts';
import { connectMachine, type LiveSocket } from '../inspector/live/live-machine.ts';
import { type Place, placeOf } from '../inspector/live/place.ts';
import { describeSession, fetchRecording } from '../inspector/live/session.ts';
import type { RunState } from '../inspector/protocol.ts';
import type { TraceEvent } from '../trace/event.ts';
import { RecordingTrace } from '../trace/recording/recording-encoder.ts';
import { event } from '../trace/test-support/sample-events.ts';
import { type Inspector, openInspector } from '../vmm/inspect/inspector.ts';
import { serveRecording } from '../vmm/inspect/recording-server.ts';

const scratch = mkdtempSync(join(tmpdir(), 'tsvmm-inspect-'));
afterAll(() => rmSync(scratch, { recursive: true }));
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const sockets: WebSocket[] = [];
const openSocket = (url: string, protocols: string[]) => {
  const socket = new WebSocket(url, protocols);
  socket.on('error', () => {});
  sockets.push(socket);
  return socket as unknown as LiveSocket;
};

/** Where a page finds itself whose address was opened in a browser. */
function placeAt(url: string): Place {
  const { origin, pathname, hash } = new URL(url);
  const kept = new Map<string, string>();
  const sessionStorage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
  let shown = hash;
  const history = {
    replaceState: (_data: unknown, _unused: string, to: string) => {
      shown = to;
    },
  };
  const place = placeOf({ location: { origin, pathname, hash }, sessionStorage, history });
  expect(shown).toBe('/');
  // Loaded again, the tab still knows it.
  expect(placeOf({ location: { origin, pathname, hash: '' }, sessionStorage, history })).toEqual(place);
  if (place === undefined) throw new Error('the address has a token');
  return place;
}

function watch(inspected: Inspected) {
  const seen: TraceEvent[] = [];
  const states: RunState[] = [];
  let restarts = 0;
  let end: string | undefined;
  const stop = inspected.listen({
    restarted: (model) => {
      restarts += 1;
      seen.length = 0;
      expect(model.events).toBe(0);
    },
    events: (events) => seen.push(...events),
    runState: (state) => states.push(state),
    ended: (why) => {
      end = why;
    },
  });
  closing.unshift(stop);
  return { seen, states, restarts: () => restarts, end: () => end, stop };
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 6000 && !holds(); tries++) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(holds()).toBe(true);
}

async function running(): Promise<{ inspector: Inspector; emit: () => void; place: Place }> {
  const inspector = await openInspector({ port: 0 });
  closing.push(() => inspector.close());
  return {
    inspector,
    emit: () => void inspector.hooks.events?.emit('host', 'features', { offered: 2n ** 63n, accepted: 1n, names: 'ä' }),
    place: placeAt(inspector.url),
  };
}

describe('a machine that runs', () => {
  test('is watched from its first event to its end', async () => {
    const { inspector, emit, place } = await running();
    emit();
    expect(await describeSession(place)).toEqual({ kind: 'machine', protocol: 1 });
    const machine = await connectMachine(place, openSocket);
    expect(Math.abs(machine.header.started - Date.now())).toBeLessThan(60_000);
    const { seen, states, end } = watch(machine);
    await until(() => seen.length === 1);
    emit();
    await until(() => seen.length === 2);
    expect(seen[1]).toMatchObject({
      id: 2,
      kind: 'features',
      device: 'host',
      fields: { offered: 2n ** 63n, names: 'ä' },
    });
    expect(states).toEqual([{ running: true }]);
    await inspector.close('the guest powered off');
    await until(() => end() !== undefined);
    expect(end()).toBe('the guest powered off');
  });

  test('is connected with again where the connection is lost, and begins anew', async () => {
    const { emit, place } = await running();
    const machine = await connectMachine(place, openSocket);
    const { seen, restarts } = watch(machine);
    emit();
    await until(() => seen.length === 1);
    sockets.at(-1)?.terminate();
    await until(() => restarts() === 2 && seen.length === 1);
    emit();
    await until(() => seen.length === 2);
  });

  test('is listened to by one at a time, and again after that', async () => {
    const { emit, place } = await running();
    const machine = await connectMachine(place, openSocket);
    const first = watch(machine);
    emit();
    await until(() => first.seen.length === 1);
    first.stop();
    const second = watch(machine);
    await until(() => second.seen.length === 1);
    expect(first.end()).toBeUndefined();
  });

  test('can be held', async () => {
    const { place } = await running();
    const machine = await connectMachine(place, openSocket);
    const { states } = watch(machine);
    await until(() => states.length === 1);
    machine.control?.step({ kinds: ['guest-fault'] });
    await until(() => states.length === 2);
    machine.control?.resume();
    await until(() => states.length === 3);
    expect(states.slice(1)).toEqual([{ running: true, awaiting: { kinds: ['guest-fault'] } }, { running: true }]);
  });

  test('lets nobody watch it with another token', async () => {
    const { place } = await running();
    const stranger = { ...place, token: 'x' };
    await expect(describeSession(stranger)).rejects.toThrow('The token is not that of the program that runs here now');
    await expect(connectMachine(stranger, openSocket)).rejects.toThrow('The machine cannot be watched.');
  });

  test('that has gone is said to have gone', async () => {
    const { inspector, place } = await running();
    await inspector.close();
    await expect(describeSession(place)).rejects.toThrow('does not answer; it may have ended');
  });
});

describe('a recording', () => {
  const recording = (): Buffer => {
    const encoder = new RecordingTrace({ program: '1.2.3', started: 0 }, (bytes) => gzipSync(bytes));
    return Buffer.concat([encoder.head(), encoder.encode(event(1, 'kick', { queue: 0 })), encoder.end()]);
  };
  const notices: string[] = [];
  const serve = async (name: string, bytes: Uint8Array) => {
    const file = join(scratch, name);
    writeFileSync(file, bytes);
    const server = await serveRecording(file, { port: 0 }, (line) => notices.push(line.replace(scratch, '')));
    closing.push(() => server.close());
    return placeAt(server.url);
  };

  test('is served whole, to those who have the token', async () => {
    const place = await serve('run.rec', recording());
    expect(await describeSession(place)).toEqual({ kind: 'recording', protocol: 1 });
    expect(Buffer.from(await fetchRecording(place)).equals(recording())).toBe(true);
    await expect(fetchRecording({ ...place, token: 'x' })).rejects.toThrow('The token is not that');
    await expect(connectMachine(place, openSocket)).rejects.toThrow('The machine cannot be watched.');
  });

  test('that ends in the middle is served as far as it goes, and that is said', async () => {
    await serve('cut.rec', Buffer.concat([recording(), Buffer.from('rest')]));
    expect(notices).toEqual(['inspect: /cut.rec ends in the middle of an event; what is before it is shown']);
  });

  test.each([
    ['a file of another kind', Buffer.from('root:x:0:0'), 'cannot be read: it does not begin as a recording does'],
    ['an empty file', Buffer.alloc(0), 'cannot be read: it does not begin as a recording does'],
    ['a head alone', Buffer.from('TSVMMREC\x01\0\0\0'), 'cannot be read: there is no whole block in it'],
    [
      'a trace',
      Buffer.from('{"format":"tsvmm-trace","version":1,"program":"1","started":"2026-01-31T12:00:00.000Z"}\n'),
      'is a trace (jsonl), which does not have everything',
    ],
  ])('%s is refused in one line', async (_, bytes, line) => {
    await expect(serve('bad.rec', bytes)).rejects.toMatchObject({
      name: 'UsageError',
      message: `inspect: ${scratch}/bad.rec ${line}; name a file that --record wrote`,
    });
  });
});

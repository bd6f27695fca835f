import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test } from '@jest/globals';
import { Monitors } from '../qmp/monitors.ts';
import { openGuestMonitors } from './guest-monitors.ts';
import { FakeMachine, FakeProcess } from './test-support/fake-process.ts';

const scratch = mkdtempSync(join(tmpdir(), 'tsvmm-monitors-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const endpoint = {
  option: '--qmp',
  address: { kind: 'unix', path: join(scratch, 'qmp') },
  server: true,
  wait: false,
} as const;

let machine: FakeMachine;
let monitors: { close(): void } | undefined;
let socket: Socket;

beforeEach(async () => {
  machine = new FakeMachine();
  const open = (...parts: Parameters<typeof Monitors.open>) => Monitors.open(...parts);
  monitors = await openGuestMonitors([endpoint], machine, new FakeProcess(), open);
  socket = createConnection(endpoint.address.path);
  await receive();
  await ask({ execute: 'qmp_capabilities' });
});
afterEach(() => {
  socket.destroy();
  monitors?.close();
});

/** The next messages, as many as come at once. */
async function receive(): Promise<Record<string, unknown>[]> {
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  return String(bytes)
    .trimEnd()
    .split('\r\n')
    .map((line) => JSON.parse(line));
}

function ask(request: object) {
  socket.write(JSON.stringify(request));
  return receive();
}

test('no monitors are nothing', async () => {
  expect(
    await openGuestMonitors([], machine, new FakeProcess(), () => Promise.reject(new Error('opened'))),
  ).toBeUndefined();
});

test('the guest is reset on request, which is announced', async () => {
  const [answer, event = (await receive())[0]] = await ask({ execute: 'system_reset' });
  expect(answer).toEqual({ return: {} });
  expect(event).toMatchObject({ event: 'RESET', data: { guest: false, reason: 'host-qmp-system-reset' } });
});

test('the guest resets itself', async () => {
  machine.events.emit('reset', { line: '', reason: 'reset' });
  expect(await receive()).toMatchObject([{ event: 'RESET', data: { guest: true, reason: 'guest-reset' } }]);
});

test('quit stops it, and its end is announced', async () => {
  const [answer, event = (await receive())[0]] = await ask({ execute: 'quit' });
  expect(answer).toEqual({ return: {} });
  expect(event).toMatchObject({ event: 'SHUTDOWN', data: { guest: false, reason: 'host-qmp-quit' } });
  expect(machine.stops).toBe(1);
  expect(await ask({ execute: 'query-status' })).toEqual([
    { return: { running: false, singlestep: false, status: 'shutdown' } },
  ]);
});

test('a panic is announced before the end', async () => {
  machine.finish('panic');
  const [first, second = (await receive())[0]] = await receive();
  expect([first, second]).toMatchObject([
    { event: 'GUEST_PANICKED' },
    { event: 'SHUTDOWN', data: { guest: true, reason: 'guest-panic' } },
  ]);
});

import { once } from 'node:events';
import { connect } from 'node:net';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { SUBPROTOCOL, TOKEN_PREFIX } from '../../inspector/protocol.ts';
import { type Inspector, type InspectorOptions, openInspector } from './inspector.ts';

const opened: Inspector[] = [];
const pages: WebSocket[] = [];
afterEach(async () => {
  for (const page of pages.splice(0)) page.terminate();
  for (const inspector of opened.splice(0)) await inspector.close();
});

async function inspector(options: Partial<InspectorOptions> = {}) {
  const notices: string[] = [];
  const it = await openInspector({ port: 0, notice: (line) => notices.push(line), ...options });
  opened.push(it);
  const { events } = it.hooks;
  if (events === undefined) throw new Error('there is a stream');
  return { it, notices, events };
}

interface Message {
  readonly kind: string;
  readonly state?: { readonly running: boolean; readonly before?: number };
  readonly events?: readonly { readonly id: number; readonly kind: string }[];
  readonly why?: string;
}

/** A page that takes whatever comes. */
function page({ url }: Inspector) {
  const { host, hash } = new URL(url);
  const token = new URLSearchParams(hash.slice(1)).get('token') ?? '';
  const socket = new WebSocket(`ws://${host}/socket`, [SUBPROTOCOL, TOKEN_PREFIX + token]);
  pages.push(socket);
  const messages: Message[] = [];
  socket.on('error', () => {});
  socket.on('message', (data) => {
    const message = JSON.parse(String(data)) as Message;
    messages.push(message);
    if (message.kind === 'events' || message.kind === 'snapshot') socket.send('{"kind":"taken"}');
  });
  const until = async (holds: (message: Message) => boolean) => {
    for (let tries = 0; tries < 6000; tries++) {
      const found = messages.find(holds);
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`it never came: ${JSON.stringify(messages).slice(0, 1000)}`);
  };
  return { socket, messages, until };
}

/** A page that stops the machine before the next kick, and lets it go on half a second after. */
const HOLDER = `
  const { parentPort, workerData: { url, ws } } = require('node:worker_threads');
  import(ws).then(({ WebSocket }) => {
    const { host, hash } = new URL(url);
    const socket = new WebSocket('ws://' + host + '/socket', ['${SUBPROTOCOL}', '${TOKEN_PREFIX}' + hash.slice('#token='.length)]);
    socket.on('message', (data) => {
      const { kind, state } = JSON.parse(String(data));
      if (kind === 'greeting') socket.send('{"kind":"step","before":{"kinds":["kick"]}}');
      if (kind === 'greeting') parentPort.postMessage('asked');
      if (state?.running !== false) return;
      setTimeout(() => {
        socket.send('{"kind":"resume"}');
        parentPort.postMessage(state.before);
      }, 500);
    });
  });
`;

const shows = (id: number) => (message: Message) => message.events?.some((event) => event.id === id) ?? false;

describe('an inspector', () => {
  test('shows what happens to every page, early or late, and the end', async () => {
    const { it, events } = await inspector();
    const early = page(it);
    await early.until(({ kind }) => kind === 'run-state');
    events.emit('host', 'kick', { queue: 0 });
    await early.until(shows(1));
    const late = page(it);
    await late.until(shows(1));
    events.emit('host', 'kick', { queue: 0 });
    await it.close('the guest powered off');
    for (const one of [early, late]) {
      expect(one.messages.slice(0, 2).map(({ kind }) => kind)).toEqual(['greeting', 'snapshot']);
      await one.until(shows(2));
      expect(await one.until(({ kind }) => kind === 'ended')).toEqual({ kind: 'ended', why: 'the guest powered off' });
    }
  });

  test('a page holds this thread in the middle of a turn, and lets it go on', async () => {
    const { it, events } = await inspector();
    // In a thread of its own, since this one will stand.
    const other = new Worker(HOLDER, { eval: true, workerData: { url: it.url, ws: import.meta.resolve('ws') } });
    await once(other, 'message');
    for (let tries = 0; tries < 6000; tries++) {
      const began = performance.now();
      const id = events.emit('host', 'kick', { queue: 0 });
      const stood = performance.now() - began;
      if (stood > 300) {
        const [before] = await once(other, 'message');
        expect([before, stood < 60_000]).toEqual([id, true]);
        return void (await other.terminate());
      }
      await new Promise((go) => setTimeout(go, 10));
    }
    throw new Error('it was never held');
  }, 300_000);

  test('the address is known to this machine alone, and the token is another one each time', async () => {
    const [one, two] = [await inspector(), await inspector()];
    expect(one.it.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]{32}$/);
    expect(new URL(one.it.url).hash).not.toBe(new URL(two.it.url).hash);
    expect(one.notices).toEqual([]);
  });

  test('an address that other machines reach is used where it is named, with a warning', async () => {
    const { notices } = await inspector({ host: '0.0.0.0' });
    expect(notices).toEqual([expect.stringMatching(/^inspect: other machines can reach the page/)]);
  });

  test('a port in use is said in one line', async () => {
    const { it } = await inspector();
    const port = Number(new URL(it.url).port);
    await expect(openInspector({ port })).rejects.toMatchObject({
      name: 'UsageError',
      message: `inspect: 127.0.0.1:${port} is in use by another program; choose another port, or 0 for a free one`,
    });
  });

  test('nothing listens any more once it is closed', async () => {
    const { it } = await inspector();
    await it.close();
    await it.close();
    const socket = connect(Number(new URL(it.url).port), '127.0.0.1');
    await new Promise((resolve) => socket.once('error', resolve));
  });
});

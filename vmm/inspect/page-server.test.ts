import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { MOST_PAGE_MESSAGE, SUBPROTOCOL, TOKEN_PREFIX } from '../../inspector/protocol.ts';
import { jsonLine } from '../../trace/json-line.ts';
import { event } from '../../trace/test-support/sample-events.ts';
import { EventCursor } from './event-cursor.ts';
import { EventHistory } from './event-history.ts';
import { PageLink } from './page-link.ts';
import { type PageServer, servePage } from './page-server.ts';

const TOKEN = 'a-token-of-this-test';
const FILES = new Map([['/', { type: 'text/html', body: Buffer.from('<!doctype html>') }]]);
const line = jsonLine();

let server: PageServer;
let port: number;
const history = new EventHistory((error) => {
  throw error;
});
const orders: string[] = [];
const links = new Set<PageLink>();

beforeAll(async () => {
  server = await servePage({ port: 0 }, TOKEN, FILES, {
    kind: 'machine',
    welcome: (socket) => {
      const link = new PageLink(socket, {
        header: {},
        cursor: new EventCursor(history),
        state: () => ({ running: true }),
        order: ({ kind }) => orders.push(kind),
        gone: () => links.delete(link),
      });
      links.add(link);
    },
  });
  port = Number(new URL(server.url).port);
});
afterAll(() => server.close());

interface Reply {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

function ask(path: string, headers: Record<string, string> = {}, method = 'GET', body?: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, host: '127.0.0.1', path, method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('requests', () => {
  test('the page is given to anybody, under a strict policy, and what is behind it to nobody without the token', async () => {
    const { status, headers, body } = await ask('/');
    expect([status, body]).toEqual([200, '<!doctype html>']);
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
    });
    const policy = String(headers['content-security-policy']);
    for (const rule of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"]) {
      expect(policy.split('; ')).toContain(rule);
    }
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    expect(headers['access-control-allow-origin']).toBeUndefined();
  });

  test.each([
    ['no token', '/session', {}, 401],
    ['a wrong token', '/session', bearer('a-token-of-this-tesT'), 401],
    ['a token in the address', `/session?token=${TOKEN}`, {}, 401],
    ['a recording where there is none', '/recording', bearer(TOKEN), 404],
    ['a recording without a token', '/recording', {}, 401],
    ['the name of another host', '/', { host: 'rebound.example' }, 421],
    ['a foreign page', '/session', { ...bearer(TOKEN), origin: 'http://evil.example' }, 403],
    ['a path upwards', '/../../../../etc/passwd', {}, 404],
    ['a path upwards, escaped', '/..%2f..%2fetc%2fpasswd', {}, 404],
    ['a path of the host', '//etc/passwd', {}, 404],
    ['a name of every object', '/__proto__', {}, 404],
    ['the socket without an upgrade', '/socket', bearer(TOKEN), 404],
  ])('%s is refused', async (_, path, headers, status) => {
    const reply = await ask(path, headers);
    expect(reply.status).toBe(status);
    expect(reply.headers['content-security-policy']).toContain("default-src 'none'");
  });

  test('the token opens the session', async () => {
    const reply = await ask('/session', bearer(TOKEN));
    expect([reply.status, JSON.parse(reply.body)]).toEqual([200, { kind: 'machine', protocol: 1 }]);
  });

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH'])('%s is refused', async (method) => {
    expect((await ask('/session', bearer(TOKEN), method)).status).toBe(405);
  });

  test('a body is refused', async () => {
    expect((await ask('/', { 'content-length': '5' }, 'GET', 'hello')).status).toBe(400);
  });

  test('HEAD has the head alone', async () => {
    expect(await ask('/', {}, 'HEAD')).toMatchObject({ status: 200, body: '', headers: { 'content-length': '15' } });
  });
});

/** Everything that comes on a connection until the server closes it, and how long that took. */
async function fate(socket: Socket): Promise<{ readonly text: string; readonly ms: number }> {
  const began = performance.now();
  let text = '';
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1');
  });
  socket.on('error', () => {});
  await once(socket, 'close');
  return { text, ms: performance.now() - began };
}

describe('connections', () => {
  const dial = async () => {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return socket;
  };

  test('one that is not HTTP is closed', async () => {
    const socket = await dial();
    socket.write('\x16\x03\x01 nonsense\r\n\r\n');
    expect((await fate(socket)).text).toMatch(/^HTTP\/1.1 400/);
  });

  test('a head without end is cut off', async () => {
    const socket = await dial();
    socket.write(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n`);
    for (let count = 0; count < 20; count++) socket.write(`X-${count}: ${'x'.repeat(1000)}\r\n`);
    expect((await fate(socket)).text).toMatch(/^HTTP\/1.1 431/);
  });

  test('one that dribbles its head is closed after a few seconds', async () => {
    let least = Number.POSITIVE_INFINITY;
    // A host with much else to do only adds to it.
    for (let times = 0; times < 5 && least >= 9000; times++) {
      const socket = await dial();
      socket.write('GET / HTTP/1.1\r\n');
      const dribble = setInterval(() => socket.write('X: y\r\n'), 500);
      const { text, ms } = await fate(socket);
      clearInterval(dribble);
      expect(text).toMatch(/^HTTP\/1.1 408/);
      least = Math.min(least, ms);
    }
    expect(least).toBeLessThan(9000);
  }, 300_000);

  test('of too many at once the last are closed, and the server goes on', async () => {
    const many = await Promise.all(Array.from({ length: 80 }, dial));
    const closed = await Promise.race([
      Promise.any(many.slice(64).map((socket) => once(socket, 'close'))),
      late(60_000),
    ]);
    expect(closed).toBeDefined();
    for (const socket of many) socket.destroy();
    await Promise.all(many.map((socket) => socket.closed || once(socket, 'close')));
    await until(async () => (await ask('/').catch(() => undefined))?.status === 200);
  }, 300_000);
});

const late = (ms: number) => new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), ms).unref());

async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  for (let tries = 0; tries < 6000; tries++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('it never came to hold');
}

const pages: WebSocket[] = [];
afterEach(async () => {
  for (const page of pages.splice(0)) page.terminate();
  await until(() => links.size === 0);
});

function socketTo(path: string, protocols: string[], headers: Record<string, string> = {}): WebSocket {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols, { headers });
  pages.push(socket);
  return socket;
}

/** The status an upgrade is answered with. */
async function upgradeStatus(path: string, protocols: string[], headers: Record<string, string> = {}): Promise<number> {
  const socket = socketTo(path, protocols, headers);
  return new Promise((resolve, reject) => {
    socket.on('unexpected-response', (_, response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    socket.on('open', () => resolve(101));
    socket.on('error', reject);
  });
}

const GOOD = [SUBPROTOCOL, TOKEN_PREFIX + TOKEN];

interface OpenPage {
  readonly socket: WebSocket;
  readonly messages: { readonly kind: string; readonly events?: readonly { id: number; count?: number }[] }[];
  readonly closed: Promise<{ readonly code: number; readonly why: string }>;
}

async function open(): Promise<OpenPage> {
  const socket = socketTo('/socket', GOOD);
  const messages: OpenPage['messages'] = [];
  socket.on('message', (data) => messages.push(JSON.parse(String(data))));
  socket.on('error', () => {});
  const closed = new Promise<{ code: number; why: string }>((resolve) => {
    socket.on('close', (code, why) => resolve({ code, why: String(why) }));
  });
  await once(socket, 'open');
  return { socket, messages, closed };
}

describe('pages', () => {
  test.each<[string, string, string[], Record<string, string>, number]>([
    ['the token', '/socket', GOOD, {}, 101],
    ['its own page', '/socket', GOOD, { origin: 'own' }, 101],
    ['no subprotocol', '/socket', [], {}, 401],
    ['no token', '/socket', [SUBPROTOCOL], {}, 401],
    ['a wrong token', '/socket', [SUBPROTOCOL, `${TOKEN_PREFIX}x`], {}, 401],
    ['the token in the address', `/socket?token=${TOKEN}`, [SUBPROTOCOL], {}, 404],
    ['the token alone', '/socket', [TOKEN_PREFIX + TOKEN], {}, 400],
    ['another version', '/socket', ['tsvmm-inspect-0', TOKEN_PREFIX + TOKEN], {}, 400],
    ['a foreign page', '/socket', GOOD, { origin: 'http://evil.example' }, 403],
    ['a page in a sandbox', '/socket', GOOD, { origin: 'null' }, 403],
    ['a name that was rebound', '/socket', GOOD, { host: 'rebound.example' }, 421],
    ['another path', '/session', GOOD, {}, 404],
  ])('with %s', async (_, path, protocols, headers, status) => {
    const sent = headers.origin === 'own' ? { origin: `http://127.0.0.1:${port}` } : headers;
    expect(await upgradeStatus(path, protocols, sent)).toBe(status);
  });

  test('the token is not sent back', async () => {
    const { socket } = await open();
    expect(socket.protocol).toBe(SUBPROTOCOL);
  });

  test('no more than eight at once', async () => {
    for (let count = 0; count < 8; count++) await open();
    expect(await upgradeStatus('/socket', GOOD)).toBe(503);
  });

  const BAD: [string, (socket: WebSocket) => void, number][] = [
    ['a binary message', (socket) => socket.send(Buffer.from('{"kind":"resume"}')), 1008],
    ['no JSON', (socket) => socket.send('resume'), 1008],
    ['an unknown kind', (socket) => socket.send('{"kind":"write","address":0,"bytes":""}'), 1008],
    [
      'more taken than was sent',
      (socket) => {
        for (let n = 0; n < 99; n++) socket.send('{"kind":"taken"}');
      },
      1008,
    ],
    [
      'too many orders',
      (socket) => {
        for (let n = 0; n < 60; n++) socket.send('{"kind":"pause"}');
      },
      1008,
    ],
    ['too long a message', (socket) => socket.send(' '.repeat(MOST_PAGE_MESSAGE + 1)), 1009],
  ];
  test.each(BAD)('%s closes the connection', async (_, misbehave, code) => {
    orders.length = 0;
    const { socket, closed } = await open();
    misbehave(socket);
    expect((await closed).code).toBe(code);
    expect(orders.length).toBeLessThan(51);
  });

  test('text that is no UTF-8, and a frame of no known kind, close it', async () => {
    for (const [bytes, code] of [
      [[0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28], 1007],
      [[0x8b, 0x80, 0, 0, 0, 0], 1002],
    ] as const) {
      const { socket, closed } = await open();
      (socket as unknown as { readonly _socket: Socket })._socket.write(Buffer.from(bytes));
      expect((await closed).code).toBe(code);
    }
  });

  test('an order is carried out', async () => {
    orders.length = 0;
    const { socket } = await open();
    socket.send('{"kind":"step","before":{"kinds":["9p"]}}');
    await until(() => orders.length === 1);
    expect(orders).toEqual(['step']);
  });

  test('one that takes nothing is sent a megabyte and no more; one that does take, everything', async () => {
    const [lazy, busy] = [await open(), await open()];
    busy.socket.on('message', (data) => {
      if (/^{"kind":"(events|snapshot)"/.test(String(data))) busy.socket.send('{"kind":"taken"}');
    });
    const count = 4000;
    for (let id = 1; id <= count; id++) {
      history.append(line(event(id, 'guest-fault', { message: 'x'.repeat(1000) })));
      if (id % 100 === 0) {
        for (const link of links) link.pump();
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }
    const ids = ({ messages }: OpenPage) => messages.flatMap(({ events = [] }) => events.map(({ id }) => id));
    await until(() => ids(busy).at(-1) === count);
    // The snapshot that came before the page said anything was taken by nobody; it is small.
    expect(ids(busy)).toEqual(Array.from({ length: count }, (_, index) => index + 1));
    expect(ids(lazy).length).toBeGreaterThan(500);
    expect(ids(lazy).length).toBeLessThan(1100);
    expect(lazy.messages[1]?.kind).toBe('snapshot');
  }, 300_000);
});

/** Serves the page: its files to anybody who names the server rightly, everything else to whoever has the token. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { MOST_PAGE_MESSAGE, PATHS, PROTOCOL_VERSION, SUBPROTOCOL } from '../../inspector/protocol.ts';
import { isLoopback } from '../serve/tcp-listener.ts';
import { Gate, type Refusal } from './gate.ts';
import { type BoundAddress, type InspectAddress, listen, shownHost } from './listen.ts';
import type { PageFile } from './page-files.ts';

/** Most connections at once, those of pages included. */
const MOST_CONNECTIONS = 64;
/** Most pages at once. */
const MOST_PAGES = 8;
/** Longest a request may take to arrive, in milliseconds. */
const REQUEST_LIMIT_MS = 5000;
/** Longest head of a request in bytes. */
const MOST_HEAD = 8192;

/** Nothing but this server's own scripts, styles and socket, and in nobody's frame. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

/** What is served. */
export type Served =
  /** A machine; each page that was let in is handed over. */
  | { readonly kind: 'machine'; readonly welcome: (socket: WebSocket) => void }
  | { readonly kind: 'recording'; readonly bytes: Uint8Array };

/** A page that is being served. */
export interface PageServer {
  /** The address to open, with the token in its fragment. */
  readonly url: string;
  /** Other machines can reach it. */
  readonly remote: boolean;
  /** Ends it, with every connection. */
  close(): Promise<void>;
}

/** Starts to serve. @throws UsageError, HostError where the address cannot be listened on */
export async function servePage(
  address: InspectAddress,
  token: string,
  files: ReadonlyMap<string, PageFile>,
  served: Served,
): Promise<PageServer> {
  const server = createServer({
    headersTimeout: REQUEST_LIMIT_MS,
    requestTimeout: REQUEST_LIMIT_MS,
    keepAliveTimeout: REQUEST_LIMIT_MS,
    connectionsCheckingInterval: REQUEST_LIMIT_MS / 5,
    maxHeaderSize: MOST_HEAD,
  });
  server.maxConnections = MOST_CONNECTIONS;
  const bound = await listen(server, address);
  const gate = new Gate({ ...bound, token });
  server.on('request', (request, response) => answer(request, response, { gate, files, served }));
  const pages = servePages(server, gate, served);
  return { url: urlOf(bound, token), remote: !isLoopback(bound.host), close: () => closeAll(server, pages) };
}

const NO_TOKEN: Refusal = { status: 401, why: 'the token is missing or wrong' };
const NO_SOCKET: Refusal = { status: 404, why: 'there is no such socket' };

interface Around {
  readonly gate: Gate;
  readonly files: ReadonlyMap<string, PageFile>;
  readonly served: Served;
}

/** What is sent for a request. */
interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

const refused = ({ status, why }: Refusal, headers: Answer['headers'] = {}): Answer => ({
  status,
  type: 'text/plain; charset=utf-8',
  body: Buffer.from(`${why}\n`),
  headers: { connection: 'close', ...headers },
});

const given = (type: string, body: Uint8Array): Answer => ({ status: 200, type, body });

function answer(request: IncomingMessage, response: ServerResponse, around: Around): void {
  const { status, type, body, headers } = answerTo(request, around);
  response.writeHead(status, {
    ...HEADERS,
    ...headers,
    'content-type': type,
    'content-length': body.byteLength,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function answerTo({ headers, method, url = '' }: IncomingMessage, { gate, files, served }: Around): Answer {
  const refusal = gate.refusal(headers);
  if (refusal !== undefined) return refused(refusal);
  if (method !== 'GET' && method !== 'HEAD') {
    return refused({ status: 405, why: 'there is nothing here but to be read' }, { allow: 'GET, HEAD' });
  }
  if (headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined) {
    return refused({ status: 400, why: 'a request to read has no body' });
  }
  const path = url.split('?', 1)[0] ?? '';
  const file = files.get(path);
  if (file !== undefined) return given(file.type, file.body);
  if (path !== PATHS.session && path !== PATHS.recording) {
    return refused({ status: 404, why: 'there is no such file' });
  }
  if (!gate.knowsToken(headers)) return refused(NO_TOKEN);
  if (path === PATHS.session) {
    const session = { kind: served.kind, protocol: PROTOCOL_VERSION };
    return given('application/json', Buffer.from(JSON.stringify(session)));
  }
  if (served.kind !== 'recording') return refused({ status: 404, why: 'this is no recording' });
  return given('application/octet-stream', served.bytes);
}

/** Lets pages in by WebSocket. */
function servePages(server: Server, gate: Gate, served: Served): WebSocketServer {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MOST_PAGE_MESSAGE,
    perMessageDeflate: false,
    handleProtocols: () => SUBPROTOCOL,
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    const { headers, url = '' } = request;
    const refusal = gate.refusal(headers) ?? socketRefusal();
    if (refusal !== undefined || served.kind !== 'machine') hangUp(socket, refusal ?? NO_SOCKET);
    else sockets.handleUpgrade(request, socket, head, (page) => served.welcome(page));

    function socketRefusal(): Refusal | undefined {
      if (url !== PATHS.socket) return NO_SOCKET;
      if (!gate.offersToken(headers)) return NO_TOKEN;
      const protocols = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
      if (!protocols.includes(SUBPROTOCOL)) return { status: 400, why: `the subprotocol is ${SUBPROTOCOL}` };
      if (sockets.clients.size >= MOST_PAGES) return { status: 503, why: 'there are too many pages already' };
      return undefined;
    }
  });
  return sockets;
}

function hangUp(socket: Duplex, { status, why }: Refusal): void {
  const body = `${why}\n`;
  socket.end(
    `HTTP/1.1 ${status} refused\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
}

function urlOf({ host, port }: BoundAddress, token: string): string {
  return `http://${shownHost(host)}:${port}/#token=${token}`;
}

function closeAll(server: Server, pages: WebSocketServer): Promise<void> {
  for (const page of pages.clients) page.terminate();
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

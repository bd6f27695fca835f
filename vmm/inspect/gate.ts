/**
 * Who is let in. The server is on loopback as a rule, where any page in any browser of this machine can send requests and any
 * user can connect; so each request has to name the server by an address of its own (a name that somebody else's DNS resolves
 * to it is none), has to come from its own page, if from any, and has to know the token.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { TOKEN_PREFIX } from '../../inspector/protocol.ts';
import { isLoopback } from '../serve/tcp-listener.ts';

/** An answer that ends a request. */
export interface Refusal {
  readonly status: number;
  readonly why: string;
}

/** What the gate knows of the server. */
export interface GateOptions {
  /** Address that is listened on. */
  readonly host: string;
  readonly port: number;
  readonly token: string;
}

/** Judges requests. */
export class Gate {
  readonly #options: GateOptions;
  readonly #digest: Buffer;

  constructor(options: GateOptions) {
    this.#options = options;
    this.#digest = digest(options.token);
  }

  /** Why a request is not even looked at; undefined where it names this server and comes from its page or from no page. */
  refusal(headers: IncomingHttpHeaders): Refusal | undefined {
    const { host, origin } = headers;
    if (host === undefined || !this.#isOurs(host)) {
      return { status: 421, why: 'this server is not known by that name; open the address that tsvmm printed' };
    }
    if (origin !== undefined && origin !== `http://${host}`) return { status: 403, why: 'another page asks' };
    return undefined;
  }

  /** Whether `Authorization` has the token. */
  knowsToken({ authorization = '' }: IncomingHttpHeaders): boolean {
    return authorization.startsWith('Bearer ') && this.#isToken(authorization.slice('Bearer '.length));
  }

  /** Whether the subprotocols that a WebSocket offers have the token among them. */
  offersToken(headers: IncomingHttpHeaders): boolean {
    const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    const token = offered.find((name) => name.startsWith(TOKEN_PREFIX));
    return token !== undefined && this.#isToken(token.slice(TOKEN_PREFIX.length));
  }

  #isToken(given: string): boolean {
    return timingSafeEqual(digest(given), this.#digest);
  }

  #isOurs(host: string): boolean {
    const { host: address, port } = this.#options;
    const [, name = '', digits = '80'] = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/i.exec(host) ?? [];
    if (name === '' || Number(digits) !== port) return false;
    const bare = name.replace(/^\[|\]$/g, '').toLowerCase();
    if (bare === 'localhost') return true;
    if (isIP(bare) === 0) return !isLoopback(address) && bare === hostname().toLowerCase();
    return isLoopback(address) ? isLoopback(bare) : true;
  }
}

/** Of equal length whatever is given, so that comparing says nothing about it. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

import type { RawData, WebSocket } from 'ws';
import { type PageMessage, PROTOCOL_VERSION, type RunState } from '../../inspector/protocol.ts';
import type { EventCursor } from './event-cursor.ts';
import { encoded } from './event-history.ts';
import { BadMessage, readPageMessage } from './page-message.ts';

/** Bytes sent ahead of what a page says it has taken; one message may be longer. */
const MOST_AHEAD = 2 ** 20;
/** Orders a page may give in a second, about. */
const MOST_ORDERS = 50;
/** Between two looks whether a page is still there, in milliseconds; one that missed a whole interval is not. */
const PING_MS = 15_000;

/** Why a page is hung up on, as WebSocket has it. @spec RFC 6455 §7.4.1 Defined Status Codes */
const CLOSE = { normal: 1000, policy: 1008 } as const;

/** What a page is joined with. */
export interface PageSurroundings {
  /** First line of a file of JSON Lines. */
  readonly header: Readonly<Record<string, unknown>>;
  readonly cursor: EventCursor;
  readonly state: () => RunState;
  readonly order: (message: Exclude<PageMessage, { kind: 'taken' }>) => void;
  readonly gone: () => void;
}

/** One page: is sent what happens as fast as it takes it, and no faster. */
export class PageLink {
  readonly #socket: WebSocket;
  readonly #around: PageSurroundings;
  readonly #pinging: NodeJS.Timeout;
  /** Lengths of the messages that the page has not taken. */
  readonly #ahead: number[] = [];
  #aheadBytes = 0;
  #told = '';
  #orders = 0;
  #since = 0;
  #alive = true;

  constructor(socket: WebSocket, around: PageSurroundings) {
    this.#socket = socket;
    this.#around = around;
    socket.on('message', (data, isBinary) => this.#hear(data, isBinary));
    // Of a message that breaks the rules of WebSocket; the close that follows says which.
    socket.on('error', () => {});
    socket.on('pong', () => {
      this.#alive = true;
    });
    socket.on('close', () => {
      clearInterval(this.#pinging);
      around.gone();
    });
    this.#pinging = setInterval(() => this.#ping(), PING_MS).unref();
    socket.send(encoded({ kind: 'greeting', protocol: PROTOCOL_VERSION, header: around.header, control: true }), TEXT);
    this.pump();
  }

  /** Sends what there is, as far as the page keeps up; then, whether the machine runs. */
  pump(): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    while (this.#aheadBytes < MOST_AHEAD) {
      const message = this.#around.cursor.take();
      if (message === undefined) {
        this.#tellState();
        return;
      }
      this.#ahead.push(message.length);
      this.#aheadBytes += message.length;
      this.#socket.send(message, TEXT);
    }
  }

  /** Says that nothing follows, and hangs up. */
  end(why: string): void {
    this.#socket.send(encoded({ kind: 'ended', why }), TEXT);
    this.#socket.close(CLOSE.normal);
  }

  /** A state is told after the events before it. */
  #tellState(): void {
    const state = this.#around.state();
    const told = JSON.stringify(state);
    if (told === this.#told) return;
    this.#told = told;
    this.#socket.send(encoded({ kind: 'run-state', state }), TEXT);
  }

  #ping(): void {
    if (this.#alive) this.#socket.ping();
    else this.#socket.terminate();
    this.#alive = false;
  }

  #hear(data: RawData, isBinary: boolean): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    try {
      if (isBinary) throw new BadMessage('a message is text');
      const message = readPageMessage(String(data));
      if (message.kind === 'taken') this.#taken();
      else {
        this.#countOrder();
        this.#around.order(message);
      }
    } catch (error) {
      if (!(error instanceof BadMessage)) throw error;
      this.#socket.close(CLOSE.policy, error.message);
    }
  }

  #taken(): void {
    const length = this.#ahead.shift();
    if (length === undefined) throw new BadMessage('more was taken than was sent');
    this.#aheadBytes -= length;
    this.pump();
  }

  #countOrder(): void {
    const now = performance.now();
    if (now - this.#since > 1000) [this.#since, this.#orders] = [now, 0];
    this.#orders += 1;
    if (this.#orders > MOST_ORDERS) throw new BadMessage('too many orders');
  }
}

const TEXT = { binary: false } as const;

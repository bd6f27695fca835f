/** What the tests of this folder share: links in memory, and a helper in this process. Not part of the product. */

import { totalLength } from '../../../bytes/segments.ts';
import type { Backend } from '../../backend.ts';
import { gather } from '../../client/client.ts';
import { createSession, type Session } from '../../session.ts';
import type { Connector, Link, LinkListener } from './link.ts';
import { serveLink } from './serve-link.ts';

/** A link whose other end is in this process. */
export interface TestLink extends Link {
  /** Everything sent is also shown here. */
  onSend: ((bytes: Uint8Array) => void) | undefined;
  readonly isClosed: boolean;
}

/** Cuts what is sent into chunks. */
export type Cut = (bytes: Uint8Array) => readonly Uint8Array[];

const whole: Cut = (bytes) => [bytes];

/** Two ends of one stream; what one sends the other hears a turn later, cut into chunks. */
export function linkPair(cut: Cut = whole): [TestLink, TestLink] {
  const ends = [new End(cut), new End(cut)] as const;
  ends[0].peer = ends[1];
  ends[1].peer = ends[0];
  return [ends[0], ends[1]];
}

class End implements TestLink {
  peer: End | undefined = undefined;
  onSend: ((bytes: Uint8Array) => void) | undefined = undefined;
  isClosed = false;
  backlog = 0;
  private readonly cut: Cut;
  private listener: LinkListener | undefined = undefined;
  private queue: Uint8Array[] = [];
  private held = false;

  constructor(cut: Cut) {
    this.cut = cut;
  }

  send(pieces: readonly Uint8Array[]): void {
    if (this.isClosed) return;
    const bytes = gather(pieces, totalLength(pieces));
    this.onSend?.(bytes);
    this.peer?.take(this.cut(bytes));
  }

  drained(callback: () => void): void {
    queueMicrotask(callback);
  }

  listen(listener: LinkListener): void {
    this.listener = listener;
    this.deliver();
  }

  hold(held: boolean): void {
    this.held = held;
    if (!held) this.deliver();
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    setImmediate(() => this.peer?.hangUp());
  }

  private take(chunks: readonly Uint8Array[]): void {
    this.queue.push(...chunks);
    setImmediate(() => this.deliver());
  }

  private deliver(): void {
    while (!this.held && !this.isClosed && this.listener !== undefined) {
      const chunk = this.queue.shift();
      if (chunk === undefined) return;
      this.listener.data(chunk);
    }
  }

  private hangUp(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.listener?.closed('the connection was closed');
  }
}

/** A helper in this process, that can be killed; each connection is a new life over the same backend. */
export class TestHelper implements Connector {
  tries = 8;
  /** The lives so far. */
  readonly lives: { readonly session: Session; readonly link: TestLink; readonly ended: Promise<string> }[] = [];
  readonly bugs: unknown[] = [];
  /** Requests are swallowed while this holds: a helper that hangs. */
  hangs = false;
  /** Connecting fails while this holds. */
  absent = false;
  private readonly backend: Backend;
  private readonly cut: Cut;
  private readonly msize: number;

  constructor(
    backend: Backend,
    { cut = whole, msize = 4_186_112 }: { readonly cut?: Cut; readonly msize?: number } = {},
  ) {
    this.backend = backend;
    this.cut = cut;
    this.msize = msize;
  }

  get life() {
    const life = this.lives.at(-1);
    if (life === undefined) throw new Error('nobody has connected');
    return life;
  }

  async connect(): Promise<Link> {
    if (this.absent) throw new Error('nobody is there');
    const [near, far] = linkPair(this.cut);
    const session = createSession(this.backend, {
      msize: this.msize,
      scaleBlockSize: false,
      onBug: (error) => this.bugs.push(error),
    });
    const handler = {
      handle: (request: readonly Uint8Array[], reply: readonly Uint8Array[]) =>
        this.hangs ? new Promise<number>(() => {}) : session.handle(request, reply),
      reset: () => session.reset(),
    };
    const hello = { confined: 0, landlock: 0, readonly: 0 };
    this.lives.push({ session, link: far, ended: serveLink(far, { handler, hello, msize: this.msize }) });
    return near;
  }

  /** What a kill looks like from the other side. */
  async kill(): Promise<void> {
    const { link, ended } = this.life;
    link.close();
    // The helper's own end notices nothing any more; its kernel gives its things back.
    await this.life.session.reset();
    void ended;
    await new Promise((resolve) => setImmediate(resolve));
  }

  close(): void {}
}

import type { SocketStream } from 'node-hostfs';
import type { ExportTable } from '../../ninep/connection.ts';
import type { Counters } from '../../ninep/counters.ts';
import { ERRNO } from '../../ninep/errno.ts';
import { observeAll } from '../../ninep/observer.ts';
import { createSession, type Session } from '../../ninep/session.ts';
import { AreaPool } from '../../ninep/stream/area-pool.ts';
import type { StreamHandler } from '../../ninep/stream/stream-connection.ts';
import { traceLines } from '../../ninep/trace.ts';
import type { RequestScope } from '../../trace/request-scope.ts';
import { scoped, watchSession } from '../../trace/session-watch.ts';
import { refusing } from './refusal.ts';
import type { ServeHooks } from './serve-config.ts';
import { type ClientLimits, ServedClient } from './served-client.ts';

/** Clients that wait to be told there is no place for them; more than these are cut off at once. */
const MOST_REFUSALS = 16;

/** Bytes of memory for requests that is kept for the next, of whichever client. */
const MOST_KEPT = 32 << 20;

/** What all clients of a server have in common. */
export interface ClienteleOptions {
  readonly exported: ExportTable;
  /** Most clients at once. */
  readonly most: number;
  /** Largest message in bytes. */
  readonly msize: number;
  readonly hooks: ServeHooks;
  /** Counts the messages of all clients. */
  readonly counters?: Counters | undefined;
  /** Finds the system calls of each request, where somebody watches. */
  readonly scope?: RequestScope | undefined;
  readonly limits?: ClientLimits;
}

/** All clients of a server: each has a name of its own, which begins its lines. */
export class Clientele {
  private readonly options: ClienteleOptions;
  private readonly clients = new Map<ServedClient, string>();
  private readonly refused = new Set<ServedClient>();
  private readonly pool = new AreaPool(MOST_KEPT);
  private count = 0;
  private closed = false;

  constructor(options: ClienteleOptions) {
    this.options = options;
  }

  /** Clients connected now, or not wholly gone. */
  get size(): number {
    return this.clients.size;
  }

  /** The machine each client came from, in the order of their coming. */
  get hosts(): readonly string[] {
    return [...this.clients.values()];
  }

  /** Serves a client that has connected, from `origin`, or tells it that there is no place. */
  welcome(stream: SocketStream, origin: string): void {
    if (this.closed) stream.close();
    else if (this.clients.size < this.options.most) this.admit(stream, origin);
    else if (this.refused.size < MOST_REFUSALS) this.refuse(stream, origin);
    else stream.close();
  }

  /** Lets nobody in any more, answers what is under way and resolves when all clients are gone. */
  async dismiss(): Promise<void> {
    this.closed = true;
    const all = [...this.clients.keys(), ...this.refused];
    for (const client of all) client.leave();
    await Promise.all(all.map((client) => client.gone.catch(() => {})));
  }

  private admit(stream: SocketStream, origin: string): void {
    const { exported, msize, hooks, counters, limits, scope } = this.options;
    const { trace, events, notice, visit } = hooks;
    const name = `client ${++this.count}`;
    const observer = observeAll([
      trace && traceLines((line) => trace(`${name}: ${line}`)),
      events && watchSession(events, name, scope),
      counters?.observer(),
    ]);
    const onBug = (error: unknown): void => notice?.(`${name}: internal error: ${describe(error)}`);
    const session = createSession(exported, { msize, onBug, ...(observer && { observer }) });
    const handler = scope === undefined ? session : scopedStream(session, scope);
    const client = new ServedClient(stream, handler, this.pool, limits);
    this.clients.set(client, stream.host || 'localhost');
    visit?.(`${name} came from ${origin}`);
    client.gone
      .then((reason) => {
        if (reason === undefined) visit?.(`${name} left`);
        else notice?.(`${name} from ${origin} was sent away: ${reason}`);
      }, onBug)
      .finally(() => this.clients.delete(client));
  }

  private refuse(stream: SocketStream, origin: string): void {
    const { hooks, limits, most } = this.options;
    const client: ServedClient = new ServedClient(
      stream,
      refusing(ERRNO.EUSERS, () => client.leave()),
      this.pool,
      limits,
    );
    this.refused.add(client);
    void client.gone.finally(() => this.refused.delete(client));
    hooks.notice?.(`a client from ${origin} was sent away: ${most} are served already; more need --max-connections`);
  }
}

function scopedStream(session: Session, scope: RequestScope): StreamHandler {
  return {
    ...scoped(session, scope),
    get msize() {
      return session.msize;
    },
  };
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

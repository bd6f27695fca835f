import { AsyncLocalStorage } from 'node:async_hooks';
import { errnoName, type Hostfs, loadHostfs } from 'node-hostfs';
import { type HostCall, observedCalls } from '../ninep/backends/local/observed-calls.ts';
import type { EventStream } from '../trace/event-stream.ts';
import type { RequestScope, RequestUnderWay } from '../trace/request-scope.ts';

/** System calls that a reply names; more are in the stream all the same. */
const MOST_CALLS = 4096;

/** What belongs to one request: its own turn, and every later one it set going. */
interface Scope {
  request: RequestUnderWay | undefined;
}

/** Tells the event stream of the system calls that shares make, and which request each is for. */
export class HostCalls implements RequestScope {
  /** The calls, for shares that are to be watched. */
  readonly hostfs: Hostfs;
  readonly #stream: EventStream;
  readonly #scopes = new AsyncLocalStorage<Scope>();

  constructor(stream: EventStream) {
    this.#stream = stream;
    this.hostfs = observedCalls(
      loadHostfs(),
      () => performance.now() * 1000,
      (call) => this.#ended(call),
    );
  }

  run<T>(work: () => T): T {
    return this.#scopes.run({ request: undefined }, work);
  }

  entered(request: RequestUnderWay): void {
    const scope = this.#scopes.getStore();
    if (scope !== undefined) scope.request = request;
  }

  #ended({ name, text, result, took, where }: HostCall): void {
    const request = this.#scopes.getStore()?.request;
    const error = result < 0 ? errnoName(result) : undefined;
    const event = this.#stream.emit(
      request?.device ?? '',
      'host-call',
      () => ({ name, text: text(), result, error, took, where, request: request?.event }),
      request?.event,
    );
    if (request !== undefined && request.calls.length < MOST_CALLS) request.calls.push(event);
  }
}

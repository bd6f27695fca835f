/** Shows a 9P session's work to the event stream. */
import { copyOut, totalLength } from '../bytes/segments.ts';
import type { EventId } from '../devices/events.ts';
import type { AnyBody } from '../ninep/codec.ts';
import { errnoName } from '../ninep/errno.ts';
import type { FrameHandler, Segments } from '../ninep/frame-handler.ts';
import type { SessionObserver } from '../ninep/observer.ts';
import { replyLine, requestLine } from '../ninep/trace.ts';
import { NOFID } from '../ninep/wire-types.ts';
import type { EventStream } from './event-stream.ts';
import type { RequestScope, RequestUnderWay } from './request-scope.ts';

interface Started extends RequestUnderWay {
  readonly time: number;
  readonly chain: EventId | undefined;
}

/**
 * Looks on at the session behind `device`.
 *
 * @param scope is told of each request before it is served, so that system calls find it; `scoped` puts it to work.
 */
export function watchSession(stream: EventStream, device: string, scope?: RequestScope): SessionObserver {
  const underWay = new Map<number, Started>();
  return {
    request(exchange) {
      const chain = stream.broughtBy(exchange.request);
      const { tag, type, size, body } = exchange;
      const event = stream.emit(
        device,
        'request',
        () => ({
          name: exchange.name ?? `T?${type}`,
          tag,
          type,
          size,
          fids: body === undefined ? [] : fidsIn(body),
          text: requestLine(exchange),
          fields: body && plain(body),
          chain,
          bytes: firstBytes(exchange.request, size, stream.messageBytes),
        }),
        chain,
      );
      const started: Started = { device, event, calls: [], time: stream.now(), chain };
      underWay.set(exchange.id, started);
      scope?.entered(started);
    },
    reply(exchange, answer) {
      const started = underWay.get(exchange.id);
      if (started === undefined) return;
      underWay.delete(exchange.id);
      const { event: request, chain, calls } = started;
      const { tag } = exchange;
      const took = stream.now() - started.time;
      if (answer === undefined) {
        const name = exchange.name ?? `T?${exchange.type}`;
        stream.emit(device, 'taken-back', { name, tag, took, request, chain }, request);
        return;
      }
      stream.emit(
        device,
        'reply',
        () => ({
          name: answer.name,
          tag,
          type: answer.codec.type,
          size: answer.length,
          text: replyLine(exchange, answer),
          fields: plain(answer.body),
          error: answer.errno === undefined ? undefined : errnoName(answer.errno),
          took,
          request,
          chain,
          calls: calls.length === 0 ? undefined : [...calls],
          bytes: firstBytes(exchange.reply, answer.length, stream.messageBytes),
        }),
        request,
      );
    },
  };
}

/** The handler with each request served in the scope. */
export function scoped(handler: FrameHandler, scope: RequestScope): FrameHandler {
  return {
    handle: (request, reply) => scope.run(() => handler.handle(request, reply)),
    reset: () => handler.reset(),
  };
}

/** Every fid a message names, those that mean none left out. */
export function fidsIn(body: AnyBody): number[] {
  const fids: number[] = [];
  for (const name in body) {
    if (!name.endsWith('fid') && name !== 'dirfd') continue;
    const value = (body as Readonly<Record<string, unknown>>)[name];
    if (typeof value === 'number' && value !== NOFID) fids.push(value);
  }
  return fids;
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** A value as JSON can have it: u64 as decimal strings, bytes as text, data by its length, what is absent left out. */
export function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (isBytes(value)) return decoder.decode(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  if ('segments' in value && 'length' in value) return { length: value.length };
  const copy: Record<string, unknown> = {};
  for (const name in value) copy[name] = plain((value as Readonly<Record<string, unknown>>)[name]);
  return copy;
}

function firstBytes(parts: Segments, size: number, most: number): Uint8Array | undefined {
  const length = Math.min(size, most, totalLength(parts));
  if (length <= 0) return undefined;
  const bytes = new Uint8Array(length);
  copyOut(parts, 0, bytes, length);
  return bytes;
}

/** Bytes of any realm: a test runner has more than one. */
function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && 'BYTES_PER_ELEMENT' in value;
}

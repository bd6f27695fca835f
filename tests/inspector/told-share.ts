import type { TraceEvent } from '../../trace/event.ts';
import { EventStream } from '../../trace/event-stream.ts';
import { type TracedShareOptions, tracedShare } from '../support/traced-share.ts';

/** A share behind real devices, and every event told of it, to be folded as they come. */
export async function toldShare(path: string, options: TracedShareOptions = {}) {
  const stream = new EventStream();
  const events: TraceEvent[] = [];
  stream.add({ messageBytes: 4096, bufferBytes: 256, take: (event) => events.push(event) });
  return { ...(await tracedShare(path, stream, options)), events, stream };
}

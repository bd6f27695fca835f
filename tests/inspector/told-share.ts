import type { TraceEvent } from '../../trace/event.ts';
import { EventStream } from '../../trace/event-stream.ts';
import { type TracedShareOptions, tracedShare } from '../support/traced-share.ts';

export interface ToldShareOptions extends TracedShareOptions {
  /** Tells first that the device was plugged in, as a machine would. */
  readonly plugged?: boolean;
}

/** A share behind real devices, and every event told of it, to be folded as they come. */
export async function toldShare(path: string, { plugged = false, ...options }: ToldShareOptions = {}) {
  const stream = new EventStream();
  const events: TraceEvent[] = [];
  stream.add({ messageBytes: 4096, bufferBytes: 256, take: (event) => events.push(event) });
  if (plugged) stream.emit('host', 'plugged', { name: 'virtio-9p-pci', bus: 'pci', address: 1 });
  return { ...(await tracedShare(path, stream, options)), events, stream };
}

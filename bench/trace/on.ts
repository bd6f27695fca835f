import { EventStream } from '../../trace/event-stream.ts';
import { watchSession } from '../../trace/session-watch.ts';
import { loop } from './loop.ts';

let events = 0;
await loop(() => {
  const stream = new EventStream();
  stream.add({
    take: () => {
      events += 1;
    },
  });
  return {
    observer: watchSession(stream, 'host'),
    trace: { guestFault: () => {}, events: stream.port('host') },
  };
});
if (events === 0) throw new Error('nothing was told');
process.exit(0);

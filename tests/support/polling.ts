import type { Defer } from '../../devices/ports.ts';
import { RingPoller } from '../../devices/virtio/ring-poller.ts';

const TICK_MS = 0.005;

/** A poller whose clock moves when it is looked at, so that a run is the same however busy the host is. */
export function steadyPoller(defer: Defer): RingPoller {
  let time = 0;
  return new RingPoller({
    defer,
    now: () => {
      time += TICK_MS;
      return time;
    },
  });
}

import type { EventPort } from '../events.ts';
import type { BusTarget } from '../ports.ts';

/** What answers in a BAR, with every access told: writes before they have effects, reads with what they gave. */
export function watchedBar(bar: { readonly index: number; readonly target: BusTarget }, events: EventPort): BusTarget {
  const { index, target } = bar;
  return {
    name: target.name,
    read(offset, width) {
      const value = target.read(offset, width);
      events.emit('bar-read', { bar: index, offset, width, value });
      return value;
    },
    write(offset, width, value) {
      const event = events.emit('bar-write', { bar: index, offset, width, value });
      events.causing(event, () => target.write(offset, width, value));
    },
  };
}

import type { EventPort } from './events.ts';
import type { InterruptLine } from './ports.ts';

/** An interrupt pin that tells of its changes. */
export function watchedLine(line: InterruptLine, events: EventPort): InterruptLine {
  let before = false;
  return {
    set(level) {
      if (level !== before) events.emit('pin', { level: level ? 1 : 0 });
      before = level;
      line.set(level);
    },
  };
}

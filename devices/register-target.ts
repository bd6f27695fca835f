import type { EventPort } from './events.ts';
import type { AccessWidth, BusTarget } from './ports.ts';

/** What a target needs of a register bank. */
export interface Registers {
  read(offset: number, width: AccessWidth): number | undefined;
  write(offset: number, width: AccessWidth, value: number): unknown;
  /** What an access touches, for a trace. */
  explain(offset: number, width: AccessWidth, value: number): string;
}

/** Puts a register bank on a bus; accesses past the end of the block read 0 and write nothing. */
export function registerTarget(name: string, registers: Registers, events?: EventPort): BusTarget {
  if (events !== undefined) return watchedTarget(name, registers, events);
  return {
    name,
    read: (offset, width) => registers.read(offset, width) ?? 0,
    write: (offset, width, value) => {
      registers.write(offset, width, value);
    },
  };
}

/** The same with every access told: writes before they have effects, reads with what they gave. */
function watchedTarget(name: string, registers: Registers, events: EventPort): BusTarget {
  return {
    name,
    read(offset, width) {
      const value = registers.read(offset, width) ?? 0;
      events.emit('register-read', {
        block: name,
        offset,
        width,
        value,
        text: registers.explain(offset, width, value),
      });
      return value;
    },
    write(offset, width, value) {
      const text = registers.explain(offset, width, value);
      const event = events.emit('register-write', { block: name, offset, width, value, text });
      events.causing(event, () => {
        const outcome = registers.write(offset, width, value);
        if (outcome !== 'ok') events.emit('write-refused', { block: name, offset, width, value });
      });
    },
  };
}

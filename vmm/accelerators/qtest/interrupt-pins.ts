import type { InterruptLine } from '../../../devices/ports.ts';
import { IOAPIC_PINS, ISA_IRQS, TIMER_IOAPIC_PIN } from '../../memory-map.ts';

/** Told of each change of a pin. */
export type PinWatcher = (pin: number, level: boolean) => void;

/** The inputs of an IOAPIC behind which no CPU is: whoever watches plays it. */
export class InterruptPins {
  readonly #levels = new Array<boolean>(IOAPIC_PINS).fill(false);
  readonly #watchers = new Set<PinWatcher>();

  /** The line to pin `gsi`; the timer's ISA interrupt 0 reaches pin 2. */
  line(gsi: number): InterruptLine {
    const pin = gsi === ISA_IRQS.timer ? TIMER_IOAPIC_PIN : gsi;
    return {
      set: (level) => {
        if (this.#levels[pin] === level) return;
        this.#levels[pin] = level;
        for (const watcher of this.#watchers) watcher(pin, level);
      },
    };
  }

  /** Calls `watcher` for each change from now on. Returns what ends that. */
  watch(watcher: PinWatcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }
}

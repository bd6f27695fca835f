import type { ProcessEvents } from './process-io.ts';

/** A signal that ends a process unless it is caught. */
export interface EndSignal {
  readonly name: keyof typeof END_SIGNALS;
  readonly number: number;
}

/** The signals by which people and systems end a process, by Linux number. @spec Linux signal(7) */
export const END_SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGTERM: 15 } as const;

/** Keeps signals from ending the process and hands each to whoever is in charge at the time. */
export class SignalWatch {
  readonly #events: ProcessEvents;
  readonly #listeners = new Map<string, () => void>();
  #handler: (signal: EndSignal) => void;

  constructor(events: ProcessEvents, handler: (signal: EndSignal) => void) {
    this.#events = events;
    this.#handler = handler;
    for (const [name, number] of Object.entries(END_SIGNALS) as [EndSignal['name'], number][]) {
      const listener = (): void => this.#handler({ name, number });
      this.#listeners.set(name, listener);
      events.on(name, listener);
    }
  }

  /** From now on `handler` is in charge. */
  handle(handler: (signal: EndSignal) => void): void {
    this.#handler = handler;
  }

  /** Lets signals end the process again. */
  close(): void {
    for (const [name, listener] of this.#listeners) this.#events.off(name, listener);
    this.#listeners.clear();
  }
}

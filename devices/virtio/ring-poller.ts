/**
 * Looks at the rings of a machine's devices for a while after they have run empty, on the device thread, so that the next
 * request needs no kick: kicks stay suppressed meanwhile. One poller has all rings in turn; it polls in slices with a turn of
 * the event loop after each, so timers, completions and CPUs that wait for an answer are served between them.
 */
import type { Defer } from '../ports.ts';
import { PollWindow } from './poll-window.ts';

/** A device's ring as the poller sees it. */
export interface PolledRing {
  /** Whether there is a request to serve now. Cheap: asked millions of times a second. */
  waiting(): boolean;
  /** Serves what is there, for a bounded time. */
  serve(): void;
}

/** What a device does with the poller it was given. */
export interface RingPolling {
  /** Begins to look after one ring. */
  attach(ring: PolledRing): RingPoll;
}

/** One ring between its device and the poller. */
export interface RingPoll {
  /**
   * The ring has run empty: true if it is polled from now on, with `serve` called when there is something or when the window
   * has passed; then, and where it is not polled, the device is to ask for kicks.
   */
  begin(): boolean;
  /** Whether `begin` would poll. */
  readonly worthwhile: boolean;
  /** The driver rang. */
  rang(): void;
  /** The ring is not looked at any more until the next `begin`; the device will look itself. */
  end(): void;
}

/** What a poller needs of its surroundings. */
export interface RingPollerParts {
  readonly defer: Defer;
  /** Monotonic time in milliseconds, with a resolution of microseconds. */
  readonly now: () => number;
}

/** Time between two turns of the event loop, in milliseconds: what polling may add to the wait of everything else. */
const SLICE_MS = 0.05;
/** Looks between two looks at the clock. */
const LOOKS = 32;
const US_PER_MS = 1000;

/** The rings of one machine that are polled. */
export class RingPoller {
  readonly #parts: RingPollerParts;
  readonly #polled: Polled[] = [];
  #turnDue = false;

  constructor(parts: RingPollerParts) {
    this.#parts = parts;
  }

  /** Polling for one device, each ring for `mostUs` microseconds at most. */
  upTo(mostUs: number): RingPolling {
    return { attach: (ring) => new Polled(this, ring, mostUs) };
  }

  /** Monotonic time in milliseconds. */
  now(): number {
    return this.#parts.now();
  }

  /** Looks at a ring from now on. */
  add(polled: Polled): void {
    this.#polled.push(polled);
    this.#schedule();
  }

  /** Looks at it no more. */
  remove(polled: Polled): void {
    const at = this.#polled.indexOf(polled);
    if (at >= 0) this.#polled.splice(at, 1);
  }

  #schedule(): void {
    if (this.#turnDue) return;
    this.#turnDue = true;
    this.#parts.defer(this.#turn);
  }

  readonly #turn = (): void => {
    this.#turnDue = false;
    const end = this.now() + SLICE_MS;
    let time: number;
    do {
      this.#look();
      time = this.now();
      this.#clock(time);
    } while (this.#polled.length > 0 && time < end);
    if (this.#polled.length > 0) this.#schedule();
  };

  /** Looks at every ring until one has something; then each has had its turn once. */
  #look(): void {
    const polled = this.#polled;
    let found = false;
    for (let looks = LOOKS; looks > 0 && !found; looks -= 1) {
      for (let i = polled.length - 1; i >= 0; i -= 1) {
        if (polled[i]?.look() === true) found = true;
      }
    }
  }

  #clock(time: number): void {
    const polled = this.#polled;
    for (let i = polled.length - 1; i >= 0; i -= 1) polled[i]?.clock(time);
  }
}

/** One ring with its window. */
class Polled implements RingPoll {
  readonly #poller: RingPoller;
  readonly #ring: PolledRing;
  readonly #window: PollWindow;
  /** When there was last something to do. */
  #busy = Number.NEGATIVE_INFINITY;
  #polled = false;
  /** When the window passes. */
  #until = 0;
  /** The window has begun anew since the poller last looked at the clock. */
  #begun = false;
  /** The window has passed; the device looks a last time. */
  #expiring = false;

  constructor(poller: RingPoller, ring: PolledRing, mostUs: number) {
    this.#poller = poller;
    this.#ring = ring;
    this.#window = new PollWindow(mostUs);
  }

  get worthwhile(): boolean {
    return this.#window.length > 0;
  }

  begin(): boolean {
    if (this.#expiring) return false;
    if (this.#polled) {
      // The poller looks at the clock in a moment anyway.
      this.#begun = true;
      return true;
    }
    const length = this.#window.length;
    this.#busy = this.#poller.now();
    if (length === 0) return false;
    this.#until = this.#busy + length / US_PER_MS;
    this.#polled = true;
    this.#poller.add(this);
    return true;
  }

  rang(): void {
    if (this.#polled) return;
    this.#window.rang((this.#poller.now() - this.#busy) * US_PER_MS);
  }

  end(): void {
    if (!this.#polled) return;
    this.#polled = false;
    this.#begun = false;
    this.#poller.remove(this);
  }

  /** Serves what is there; says whether there was anything. */
  look(): boolean {
    if (!this.#ring.waiting()) return false;
    this.#window.hit();
    this.#ring.serve();
    return true;
  }

  /** It is `time`: a window that has begun meanwhile begins here, and one that has passed ends. */
  clock(time: number): void {
    if (this.#begun) {
      this.#begun = false;
      this.#busy = time;
      this.#until = time + this.#window.length / US_PER_MS;
    } else if (time >= this.#until) this.#expire();
  }

  /** The window has passed: the device looks a last time, asks for kicks, and is asleep. */
  #expire(): void {
    this.end();
    this.#window.missed();
    this.#expiring = true;
    try {
      this.#ring.serve();
    } finally {
      this.#expiring = false;
    }
  }
}

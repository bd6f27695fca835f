import type { Clock } from '../../../devices/ports.ts';

const NS_PER_MS = 1_000_000;

/** Times at which something is due that one move of the clock stops at; a client may ask for any stretch of time. */
const MOST_STOPS = 10_000;

/** What has to be looked after as time passes. */
export interface TimedDevice {
  /** Does what is due now. @returns milliseconds to the next time; Infinity where nothing is to come */
  run(): number;
}

/** The machine's time while nothing executes: it stands still until it is moved. */
export class VirtualClock implements Clock {
  /** Nanoseconds since the machine was made. */
  #nowNs = 0n;
  readonly #startedAtMs: number;
  readonly #devices: TimedDevice[] = [];

  /** @param startedAtMs wall time at the beginning, in milliseconds since the epoch */
  constructor(startedAtMs = Date.now()) {
    this.#startedAtMs = startedAtMs;
  }

  /** Nanoseconds since the machine was made. */
  get nowNs(): bigint {
    return this.#nowNs;
  }

  now(): number {
    return this.#startedAtMs + this.monotonicMs();
  }

  monotonicMs(): number {
    return Number(this.#nowNs) / NS_PER_MS;
  }

  /** From now on `device` is run whenever something of it is due. */
  watch(device: TimedDevice): void {
    this.#devices.push(device);
  }

  /** Nanoseconds from now to the next time at which something is due; undefined where nothing is. */
  untilNext(): bigint | undefined {
    const ms = Math.min(...this.#devices.map((device) => device.run()));
    return Number.isFinite(ms) ? BigInt(Math.max(1, Math.ceil(ms * NS_PER_MS))) : undefined;
  }

  /**
   * Moves to `ns`, by way of every time at which something is due, up to 10,000 of them; beyond that what was missed is made
   * up for at the end. The past is not returned to.
   */
  moveTo(ns: bigint): void {
    for (let stops = 0; stops < MOST_STOPS && this.#nowNs < ns; stops++) {
      const next = this.untilNext();
      if (next === undefined || this.#nowNs + next > ns) break;
      this.#nowNs += next;
    }
    if (this.#nowNs < ns) this.#nowNs = ns;
    this.untilNext();
  }
}

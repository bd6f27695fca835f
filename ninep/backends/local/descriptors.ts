import type { Hostfs } from 'node-hostfs';
import { fail } from '../../errno.ts';

/**
 * How many descriptors all shares of this process may hold, and who gives one back when they run short.
 *
 * A client keeps a fid for every name it remembers, and each costs a descriptor. Above the high-water mark, objects that
 * were not used lately are parked: their descriptors are closed, and opened again on their next use. That happens
 * between two turns of the event loop, so no operation ever loses a descriptor under its hands.
 */

/** Something that can do without its descriptor for a while. */
export interface Parkable {
  /** The budget's `era` when it was last used. */
  used: number;
  /** Closes the descriptor if it can be had again; says whether it did. */
  park(): boolean;
}

/** Objects looked at in one turn: a few milliseconds at worst. */
const SWEEP_VISITS = 256;
/** How long to leave everyone alone after a sweep that gained nothing. */
const FRUITLESS_PAUSE_MS = 1000;

/** A budget of descriptors. */
export class Descriptors {
  /** Descriptors held now. */
  held = 0;
  /** Moves on with every sweep, so that what was used since the last one can be told from the rest at no cost. */
  era = 0;
  private readonly highWater: number;
  private readonly lowWater: number;
  private readonly most: number;
  private readonly parkable = new Set<Parkable>();
  private scheduled = false;
  private pausedUntil = 0;

  /** `limit` is what the process may hold (RLIMIT_NOFILE); a third of it, at most 400, is left to the rest of the process. */
  constructor(limit: number) {
    const reserve = Math.min(400, Math.floor(limit / 3));
    this.highWater = limit - reserve;
    this.lowWater = Math.floor(this.highWater * 0.9);
    this.most = limit - Math.floor(reserve / 2);
  }

  /** Counts a descriptor just opened. Fails with EMFILE, and counts nothing, when that is one too many. */
  take(): void {
    if (this.held >= this.highWater) this.schedule();
    if (this.held >= this.most) fail('EMFILE');
    this.held++;
    // From here on it counts who uses what: when the high-water mark is reached, the first sweep has to help already.
    if (this.held === this.lowWater) this.era++;
  }

  /** Counts one just closed. */
  give(): void {
    this.held--;
  }

  /** Makes an object a candidate for parking, until `forget` or until it is parked. */
  watch(object: Parkable): void {
    this.parkable.add(object);
  }

  forget(object: Parkable): void {
    this.parkable.delete(object);
  }

  private schedule(): void {
    if (this.scheduled || performance.now() < this.pausedUntil) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.sweep();
    });
  }

  private sweep(): void {
    let visits = Math.min(SWEEP_VISITS, this.parkable.size);
    const era = this.era++;
    let useful = this.held <= this.lowWater;
    for (const object of this.parkable) {
      if (visits-- === 0 || this.held <= this.lowWater) break;
      // Whoever is spared goes to the end of the line.
      this.parkable.delete(object);
      if (object.used === era) useful = true;
      else if (object.park()) {
        useful = true;
        continue;
      }
      this.parkable.add(object);
    }
    if (!useful) this.pausedUntil = performance.now() + FRUITLESS_PAUSE_MS;
    else if (this.held > this.highWater) this.schedule();
  }
}

let ofProcess: Descriptors | undefined;

/** The budget that all shares of this process have in common. */
export function processDescriptors(hostfs: Hostfs): Descriptors {
  ofProcess ??= new Descriptors(hostfs.descriptorLimit());
  return ofProcess;
}

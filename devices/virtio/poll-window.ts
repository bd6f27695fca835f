/**
 * How long a device looks at a ring again and again before it goes to sleep: as long as pays.
 *
 * Like KVM's halt polling, the window opens when a request came soon after the ring had run empty, and closes after a long
 * silence. Unlike it, it also remembers polling that found nothing: whoever shares a processor with the driver only keeps it
 * from its work, and each poll in vain without one that paid in between is followed by twice as many waits without.
 *
 * @spec Linux Documentation/virt/kvm/halt-polling.rst
 */

/** The shortest window worth its trouble, in microseconds. */
const SHORTEST_US = 20;
/**
 * Waits without polling double up to 2 to the power of this: what polls in vain cost then is a few microseconds for each request,
 * and a host that was busy for a moment is not held to be so for long.
 */
const MOST_VAIN = 6;
/**
 * A silence is the driver's and the kick's, and the kick of a sleeping device can take longer than the longest window: up to so
 * many of them a poll may pay.
 */
const KICK_FACTOR = 5;

/** The window of one ring. All times are in microseconds. */
export class PollWindow {
  readonly #most: number;
  #length = 0;
  /** Polls in vain since the last one that paid. */
  #vain = 0;
  /** A poll has paid since the last one in vain. */
  #paid = false;
  /** Waits that begin with sleep although the window is open. */
  #resting = 0;

  /** @param most the longest window; 0 never polls */
  constructor(most: number) {
    this.#most = most;
  }

  /** How long to poll now that the ring has run empty; 0 goes to sleep at once. */
  get length(): number {
    return this.#resting > 0 ? 0 : this.#length;
  }

  /** A request came while the ring was polled. */
  hit(): void {
    this.#paid = true;
  }

  /** The window passed without a request. */
  missed(): void {
    this.#vain = this.#paid ? 0 : Math.min(this.#vain + 1, MOST_VAIN);
    this.#resting = this.#paid ? 0 : 2 ** this.#vain;
    this.#paid = false;
  }

  /** The driver rang for a sleeping device, so long after there had last been something to do. */
  rang(silence: number): void {
    if (silence > KICK_FACTOR * this.#most) {
      this.#length = 0;
      return;
    }
    if (this.#resting > 0) this.#resting -= 1;
    this.#length = Math.min(this.#most, Math.max(SHORTEST_US, 2 * silence, this.#length));
  }
}

import { describe, expect, test } from '@jest/globals';
import { type PolledRing, type RingPoll, RingPoller } from './ring-poller.ts';

/** Microseconds that pass with each look at the clock. */
const TICK_US = 5;
const MOST_US = 200;
const SHORT_US = 50;

/** A poller with a clock that moves when it is looked at, and an event loop turned by hand. */
function world() {
  const deferred: (() => void)[] = [];
  let us = 0;
  const poller = new RingPoller({
    defer: (work) => deferred.push(work),
    now: () => {
      us += TICK_US;
      return us / 1000;
    },
  });
  return {
    poller,
    deferred,
    pass: (duration: number) => {
      us += duration;
    },
    time: () => us,
    turn: () => deferred.splice(0).forEach((work) => void work()),
  };
}

/** A ring of so many requests, whose device serves one at a time and then asks for polling. */
class Ring implements PolledRing {
  requests = 0;
  readonly served: number[] = [];
  /** Times the device was left to ask for kicks. */
  armed = 0;
  looks = 0;
  readonly poll: RingPoll;
  readonly #time: () => number;

  constructor({ poller, time }: ReturnType<typeof world>, mostUs = MOST_US) {
    this.poll = poller.upTo(mostUs).attach(this);
    this.#time = time;
  }

  waiting(): boolean {
    this.looks += 1;
    return this.requests > 0;
  }

  serve(): void {
    if (this.requests > 0) {
      this.requests -= 1;
      this.served.push(this.#time());
    }
    if (!this.poll.begin() && this.requests === 0) this.armed += 1;
  }

  /** The driver makes a request and rings. */
  ring(): void {
    this.requests += 1;
    this.poll.rang();
    this.serve();
  }
}

/** Two kicks with little between them: the ring is polled from then on. */
function busy(of: ReturnType<typeof world>, ring: Ring): void {
  ring.ring();
  of.pass(SHORT_US);
  ring.ring();
}

test('after the first kick the device sleeps, after a second one soon it polls', () => {
  const w = world();
  const ring = new Ring(w);
  ring.ring();
  expect([ring.armed, w.deferred.length]).toEqual([1, 0]);
  w.pass(SHORT_US);
  ring.ring();
  expect([ring.armed, w.deferred.length, ring.poll.worthwhile]).toEqual([1, 1, true]);
});

test('what comes within the window is served without a kick, and opens the window anew', () => {
  const w = world();
  const ring = new Ring(w);
  busy(w, ring);
  for (let i = 0; i < 50; i += 1) {
    w.turn();
    ring.requests += 1;
    w.turn();
    expect(ring.requests).toBe(0);
  }
  expect([ring.served.length, ring.armed]).toEqual([52, 1]);
});

test('when the window has passed the device looks a last time, asks for a kick and is left alone', () => {
  const w = world();
  const ring = new Ring(w);
  busy(w, ring);
  const began = w.time();
  while (w.deferred.length > 0) w.turn();
  expect(ring.armed).toBe(2);
  // Twice the silence, give or take a few looks at the clock.
  expect(w.time() - began).toBeGreaterThanOrEqual(2 * SHORT_US);
  expect(w.time() - began).toBeLessThan(3 * SHORT_US);
  const { looks } = ring;
  ring.requests = 1;
  w.turn();
  expect([ring.looks, ring.requests]).toEqual([looks, 1]);
});

test('requests with long silences between them are served without one look, also after busy times', () => {
  const w = world();
  const ring = new Ring(w);
  busy(w, ring);
  while (w.deferred.length > 0) w.turn();
  const { looks } = ring;
  for (let i = 0; i < 100; i += 1) {
    w.pass(10_000);
    ring.ring();
    expect(w.deferred).toEqual([]);
  }
  expect([ring.looks, ring.served.length]).toEqual([looks, 102]);
});

test('a request that comes with the last look is served and does not begin another window', () => {
  const w = world();
  const ring = new Ring(w);
  busy(w, ring);
  const wait = ring.waiting.bind(ring);
  ring.waiting = () => false;
  w.pass(MOST_US);
  ring.requests = 1;
  w.turn();
  ring.waiting = wait;
  expect([ring.requests, ring.armed, w.deferred.length]).toEqual([0, 2, 0]);
});

test('each turn ends after a slice, whether requests keep coming or none does', () => {
  const w = world();
  const quiet = new Ring(w);
  const flooded = new Ring(w);
  busy(w, quiet);
  busy(w, flooded);
  for (const requests of [0, 1e6]) {
    flooded.requests = requests;
    const before = w.time();
    w.turn();
    expect(w.time() - before).toBeLessThan(80);
    expect(w.deferred).toHaveLength(1);
  }
});

test('rings that keep coming have equal turns', () => {
  const w = world();
  const rings = Array.from({ length: 16 }, () => new Ring(w));
  for (const ring of rings) busy(w, ring);
  for (const ring of rings) ring.requests = 1e6;
  const before = rings.map(({ served }) => served.length);
  for (let i = 0; i < 100; i += 1) w.turn();
  const counts = rings.map(({ served }, at) => served.length - (before[at] ?? 0));
  expect(Math.min(...counts)).toBeGreaterThan(50);
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
});

test('a ring that ends while another is served is not looked at, and the others are', () => {
  const w = world();
  const rings = [new Ring(w), new Ring(w), new Ring(w)] as const;
  for (const ring of rings) busy(w, ring);
  const [first, second, third] = rings;
  const serve = second.serve.bind(second);
  second.serve = () => {
    serve();
    first.poll.end();
    third.poll.end();
  };
  second.requests = 1;
  const looks = [first.looks, third.looks];
  w.turn();
  expect(second.requests).toBe(0);
  // One of them stood before the one that ended it.
  expect(first.looks - (looks[0] ?? 0) + third.looks - (looks[1] ?? 0)).toBeLessThanOrEqual(1);
  second.requests = 1;
  w.turn();
  expect(second.requests).toBe(0);
});

describe('stopping', () => {
  test('ends polling at once, and the event loop is left alone', () => {
    const w = world();
    const ring = new Ring(w);
    busy(w, ring);
    ring.poll.end();
    ring.poll.end();
    const { looks } = ring;
    w.turn();
    expect([ring.looks, w.deferred.length]).toEqual([looks, 0]);
  });

  test('and beginning again in one turn of the event loop makes one turn of the poller', () => {
    const w = world();
    const ring = new Ring(w);
    busy(w, ring);
    ring.poll.end();
    expect([ring.poll.begin(), ring.poll.begin(), w.deferred.length]).toEqual([true, true, 1]);
  });
});

test('kicks that come in vain while the ring is polled change nothing about the window', () => {
  const w = world();
  const ring = new Ring(w);
  busy(w, ring);
  w.pass(10 * MOST_US);
  ring.poll.rang();
  expect(ring.poll.worthwhile).toBe(true);
});

test('a bound of 0 never polls', () => {
  const w = world();
  const ring = new Ring(w, 0);
  for (let i = 0; i < 5; i += 1) busy(w, ring);
  expect([ring.armed, w.deferred.length]).toEqual([10, 0]);
});

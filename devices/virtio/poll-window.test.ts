import { describe, expect, test } from '@jest/globals';
import { PollWindow } from './poll-window.ts';

/** A wait that was not polled, and the kick that ended it. */
function sleep(window: PollWindow, silence: number): void {
  expect(window.length).toBe(0);
  window.rang(silence);
}

test('is closed at first, opens to twice a short silence, and closes after a long one', () => {
  const window = new PollWindow(200);
  sleep(window, 60);
  expect(window.length).toBe(120);
  window.hit();
  expect(window.length).toBe(120);
  window.missed();
  expect(window.length).toBe(120);
  window.rang(1001);
  expect(window.length).toBe(0);
});

test.each([
  [1, 20],
  [10, 20],
  [11, 22],
  [99, 198],
  [100, 200],
  [200, 200],
  [201, 200],
  [1000, 200],
  [1000.1, 0],
])('a silence of %f us opens it to %f us', (silence, length) => {
  const window = new PollWindow(200);
  sleep(window, silence);
  expect(window.length).toBe(length);
});

test('does not get shorter for a shorter silence', () => {
  const window = new PollWindow(200);
  sleep(window, 90);
  window.hit();
  window.missed();
  window.rang(30);
  expect(window.length).toBe(180);
});

test('a bound of 0 never polls, and one below the shortest window is kept', () => {
  const [never, little] = [new PollWindow(0), new PollWindow(5)];
  for (let i = 0; i < 3; i += 1) {
    sleep(never, 1);
    little.rang(1);
  }
  expect([never.length, little.length]).toEqual([0, 5]);
});

describe('polls in vain', () => {
  /** Waits that begin with sleep until the next one is polled. */
  const rest = (window: PollWindow): number => {
    let waits = 0;
    for (; window.length === 0; waits += 1) window.rang(30);
    return waits;
  };

  test('each one without one that paid doubles the waits without, to a bound', () => {
    const window = new PollWindow(200);
    window.rang(30);
    const waits = Array.from({ length: 12 }, () => {
      window.missed();
      return rest(window);
    });
    expect(waits).toEqual([2, 4, 8, 16, 32, 64, 64, 64, 64, 64, 64, 64]);
  });

  test('one that paid makes good for all', () => {
    const window = new PollWindow(200);
    window.rang(30);
    for (let i = 0; i < 3; i += 1) {
      window.missed();
      rest(window);
    }
    window.hit();
    window.missed();
    expect(window.length).toBeGreaterThan(0);
    window.missed();
    expect(rest(window)).toBe(2);
  });

  test('long silences do not end the rest', () => {
    const window = new PollWindow(200);
    window.rang(30);
    window.missed();
    for (let i = 0; i < 10; i += 1) window.rang(5000);
    window.rang(30);
    expect(window.length).toBe(0);
    window.rang(30);
    expect(window.length).toBeGreaterThan(0);
  });

  test('pairs of requests with silence between them cost a poll in a hundred', () => {
    const window = new PollWindow(200);
    let polls = 0;
    for (let pair = 0; pair < 2000; pair += 1) {
      for (const silence of [4000, 50]) {
        if (window.length > 0) {
          polls += 1;
          window.missed();
        }
        window.rang(silence);
      }
    }
    expect(polls).toBeGreaterThan(15);
    expect(polls).toBeLessThan(45);
  });
});

import { describe, expect, test } from '@jest/globals';
import { GuestClock } from './guest-clock.ts';

const moment = () => new Promise((resolve) => setTimeout(resolve, 150));

describe("the machine's time", () => {
  test('stands while the thread of the devices does, and goes on without a jump', async () => {
    const clock = new GuestClock();
    const goOn = clock.hold();
    const stood = clock.monotonicMs();
    await moment();
    expect(clock.monotonicMs()).toBe(stood);
    goOn();
    expect(clock.monotonicMs() - stood).toBeLessThan(100);
    await moment();
    expect(clock.monotonicMs() - stood).toBeGreaterThan(100);
  });

  test('of a machine that is paused stands on when the thread goes on', async () => {
    const clock = new GuestClock();
    clock.pause();
    const stood = clock.monotonicMs();
    clock.hold()();
    await moment();
    expect(clock.monotonicMs()).toBe(stood);
    clock.resume();
    await moment();
    expect(clock.monotonicMs()).toBeGreaterThan(stood);
  });
});

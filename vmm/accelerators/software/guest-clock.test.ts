import { describe, expect, jest, test } from '@jest/globals';
import { GuestClock } from './guest-clock.ts';

const moment = () => new Promise((resolve) => setTimeout(resolve, 150));

describe("the machine's time", () => {
  test('stands while the thread of the devices does, and goes on without a jump', async () => {
    const clock = new GuestClock();
    const now = jest.spyOn(performance, 'now').mockReturnValue(1000);
    const goOn = clock.hold();
    const stood = clock.monotonicMs();
    now.mockReturnValue(1500);
    expect(clock.monotonicMs()).toBe(stood);
    goOn();
    expect(clock.monotonicMs()).toBe(stood);
    now.mockReturnValue(1501);
    expect(clock.monotonicMs()).toBe(stood + 1);
    now.mockRestore();
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

import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { type CpuRest, isHaltedForGood, watchForHalt } from './halt-watch.ts';

const HALTED: CpuRest = { activity: 'halted', interruptsEnabled: false };
const IDLE: CpuRest = { activity: 'halted', interruptsEnabled: true };
const RUNNING: CpuRest = { activity: 'runnable', interruptsEnabled: false };
const WAITING: CpuRest = { activity: 'waiting', interruptsEnabled: false };

describe('halted for good', () => {
  test.each<[string, readonly CpuRest[], boolean]>([
    ['no CPU', [], false],
    ['one in HLT, interrupts off', [HALTED], true],
    ['one in HLT that an interrupt wakes', [IDLE], false],
    ['one that runs', [RUNNING], false],
    ['one that was never started', [WAITING], false],
    ['one halted, the others never started', [HALTED, WAITING, WAITING], true],
    ['one halted, one idle', [HALTED, IDLE], false],
    ['one halted, one that runs and may wake it', [HALTED, RUNNING], false],
    ['all halted', [HALTED, HALTED], true],
  ])('%s', (_, cpus, halted) => {
    expect(isHaltedForGood(cpus)).toBe(halted);
  });
});

describe('the watch', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  function watched(look: () => Promise<readonly CpuRest[] | undefined>) {
    const seen = { looks: 0, halts: 0 };
    const { end, exit } = watchForHalt(
      () => {
        seen.looks += 1;
        return look();
      },
      () => {
        seen.halts += 1;
      },
    );
    return { seen, end, exit };
  }

  test('leaves a machine that makes exits alone', async () => {
    const { seen, end, exit } = watched(async () => [HALTED]);
    for (let i = 0; i < 10; i += 1) {
      exit();
      await jest.advanceTimersByTimeAsync(500);
    }
    expect(seen.looks).toBe(0);
    await jest.advanceTimersByTimeAsync(500);
    expect([seen.looks, seen.halts]).toEqual([1, 1]);
    end();
  });

  test('tells once', async () => {
    const { seen } = watched(async () => [HALTED]);
    await jest.advanceTimersByTimeAsync(5000);
    expect([seen.looks, seen.halts, jest.getTimerCount()]).toEqual([1, 1, 0]);
  });

  test('goes on after a look that failed, or could not be', async () => {
    const answers = [Promise.reject(new Error('KVM_GET_REGS')), Promise.resolve(undefined), Promise.resolve([IDLE])];
    answers[0]?.catch(() => {});
    const { seen, end } = watched(() => answers.shift() ?? Promise.resolve([HALTED]));
    await jest.advanceTimersByTimeAsync(2000);
    expect([seen.looks, seen.halts]).toEqual([4, 1]);
    end();
  });

  test('looks less and less often where no CPU has halted, down to every four seconds, until there is an exit', async () => {
    const { seen, end, exit } = watched(async () => [IDLE]);
    const at: number[] = [];
    for (let time = 500; time <= 20_000; time += 500) {
      const before = seen.looks;
      await jest.advanceTimersByTimeAsync(500);
      if (seen.looks > before) at.push(time);
    }
    expect(at).toEqual([500, 1000, 2000, 4000, 8000, 12_000, 16_000, 20_000]);
    exit();
    await jest.advanceTimersByTimeAsync(500);
    expect(seen.looks).toBe(at.length);
    await jest.advanceTimersByTimeAsync(500);
    expect(seen.looks).toBe(at.length + 1);
    end();
  });

  test('does not look twice at a time', async () => {
    let answer: (cpus: readonly CpuRest[]) => void = () => {};
    const { seen, end } = watched(
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    await jest.advanceTimersByTimeAsync(5000);
    expect(seen.looks).toBe(1);
    answer([IDLE]);
    await jest.advanceTimersByTimeAsync(500);
    expect(seen.looks).toBe(2);
    end();
  });

  test('an exit during a look neither begins another nor is forgotten', async () => {
    let answer: (cpus: readonly CpuRest[]) => void = () => {};
    const { seen, end, exit } = watched(
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    for (const time of [500, 500, 1000]) {
      await jest.advanceTimersByTimeAsync(time);
      answer([IDLE]);
    }
    await jest.advanceTimersByTimeAsync(2000);
    expect(seen.looks).toBe(4);
    exit();
    await jest.advanceTimersByTimeAsync(5000);
    expect(seen.looks).toBe(4);
    answer([IDLE]);
    await jest.advanceTimersByTimeAsync(500);
    expect(seen.looks).toBe(4);
    await jest.advanceTimersByTimeAsync(500);
    expect(seen.looks).toBe(5);
    end();
  });

  test('ended during a look it tells nothing', async () => {
    let answer: (cpus: readonly CpuRest[]) => void = () => {};
    const { seen, end } = watched(
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    await jest.advanceTimersByTimeAsync(500);
    end();
    answer([HALTED]);
    await jest.advanceTimersByTimeAsync(5000);
    expect([seen.looks, seen.halts, jest.getTimerCount()]).toEqual([1, 0, 0]);
  });
});

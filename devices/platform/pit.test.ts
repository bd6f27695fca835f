import { describe, expect, test } from '@jest/globals';
import { systemControlB } from './odd-ports.ts';
import { Pit, pitRegisters } from './pit.ts';

/** 1,193,182 ticks in a second. */
const TICK_MS = 1000 / 1_193_182;
const COUNTER_2 = 2;
const CONTROL = 3;

function pit() {
  const time = { ms: 0 };
  const levels: boolean[] = [];
  const chip = new Pit({
    clock: { now: () => 0, monotonicMs: () => time.ms },
    line: { set: (level) => levels.push(level) },
  });
  let calls = 0;
  /** Sets the clock a little behind a tick, and each time a little more, so that no rounding is in the way. */
  const at = (ticks: number) => {
    calls++;
    time.ms = (ticks + calls / 100) * TICK_MS;
  };
  const word = (counter: number) => chip.read(counter, 1) + chip.read(counter, 1) * 256;
  const load = (counter: number, control: number, count: number) => {
    chip.write(CONTROL, 1, control);
    chip.write(counter, 1, count & 0xff);
    chip.write(counter, 1, count >>> 8);
  };
  /** Rises of the interrupt line since the last call. */
  const rises = () => {
    const seen = levels.splice(0);
    return seen.filter((level, index) => level && seen[index - 1] !== true).length;
  };
  return { chip, at, word, load, rises, time };
}

describe('counting', () => {
  test('mode 0 counts down through 0 and goes on from 65535', () => {
    const { at, word, load } = pit();
    at(0);
    load(0, 0x30, 1000);
    const seen = [0, 1, 999, 1000, 1001].map((ticks) => {
      at(ticks);
      return word(0);
    });
    expect(seen).toEqual([1000, 999, 1, 0, 65_535]);
  });

  test('mode 2 counts down to 1 and begins again', () => {
    const { at, word, load } = pit();
    at(0);
    load(0, 0x34, 1000);
    const seen = [0, 999, 1000, 1999, 2000].map((ticks) => {
      at(ticks);
      return word(0);
    });
    expect(seen).toEqual([1000, 1, 1000, 1, 1000]);
  });

  test('mode 3 counts down by two, twice for each period', () => {
    const { at, word, load } = pit();
    at(0);
    load(0, 0x36, 1000);
    const seen = [0, 1, 499, 500, 501, 1000].map((ticks) => {
      at(ticks);
      return word(0);
    });
    expect(seen).toEqual([1000, 998, 2, 1000, 998, 1000]);
  });

  test('a count of 0 is 65536', () => {
    const { at, word, load } = pit();
    at(0);
    load(0, 0x34, 0);
    at(1);
    expect(word(0)).toBe(65_535);
  });

  test('BCD counts decimal digits, 0 being 10000', () => {
    const { at, word, load } = pit();
    at(0);
    load(0, 0x35, 0x1000);
    at(1);
    expect(word(0)).toBe(0x0999);
    at(0);
    load(0, 0x35, 0);
    at(1);
    expect(word(0)).toBe(0x9999);
  });

  test.each([
    ['low byte only', 0x14, 0x34, 0x34],
    ['high byte only', 0x24, 0x12, 0x12],
  ])('%s', (_, control, written, read) => {
    const { chip, at } = pit();
    at(0);
    chip.write(CONTROL, 1, control);
    chip.write(0, 1, written);
    expect([chip.read(0, 1), chip.read(0, 1)]).toEqual([read, read]);
  });

  test('nothing counts before both bytes are written, nor after a control word', () => {
    const { chip, at, load, rises } = pit();
    at(0);
    load(0, 0x34, 100);
    chip.write(CONTROL, 1, 0x34);
    chip.write(0, 1, 100);
    at(1000);
    rises();
    expect(chip.run()).toBe(Number.POSITIVE_INFINITY);
    expect(rises()).toBe(0);
  });
});

describe('latching', () => {
  test('a latched count stands still until it is read, and a second latch does not change it', () => {
    const { chip, at, word, load } = pit();
    at(0);
    load(0, 0x34, 1000);
    at(10);
    chip.write(CONTROL, 1, 0x00);
    at(20);
    chip.write(CONTROL, 1, 0x00);
    at(30);
    expect([word(0), word(0)]).toEqual([990, 970]);
  });

  test('read-back latches counts and status of several counters', () => {
    const { chip, at, word, load } = pit();
    at(0);
    load(0, 0x34, 1000);
    load(2, 0xb0, 500);
    at(10);
    chip.write(CONTROL, 1, 0xca);
    at(20);
    expect([chip.read(0, 1), word(0)]).toEqual([0xb4, 990]);
    // The gate of counter 2 is low: it has not counted. Its output is low in mode 0.
    expect([chip.read(2, 1), word(2)]).toEqual([0x30, 500]);
  });

  test('status shows a count that is not there yet', () => {
    const { chip } = pit();
    chip.write(CONTROL, 1, 0x3e);
    chip.write(CONTROL, 1, 0xe2);
    expect(chip.read(0, 1)).toBe(0xf6);
  });

  test('the control port reads 0', () => {
    expect(pit().chip.read(CONTROL, 1)).toBe(0);
  });
});

describe('the timer interrupt', () => {
  test.each([
    ['mode 2', 0x34],
    ['mode 3', 0x36],
  ])('%s: one for each period, and the time to the next', (_, control) => {
    const { chip, at, load, rises, time } = pit();
    at(0);
    load(0, control, 11_932);
    rises();
    expect(chip.run()).toBeCloseTo(11_932 * TICK_MS, 3);
    at(11_931);
    chip.run();
    expect(rises()).toBe(0);
    at(11_932);
    const next = chip.run();
    expect(rises()).toBe(1);
    time.ms += next + TICK_MS / 100;
    chip.run();
    expect(rises()).toBe(1);
    chip.run();
    expect(rises()).toBe(0);
  });

  test('periods missed make one interrupt', () => {
    const { chip, at, load, rises } = pit();
    at(0);
    load(0, 0x34, 1000);
    rises();
    at(50_500);
    expect(chip.run()).toBeCloseTo(500 * TICK_MS, 2);
    expect(rises()).toBe(1);
  });

  test('mode 0: one, when the count has ended', () => {
    const { chip, at, load, rises } = pit();
    at(0);
    load(0, 0x30, 1000);
    rises();
    expect(chip.run()).toBeCloseTo(1000 * TICK_MS, 3);
    at(1000);
    expect(chip.run()).toBe(Number.POSITIVE_INFINITY);
    expect(rises()).toBe(1);
    at(100_000);
    chip.run();
    expect(rises()).toBe(0);
  });

  test('mode 4: one, a tick after the count has ended', () => {
    const { chip, at, load, rises } = pit();
    at(0);
    load(0, 0x38, 1000);
    rises();
    at(1000);
    chip.run();
    expect(rises()).toBe(0);
    at(1001);
    chip.run();
    expect(rises()).toBe(1);
  });

  test('a new count begins a new period', () => {
    const { chip, at, load, rises } = pit();
    at(0);
    load(0, 0x34, 1000);
    at(900);
    load(0, 0x34, 1000);
    rises();
    at(1500);
    chip.run();
    expect(rises()).toBe(0);
  });
});

describe('counter 2 behind system control port B', () => {
  const GATE = 0x01;
  const OUTPUT = 0x20;

  test('counts from the rise of its gate, as kernels measure their clock by it', () => {
    const { chip, at, load } = pit();
    const port = systemControlB(chip);
    at(0);
    port.write(0, 1, 0);
    load(COUNTER_2, 0xb0, 1000);
    at(5000);
    expect(port.read(0, 1) & OUTPUT).toBe(0);
    port.write(0, 1, GATE);
    at(5999);
    expect(port.read(0, 1) & OUTPUT).toBe(0);
    at(6000);
    expect(port.read(0, 1) & OUTPUT).toBe(OUTPUT);
  });

  test('mode 0 holds its count while the gate is low', () => {
    const { chip, at, load, word } = pit();
    at(0);
    chip.setTimerGate(true);
    load(COUNTER_2, 0xb0, 1000);
    at(300);
    chip.setTimerGate(false);
    at(800);
    expect(word(COUNTER_2)).toBe(700);
    chip.setTimerGate(true);
    at(900);
    expect(word(COUNTER_2)).toBe(600);
  });

  test('mode 1 waits for its gate and can be triggered again', () => {
    const { chip, at, load } = pit();
    at(0);
    load(COUNTER_2, 0xb2, 1000);
    at(5000);
    expect(chip.timerOutput()).toBe(true);
    chip.setTimerGate(true);
    at(5999);
    expect(chip.timerOutput()).toBe(false);
    chip.setTimerGate(false);
    chip.setTimerGate(true);
    at(6500);
    expect(chip.timerOutput()).toBe(false);
    at(7000);
    expect(chip.timerOutput()).toBe(true);
  });

  test('mode 3 is high for the longer half', () => {
    const { chip, at, load } = pit();
    at(0);
    chip.setTimerGate(true);
    load(COUNTER_2, 0xb6, 5);
    const seen = [0, 1, 2, 3, 4, 5].map((ticks) => {
      at(ticks);
      return chip.timerOutput();
    });
    expect(seen).toEqual([true, true, true, false, false, true]);
  });

  test('mode 2 is low for one tick', () => {
    const { chip, at, load } = pit();
    at(0);
    chip.setTimerGate(true);
    load(COUNTER_2, 0xb4, 4);
    const seen = [0, 1, 2, 3, 4].map((ticks) => {
      at(ticks);
      return chip.timerOutput();
    });
    expect(seen).toEqual([true, true, true, false, true]);
  });
});

test('the table names its ports', () => {
  expect(pitRegisters.describe().map(({ name, at }) => [name, at])).toEqual([
    ['counter_0', 0],
    ['counter_1', 1],
    ['counter_2', 2],
    ['control_word', 3],
  ]);
});

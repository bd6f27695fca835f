import { describe, expect, test } from '@jest/globals';
import type { BusTarget, MachineControl } from '../ports.ts';
import { pm1ControlPort, resetControlPort, systemControlA } from './control-ports.ts';
import { postCodePort, systemControlB } from './odd-ports.ts';

function watch(make: (control: MachineControl) => BusTarget) {
  const requests: string[] = [];
  const port = make({ request: (what, source) => requests.push(`${what} by ${source}`) });
  return { port, requests };
}

describe('the reset control register', () => {
  test.each([
    ['0x06', [0x02, 0x06], 1],
    ['0x0e', [0x0e], 1],
    ['0x04', [0x04], 1],
    ['0x02 alone', [0x02, 0x0a], 0],
    ['0x06 kept at 0x06', [0x06, 0x06], 1],
    ['0x06, 0x00, 0x06', [0x06, 0x00, 0x06], 2],
  ])('written %s resets as often as bit 2 rises', (_, values, times) => {
    const { port, requests } = watch(resetControlPort);
    for (const value of values) port.write(0, 1, value);
    expect(requests).toEqual(Array.from({ length: times }, () => 'reset by reset-control'));
  });

  test('keeps its three bits', () => {
    const { port } = watch(resetControlPort);
    port.write(0, 1, 0xfb);
    expect(port.read(0, 1)).toBe(0x0a);
  });
});

test('system control port A resets when bit 0 rises and always has A20 on', () => {
  const { port, requests } = watch(systemControlA);
  expect(port.read(0, 1)).toBe(0x02);
  port.write(0, 1, 0x00);
  expect(port.read(0, 1)).toBe(0x02);
  expect(requests).toEqual([]);
  port.write(0, 1, 0x03);
  expect(requests).toEqual(['reset by system-control-a']);
});

describe('PM1 control', () => {
  test.each([
    ['SLP_EN with SLP_TYP 0', 0x2000, 1],
    ['SLP_EN and SCI_EN', 0x2001, 1],
    ['SLP_EN with SLP_TYP 5', 0x3400, 0],
    ['SLP_EN with SLP_TYP 1', 0x2400, 0],
    ['nothing', 0x0000, 0],
    ['SLP_TYP 7 alone', 0x1c00, 0],
  ])('takes %s', (_, value, times) => {
    const { port, requests } = watch(pm1ControlPort);
    port.write(0, 2, value);
    expect(requests).toHaveLength(times);
    expect(port.read(0, 2)).toBe(0x0001);
  });

  test('switches off by a write of its high byte alone', () => {
    const { port, requests } = watch(pm1ControlPort);
    port.write(1, 1, 0x20);
    expect(requests).toEqual(['power-off by pm1-control']);
  });
});

test('the diagnostic port keeps what was written', () => {
  const port = postCodePort();
  port.write(0, 1, 0x4d);
  expect(port.read(0, 1)).toBe(0x4d);
});

test('system control port B shows refresh and the timer, and hands its gate on', () => {
  const gates: boolean[] = [];
  let output = false;
  const port = systemControlB({ timerOutput: () => output, setTimerGate: (on) => gates.push(on) });
  expect([port.read(0, 1), port.read(0, 1)]).toEqual([0x10, 0x00]);
  port.write(0, 1, 0xf1);
  output = true;
  expect([port.read(0, 1), port.read(0, 1)]).toEqual([0x31, 0x21]);
  port.write(0, 1, 0x00);
  expect(gates).toEqual([true, false]);
});

import { describe, expect, test } from '@jest/globals';
import { I8042 } from './i8042.ts';

function controller() {
  const requests: string[] = [];
  const seen = { level: false };
  const chip = new I8042({
    control: { request: (what, source) => requests.push(`${what} by ${source}`) },
    line: {
      set: (level) => {
        seen.level = level;
      },
    },
  });
  const command = (value: number): void => chip.commandPort.write(0, 1, value);
  const data = (value: number): void => chip.dataPort.write(0, 1, value);
  const status = (): number => chip.commandPort.read(0, 1);
  const read = (): number => chip.dataPort.read(0, 1);
  return { requests, seen, command, data, status, read };
}

describe('the machine is reset', () => {
  test.each([
    ['0xfe', 0xfe],
    ['0xf0', 0xf0],
    ['0xfc', 0xfc],
  ])('by command %s', (_, value) => {
    const { command, requests } = controller();
    command(value);
    expect(requests).toEqual(['reset by i8042']);
  });

  test('by clearing bit 0 of the output port, and not by setting A20', () => {
    const { command, data, requests } = controller();
    command(0xd1);
    data(0xdf);
    expect(requests).toEqual([]);
    command(0xd1);
    data(0xde);
    expect(requests).toEqual(['reset by i8042']);
  });

  test.each([
    ['0xff', 0xff],
    ['0xfd', 0xfd],
    ['0xf1', 0xf1],
  ])('not by command %s, which pulses other lines or none', (_, value) => {
    const { command, requests } = controller();
    command(value);
    expect(requests).toEqual([]);
  });
});

describe('a kernel without a keyboard is content', () => {
  test('it never waits for room to write, and there is nothing to read at first', () => {
    const { status, command } = controller();
    expect(status() & 0x03).toBe(0);
    command(0xd4);
    expect(status() & 0x02).toBe(0);
  });

  test.each([
    ['self test', 0xaa, 0x55],
    ['keyboard interface in order', 0xab, 0x00],
    ['auxiliary interface without a device', 0xa9, 0x01],
    ['command byte', 0x20, 0x04],
    ['output port', 0xd0, 0x03],
  ])('a question is answered at once: %s', (_, value, answer) => {
    const { command, status, read } = controller();
    command(value);
    expect(status() & 0x29).toBe(0x09);
    expect(read()).toBe(answer);
    expect(status() & 0x01).toBe(0);
  });

  test('a byte for the keyboard comes back as a timeout, at once', () => {
    const { data, status, read } = controller();
    data(0xf2);
    expect(status() & 0x41).toBe(0x41);
    expect(read()).toBe(0xfe);
    expect(status() & 0x41).toBe(0);
  });

  test('the auxiliary loop does not look like a mouse: its byte lacks the AUX mark', () => {
    const { command, data, status, read } = controller();
    command(0xd3);
    data(0x5a);
    expect(status() & 0x21).toBe(0x01);
    expect(read()).toBe(0x5a);
  });

  test('the command byte keeps what is written and follows the enable commands', () => {
    const { command, data, read } = controller();
    const commandByte = (): number => {
      command(0x20);
      return read();
    };
    command(0x60);
    data(0x45);
    expect(commandByte()).toBe(0x45);
    command(0xad);
    command(0xa7);
    expect(commandByte()).toBe(0x75);
    command(0xae);
    command(0xa8);
    expect(commandByte()).toBe(0x45);
  });

  test('the interrupt comes only when the command byte lets it, and goes with the byte', () => {
    const { command, data, read, seen } = controller();
    data(0xf2);
    expect(seen.level).toBe(false);
    read();
    command(0x60);
    data(0x01);
    data(0xf2);
    expect(seen.level).toBe(true);
    read();
    expect(seen.level).toBe(false);
  });

  test('a command drops the parameter another one waits for', () => {
    const { command, data, requests, read } = controller();
    command(0xd1);
    command(0xaa);
    expect(read()).toBe(0x55);
    data(0x00);
    expect(requests).toEqual([]);
  });
});

import { describe, expect, test } from '@jest/globals';
import { Gate } from '../ninep/contract/stubs.ts';
import { GuestConsole } from './guest-console.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A console with a port that takes `room` bytes and then no more. */
function connected(room = 16) {
  const failures: unknown[] = [];
  const console = new GuestConsole((error) => failures.push(error));
  const port = { room, typed: '', resumed: 0 };
  console.connect({
    receive(piece) {
      const taken = piece.subarray(0, port.room);
      port.room -= taken.length;
      port.typed += Buffer.from(taken).toString();
      return taken.length;
    },
    resumeOutput() {
      port.resumed += 1;
    },
  });
  return { console, port, failures };
}

describe('listeners that misbehave', () => {
  test('one that throws is told of and dropped; the guest and the others go on', () => {
    const { console, failures } = connected();
    const heard: string[] = [];
    console.listen(() => {
      throw new Error('no terminal');
    });
    console.listen((piece) => void heard.push(Buffer.from(piece).toString()));
    expect([console.transmit(bytes('a')), console.transmit(bytes('b'))]).toEqual([true, true]);
    expect([heard, failures]).toEqual([['a', 'b'], [new Error('no terminal')]]);
  });

  test('one that rejects, twice at once even: the port goes on, and the failure is told once', async () => {
    const { console, port, failures } = connected();
    const gates = [new Gate<void>(), new Gate<void>()];
    let call = 0;
    console.listen(() => gates[call++]?.promise);
    expect([console.transmit(bytes('a')), console.transmit(bytes('b'))]).toEqual([false, false]);
    for (const gate of gates) gate.reject(new Error('gone'));
    await turn();
    expect([port.resumed, failures]).toEqual([1, [new Error('gone')]]);
    expect(console.transmit(bytes('c'))).toBe(true);
    expect(call).toBe(2);
  });

  test('one that returns something that is no promise holds nothing back', () => {
    const { console } = connected();
    const pieces: Uint8Array[] = [];
    console.listen((piece) => pieces.push(piece) as unknown as undefined);
    expect(console.transmit(bytes('a'))).toBe(true);
  });
});

describe('output', () => {
  test('without listeners is taken', () => {
    expect(connected().console.transmit(bytes('a'))).toBe(true);
  });

  test('waits for the slowest listener', async () => {
    const { console, port } = connected();
    const [fast, slow] = [new Gate<void>(), new Gate<void>()];
    console.listen(() => fast.promise);
    console.listen(() => slow.promise);
    expect(console.transmit(bytes('a'))).toBe(false);
    fast.resolve();
    await turn();
    expect(port.resumed).toBe(0);
    slow.resolve();
    await turn();
    expect(port.resumed).toBe(1);
  });
});

describe('typing', () => {
  test('goes as fast as the guest reads, in order', async () => {
    const { console, port } = connected(2);
    const done: string[] = [];
    const first = console.type(bytes('abc')).then(() => done.push('first'));
    const second = console.type(bytes('de')).then(() => done.push('second'));
    await turn();
    expect([port.typed, done]).toEqual(['ab', []]);
    port.room = 2;
    console.readyForInput();
    await first;
    expect([port.typed, done]).toEqual(['abcd', ['first']]);
    port.room = 9;
    console.readyForInput();
    await second;
    expect(port.typed).toBe('abcde');
  });

  test('before there is a port waits for it, and nothing is typed at once', async () => {
    const console = new GuestConsole();
    await console.type(new Uint8Array(0));
    const early = console.type(bytes('x'));
    let typed = '';
    console.connect({
      receive(piece) {
        typed += Buffer.from(piece).toString();
        return piece.length;
      },
      resumeOutput() {},
    });
    console.readyForInput();
    await early;
    expect(typed).toBe('x');
  });

  test('a guest that never reads: the end of the machine settles what waits, and what comes later', async () => {
    const { console, port } = connected(0);
    const waiting = [console.type(bytes('a')), console.type(bytes('b'))];
    console.end();
    await Promise.all(waiting);
    await console.type(bytes('c'));
    expect(port.typed).toBe('');
  });
});

describe('a terminal beside the serial port', () => {
  function withTerminal() {
    const { console, port } = connected();
    const terminal = { room: 0, typed: '', resumed: 0, size: [0, 0] };
    console.connectTerminal({
      receive(piece) {
        const taken = piece.subarray(0, terminal.room);
        terminal.room -= taken.length;
        terminal.typed += Buffer.from(taken).toString();
        return taken.length;
      },
      resumeOutput() {
        terminal.resumed += 1;
      },
      resize(rows, columns) {
        terminal.size = [rows, columns];
      },
    });
    return { console, port, terminal };
  }

  test('gets what is typed, once it has room, and the serial port nothing', async () => {
    const { console, port, terminal } = withTerminal();
    const typed = console.type(bytes('early'));
    expect([terminal.typed, port.typed]).toEqual(['', '']);
    terminal.room = 8;
    console.readyForInput();
    await typed;
    expect([terminal.typed, port.typed]).toEqual(['early', '']);
  });

  test('goes on together with the serial port, and hears of sizes', async () => {
    const { console, port, terminal } = withTerminal();
    const gate = new Gate<void>();
    console.listen(() => gate.promise);
    expect(console.transmit(bytes('a'))).toBe(false);
    gate.resolve();
    await turn();
    expect([port.resumed, terminal.resumed]).toEqual([1, 1]);
    console.resize(50, 132);
    expect(terminal.size).toEqual([50, 132]);
  });
});

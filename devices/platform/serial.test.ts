import { describe, expect, test } from '@jest/globals';
import { SerialPort } from './serial.ts';

// Offsets and bits as the datasheet's tables have them.
const [RBR, THR, IER, IIR, FCR, LCR, MCR, LSR, MSR, SCR] = [0, 0, 1, 2, 2, 3, 4, 5, 6, 7];

function serial({ host = () => true }: { host?: (bytes: Uint8Array) => boolean } = {}) {
  const sent: number[][] = [];
  const deferred: (() => void)[] = [];
  const seen = { level: false, rises: 0, ready: 0 };
  const port = new SerialPort({
    line: {
      set(level) {
        if (level && !seen.level) seen.rises += 1;
        seen.level = level;
      },
    },
    defer: (work) => deferred.push(work),
    transmit: (bytes) => {
      sent.push([...bytes]);
      return host(bytes);
    },
    readyForInput: () => {
      seen.ready += 1;
    },
  });
  const turn = (): void => {
    for (const work of deferred.splice(0)) work();
  };
  const out = (offset: number, value: number): void => port.write(offset, 1, value);
  const inb = (offset: number): number => port.read(offset, 1);
  return { port, sent, seen, turn, out, inb };
}

const text = (s: string) => new TextEncoder().encode(s);

describe('input', () => {
  test('that the guest does not read is refused, not dropped, and the source is told when there is room', () => {
    const { port, out, inb, seen, turn } = serial();
    out(FCR, 0x01);
    expect(port.receive(text('0123456789abcdefXYZ'))).toBe(16);
    expect(port.receive(text('X'))).toBe(0);
    turn();
    expect(seen.ready).toBe(0);
    expect(String.fromCharCode(inb(RBR), inb(RBR))).toBe('01');
    expect(seen.ready).toBe(0);
    turn();
    expect(seen.ready).toBe(1);
    expect(port.receive(text('XYZ'))).toBe(2);
    expect(inb(LSR) & 0x02).toBe(0);
  });

  test('is one byte at a time while the FIFOs are off', () => {
    const { port, inb } = serial();
    expect(port.receive(text('ab'))).toBe(1);
    expect([inb(LSR) & 1, inb(RBR), inb(LSR) & 1, inb(RBR)]).toEqual([1, 0x61, 0, 0]);
  });

  test('interrupts with the timeout below the trigger level and as data from it on', () => {
    const { port, out, inb, seen } = serial();
    out(FCR, 0x81);
    out(MCR, 0x08);
    out(IER, 0x01);
    expect(seen.level).toBe(false);
    port.receive(text('1234567'));
    expect([seen.level, inb(IIR)]).toEqual([true, 0xcc]);
    port.receive(text('8'));
    expect(inb(IIR)).toBe(0xc4);
    for (let i = 0; i < 8; i += 1) inb(RBR);
    expect([seen.level, inb(IIR)]).toEqual([false, 0xc1]);
  });

  test('is emptied by bit 1 of the FIFO control register, and by switching the FIFOs', () => {
    const { port, out, inb } = serial();
    out(FCR, 0x01);
    port.receive(text('abc'));
    out(FCR, 0x03);
    expect(inb(LSR) & 1).toBe(0);
    port.receive(text('abc'));
    out(FCR, 0x00);
    expect(inb(LSR) & 1).toBe(0);
  });
});

describe('output', () => {
  test('reaches the host in batches, once for a turn of the event loop', () => {
    const { out, sent, turn } = serial();
    for (const byte of text('hello')) out(THR, byte);
    expect(sent).toEqual([]);
    turn();
    expect(sent).toEqual([[...text('hello')]]);
    turn();
    expect(sent).toHaveLength(1);
  });

  test('of a flood is handed over in pieces of bounded size', () => {
    const { out, sent } = serial();
    for (let i = 0; i < 10_000; i += 1) out(THR, i & 0xff);
    expect(sent.map((bytes) => bytes.length)).toEqual([4096, 4096]);
  });

  test('to a host that asks for a pause shows a busy transmitter; software that goes on writing loses bytes, memory does not grow', () => {
    let willing = false;
    const { port, out, inb, sent, turn, seen } = serial({ host: () => willing });
    out(MCR, 0x08);
    out(IER, 0x02);
    inb(IIR);
    out(THR, 1);
    turn();
    expect(inb(LSR)).toBe(0x00);
    inb(IIR);
    for (let i = 0; i < 10_000; i += 1) out(THR, 2);
    turn();
    expect([sent.length, seen.level]).toEqual([1, false]);
    willing = true;
    port.resumeOutput();
    expect(sent.map((bytes) => bytes.length)).toEqual([1, 4096]);
    expect([inb(LSR), seen.level, inb(IIR)]).toEqual([0x60, true, 0x02]);
  });

  test('is flushed before the machine ends', () => {
    const { port, out, sent, turn } = serial();
    out(THR, 0x21);
    port.flush();
    turn();
    expect(sent).toEqual([[0x21]]);
  });

  test('interrupts when the transmitter is empty, until the cause is read', () => {
    const { out, inb, seen } = serial();
    out(MCR, 0x08);
    out(IER, 0x02);
    expect([seen.level, inb(IIR), seen.level, inb(IIR)]).toEqual([true, 0x02, false, 0x01]);
    out(THR, 0x41);
    expect([seen.level, seen.rises]).toEqual([true, 2]);
    out(IER, 0);
    expect(seen.level).toBe(false);
  });
});

test('the most urgent cause is told first, and reading it ends no other', () => {
  const { port, out, inb } = serial();
  out(FCR, 0x01);
  out(IER, 0x07);
  port.receive(text('a'));
  expect(inb(IIR)).toBe(0xc4);
  expect(inb(IIR)).toBe(0xc4);
  inb(RBR);
  expect([inb(IIR), inb(IIR)]).toEqual([0xc2, 0xc1]);
});

test('OUT2 gates the interrupt, as on a PC', () => {
  const { out, seen } = serial();
  out(IER, 0x02);
  expect(seen.level).toBe(false);
  out(MCR, 0x08);
  expect(seen.level).toBe(true);
  out(MCR, 0x18);
  expect(seen.level).toBe(false);
});

describe('what Linux does to find out which chip it has', () => {
  test('interrupt enable has four bits', () => {
    const { out, inb } = serial();
    out(IER, 0);
    expect(inb(IER)).toBe(0);
    out(IER, 0xff);
    expect(inb(IER)).toBe(0x0f);
  });

  test('loopback shows the modem outputs as inputs', () => {
    const { out, inb } = serial();
    out(MCR, 0x1a);
    expect(inb(MSR) & 0xf0).toBe(0x90);
    out(MCR, 0x15);
    expect(inb(MSR) & 0xf0).toBe(0x60);
  });

  test('FIFOs on show in bits 6 and 7 of the interrupt identification, bit 5 (a 16750) does not', () => {
    const { out, inb } = serial();
    expect(inb(IIR) >> 6).toBe(0);
    out(FCR, 0x01);
    expect(inb(IIR)).toBe(0xc1);
    out(LCR, 0x80);
    out(FCR, 0x21);
    expect(inb(IIR) >> 5).toBe(6);
    out(LCR, 0xbf);
    expect(inb(2)).not.toBe(0);
  });

  test('enabling the transmitter interrupt twice gives it twice', () => {
    const { out, inb } = serial();
    out(IER, 0x02);
    const first = inb(IIR);
    out(IER, 0x00);
    out(IER, 0x02);
    expect([first & 0x0f, inb(IIR) & 0x0f]).toEqual([0x02, 0x02]);
  });

  test('bytes sent in loopback come back and reach no host; the 17th is an overrun', () => {
    const { port, out, inb, sent, turn } = serial();
    out(FCR, 0x01);
    out(MCR, 0x10);
    for (let i = 0; i < 17; i += 1) out(THR, i);
    expect(port.receive(text('x'))).toBe(0);
    turn();
    expect(sent).toEqual([]);
    expect([inb(LSR), inb(LSR)]).toEqual([0x63, 0x61]);
    expect([inb(RBR), inb(RBR)]).toEqual([0, 1]);
  });

  test('an overrun interrupts first of all, until the line status is read', () => {
    const { out, inb } = serial();
    out(MCR, 0x10);
    out(IER, 0x05);
    out(THR, 1);
    out(THR, 2);
    expect(inb(IIR)).toBe(0x06);
    inb(LSR);
    expect(inb(IIR)).toBe(0x04);
  });
});

test('the divisor stands where data and interrupt enable do while DLAB is set', () => {
  const { out, inb, sent, turn } = serial();
  out(IER, 0x05);
  out(LCR, 0x83);
  expect([inb(0), inb(1)]).toEqual([0x0c, 0x00]);
  out(0, 0x01);
  out(1, 0x02);
  expect([inb(0), inb(1)]).toEqual([0x01, 0x02]);
  out(LCR, 0x03);
  expect([inb(IER), inb(LCR)]).toEqual([0x05, 0x03]);
  turn();
  expect(sent).toEqual([]);
});

test('wider accesses are taken byte by byte', () => {
  const { port, inb } = serial();
  port.write(SCR - 3, 4, 0xa5_00_00_0b);
  expect([inb(MCR), inb(SCR)]).toEqual([0x0b, 0xa5]);
  expect(port.read(SCR - 3, 4)).toBe(0xa5_b0_60_0b);
});

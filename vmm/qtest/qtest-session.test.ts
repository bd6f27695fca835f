import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { MOST_BYTES } from './commands.ts';
import { QtestMachine } from './qtest-machine.ts';
import { QtestSession } from './qtest-session.ts';

const MIB = 2 ** 20;

let machine: QtestMachine;
let sent: string[];
let session: QtestSession;

beforeEach(async () => {
  machine = await QtestMachine.create({ memory: 4 * MIB, cpus: 2 });
  sent = [];
  session = new QtestSession(machine.target, { send: (line) => void sent.push(line) });
});
afterEach(async () => {
  session.close();
  await machine.stop();
});

const latin1 = (text: string) => Buffer.from(text, 'latin1');

/** What is sent for each of these lines, given at once. */
async function ask(...lines: readonly string[]): Promise<string[]> {
  sent.length = 0;
  await session.receive(latin1(`${lines.join('\n')}\n`));
  return [...sent];
}

describe('lines that cannot be are answered FAIL, and the next one is served', () => {
  test.each([
    ['frobnicate', "FAIL Unknown command 'frobnicate'"],
    ['constructor', "FAIL Unknown command 'constructor'"],
    ['outb\x01\xff', "FAIL Unknown command 'outb??'"],
    [`${'x'.repeat(99)}`, `FAIL Unknown command '${'x'.repeat(40)}'`],
    ['readb', 'FAIL readb: takes ADDR'],
    ['readb 1 2', 'FAIL readb: takes ADDR'],
    ['writeb 1', 'FAIL writeb: takes ADDR VALUE'],
    ['endianness please', 'FAIL endianness: takes no arguments'],
    ['readb x', "FAIL readb: 'x' is no number of 64 bits"],
    ['readb 08', "FAIL readb: '08' is no number of 64 bits"],
    ['readb -1', "FAIL readb: '-1' is no number of 64 bits"],
    ['readb 0x', "FAIL readb: '0x' is no number of 64 bits"],
    ['readb 0x10000000000000000', "FAIL readb: '0x10000000000000000' is no number of 64 bits"],
    ['readb 18446744073709551616', "FAIL readb: '18446744073709551616' is no number of 64 bits"],
    [`readb ${'0'.repeat(10_000)}`, `FAIL readb: '${'0'.repeat(40)}' is no number of 64 bits`],
    ['inb 0x10000', 'FAIL inb: ports go up to 0xffff'],
    ['outl 0xffffffffffffffff 1', 'FAIL outl: ports go up to 0xffff'],
    ['read 0 0x1000001', 'FAIL read: SIZE is 16777216 at most'],
    ['memset 0 0xffffffffffffffff 1', 'FAIL memset: SIZE is 16777216 at most'],
    ['write 0 99999999999 0x00', 'FAIL write: SIZE is 16777216 at most'],
    ['write 0 1 00', 'FAIL write: DATA is pairs of hexadecimal digits after 0x'],
    ['write 0 1 0x0', 'FAIL write: DATA is pairs of hexadecimal digits after 0x'],
    ['write 0 1 0xgg', 'FAIL write: DATA is pairs of hexadecimal digits after 0x'],
    ['b64write 0 1 AAAA', 'FAIL b64write: DATA is 3 bytes and not 1'],
    ['b64write 0 3 A*AA', 'FAIL b64write: DATA is no base64'],
    ['clock_step', 'FAIL clock_step: there is no timer to wait for'],
    ['clock_set 0x8000000000000000', 'FAIL clock_set: the clock does not go that far'],
    ['irq_intercept_in pic', 'FAIL irq_intercept_in: unknown device; lines can be watched of ioapic'],
    ['irq_intercept_out', 'FAIL irq_intercept_out: takes NAME'],
  ])('%s', async (line, answer) => {
    expect(await ask(line, 'endianness')).toEqual([answer, 'OK little']);
  });

  test('a line too long to be one, in pieces', async () => {
    const piece = latin1('x'.repeat(MIB));
    for (let i = 0; i < 40; i++) await session.receive(piece);
    expect(await ask('', 'endianness')).toEqual(['OK little']);
  });

  test('a line too long is refused once', async () => {
    await session.receive(latin1('x'.repeat(2 * MOST_BYTES + 1000)));
    await session.receive(latin1('y'.repeat(1000)));
    expect(sent).toEqual([`FAIL a line has ${2 * MOST_BYTES + 256} bytes at most`]);
  });
});

describe('memory', () => {
  test.each([
    ['writeb 0x1000 0x1ff', 'readb 0x1000', 'OK 0x00000000000000ff'],
    ['writew 010000 0xabcd', 'readw 4096', 'OK 0x000000000000abcd'],
    ['writel 0x1001 0xdeadbeef', 'readl 0x1001', 'OK 0x00000000deadbeef'],
    ['writeq 0x1000 0x1122334455667788', 'readq 0X1000', 'OK 0x1122334455667788'],
    ['writeq 0x1000 0x1122334455667788', 'read 0x1002 3', 'OK 0x665544'],
    ['write 0x1000 4 0x0102', 'read 0x1000 5', 'OK 0x0102000000'],
    ['write 0x1000 2 0x01020304', 'read 0x1000 4', 'OK 0x01020000'],
    ['b64write 0x1000 3 AQID', 'b64read 0x1000 4', 'OK AQIDAA=='],
    ['memset 0x1fff 3 0x141', 'read 0x1ffe 5', 'OK 0x0041414100'],
    ['write 0x1000 0 0x', 'read 0x1000 0', 'OK 0x'],
  ])('%s; %s', async (write, read, answer) => {
    expect(await ask(write, read)).toEqual(['OK', answer]);
  });

  test('across the end of RAM, and where no bus reaches', async () => {
    expect(await ask('memset 0x3ffffe 8 7', 'read 0x3ffffc 8')).toEqual(['OK', 'OK 0x00000707ffffffff']);
    expect(await ask('writeq 0x10000000000000 1', 'readq 0x10000000000000')).toEqual(['OK', `OK 0x${'f'.repeat(16)}`]);
    expect(await ask('write 0xfffffffffffffffe 4 0x01', 'read 0xfffffffffffffffe 4')).toEqual(['OK', 'OK 0xffffffff']);
  });

  test('a word across a page goes to both', async () => {
    expect(await ask('writel 0x1ffe 0x11223344', 'readw 0x2000')).toEqual(['OK', 'OK 0x0000000000001122']);
  });
});

describe('ports', () => {
  test('the host bridge, and PCI as it is at power-on', async () => {
    expect(await ask('outl 0xcf8 0x80000000', 'inl 0xcfc', 'inw 0xcfe', 'outl 0xcf8 0x80000802', 'inw 0xcfc')).toEqual([
      'OK',
      'OK 0x12378086',
      'OK 0x1237',
      'OK',
      'OK 0x0011',
    ]);
    expect(await ask('outl 0xcf8 0x80000810', 'inl 0xcfc', 'outl 0xcf8 0x80000804', 'inw 0xcfc')).toEqual([
      'OK',
      'OK 0x0000',
      'OK',
      'OK 0x0000',
    ]);
  });

  test('fw_cfg tells RAM and processors', async () => {
    const answers = await ask('outw 0x510 3', ...new Array<string>(8).fill('inb 0x511'));
    expect(answers.slice(1)).toEqual(
      [0, 0, 0x40, 0, 0, 0, 0, 0].map((byte) => `OK 0x00${byte.toString(16).padStart(2, '0')}`),
    );
    expect(await ask('outw 0x510 5', 'inb 0x511')).toEqual(['OK', 'OK 0x0002']);
  });
});

describe('clock and interrupts', () => {
  test('the clock stands still, and goes forward only', async () => {
    expect(await ask('clock_step 5', 'clock_step 0x10', 'clock_set 7', 'clock_set 1000')).toEqual([
      'OK 5',
      'OK 21',
      'OK 21',
      'OK 1000',
    ]);
  });

  const START_TIMER = ['outb 0x43 0x34', 'outb 0x40 0xa9', 'outb 0x40 0x04'];

  test('a timer of 1 kHz raises its pin as the clock passes, and only then', async () => {
    expect(await ask('irq_intercept_in /machine/ioapic', ...START_TIMER)).toEqual([
      'OK',
      'IRQ raise 2',
      'OK',
      'OK',
      'OK',
    ]);
    expect(await ask('endianness')).toEqual(['OK little']);
    const answers = await ask('clock_step 3500000');
    expect(answers.at(-1)).toBe('OK 3500000');
    expect(answers.filter((line) => line === 'IRQ raise 2')).toHaveLength(3);
    const stepped = await ask('clock_step');
    expect(stepped).toEqual(expect.arrayContaining(['IRQ raise 2']));
    const now = Number(stepped.at(-1)?.slice(3));
    expect(Math.abs(now - 4_000_000)).toBeLessThan(2000);
  });

  test('without being asked nothing is told', async () => {
    expect(await ask(...START_TIMER, 'clock_step 2000000')).toEqual(['OK', 'OK', 'OK', 'OK 2000000']);
  });

  test('a step of three hundred years with a fast timer ends', async () => {
    const began = performance.now();
    const [last] = (await ask('irq_intercept_in ioapic', ...START_TIMER, 'clock_set 9223372036854775807')).slice(-1);
    expect(last).toBe('OK 9223372036854775807');
    expect(performance.now() - began).toBeLessThan(5000);
  });

  test('a closed session is told nothing more', async () => {
    await ask('irq_intercept_in ioapic');
    session.close();
    machine.target.pins.line(5).set(true);
    expect(await ask('endianness')).toEqual([]);
  });
});

test('lines may come in any pieces, with either end, and blank ones are nothing', async () => {
  for (const byte of latin1('\n\r\nendianness\r\n readb  0x1000 \nclock_step 1')) {
    await session.receive(Uint8Array.of(byte));
  }
  expect(sent).toEqual(['OK little', 'OK 0x0000000000000000']);
  await session.receive(latin1('0\n'));
  expect(sent.at(-1)).toBe('OK 10');
});

test('a machine that is none has memory and nothing else', async () => {
  const none = await QtestMachine.create({ machine: 'none' });
  const bare = new QtestSession(none.target, { send: (line) => void sent.push(line) });
  await bare.receive(latin1('writeb 0 7\nreadb 0\ninb 0x3f8\noutl 0xcf8 0x80000000\ninl 0xcfc\n'));
  expect(sent).toEqual(['OK', 'OK 0x0000000000000007', 'OK 0x00ff', 'OK', 'OK 0xffffffff']);
  await none.stop();
});

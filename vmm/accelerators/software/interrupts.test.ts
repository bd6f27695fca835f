import { describe, expect, test } from '@jest/globals';
import * as code from './test-support/machine-code.ts';
import { LAYOUT, type TinyGuest, withGuest } from './test-support/tiny-guest.ts';

const PORT = 0x1234;
const DEVICE = 0xc000_0000;
const VECTOR = 0x41;
const LOCAL_APIC = 0xfee0_0000n;
const TAKEN = LAYOUT.data;
const ROUTINE = 0x4000;

/** Level-triggered, masked. @spec Intel 82093AA §3.2.4 IOREDTBL: I/O Redirection Table Registers */
const LEVEL = 1 << 15;
const MASKED = 1 << 16;

const enable = [...code.lidt(LAYOUT.idtr), ...code.sti];
const idle = code.again(code.hlt);
const redirect = (pin: number, entry: number) => [
  ...code.storeAt(0xfec0_0000, 0x10 + 2 * pin),
  ...code.storeAt(0xfec0_0010, entry),
];
const acknowledge = code.storeAt(0xfee0_00b0, 0);
const toPort = (value: number) => [...code.movEdx(PORT), ...code.movEax(value), ...code.out[4]];

/** Counts, tells the host by the port, acknowledges; registers are as they were. */
const handler = [0x60, ...code.incMemory(TAKEN), ...toPort(1), ...acknowledge, 0x61, ...code.iret];

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

const taken = (guest: TinyGuest) => guest.get(TAKEN, 1)[0];
const told = (guest: TinyGuest) => guest.next(({ address }) => address === PORT);

describe('messages', () => {
  test('wake an idle guest, one interrupt for each', async () => {
    await withGuest({ code: [...enable, ...idle], handler, vectors: [VECTOR] }, async (guest) => {
      guest.start();
      await turns(5);
      for (let i = 0; i < 3; i++) {
        const next = told(guest);
        guest.accelerator.messages.send(LOCAL_APIC, VECTOR);
        await next;
      }
      await turns(10);
      expect(taken(guest)).toBe(3);
    });
  });

  test.each([
    ['to another address', 0xfec0_0000n, VECTOR],
    ['above 4 GiB', 0x1_fee0_0000n, VECTOR],
    ['with a vector of the CPU itself', LOCAL_APIC, 0x0e],
    ['as NMI', LOCAL_APIC, 0x400 | VECTOR],
    ['as INIT', LOCAL_APIC, 0x500 | VECTOR],
  ])('%s are dropped', async (_, address, data) => {
    await withGuest({ code: [...enable, ...idle], handler, vectors: [VECTOR, 0x0e, 2] }, async (guest) => {
      guest.start();
      await turns(5);
      guest.accelerator.messages.send(address, data);
      await turns(20);
      expect(guest.accesses).toEqual([]);
    });
  });

  test('wait while interrupts are off', async () => {
    const guestCode = [...code.lidt(LAYOUT.idtr), ...toPort(5), ...toPort(6), ...code.sti, ...idle];
    const write = ({ value }: { value: number }, guest: TinyGuest) => {
      if (value === 5) guest.accelerator.messages.send(LOCAL_APIC, VECTOR);
    };
    await withGuest({ code: guestCode, handler, vectors: [VECTOR], write }, async (guest) => {
      const next = guest.next(({ value }) => value === 1);
      guest.start();
      await next;
      expect(guest.written(PORT)).toEqual([5, 6, 1]);
    });
  });
});

describe('an interrupt requested from within an access', () => {
  const STORED = 0x5a5a_5a5a;
  const store = [...code.movEbx(DEVICE), ...code.movEax(STORED), ...code.store[4]];
  const quiet = [...code.incMemory(TAKEN), ...acknowledge, ...code.iret];

  const request = {
    'by a message': (guest: TinyGuest) => guest.accelerator.messages.send(LOCAL_APIC, VECTOR),
    'at a pin of the core': (guest: TinyGuest) => pulse(guest, 4),
    'at a pin of ours': (guest: TinyGuest) => pulse(guest, 18),
  };
  const pulse = (guest: TinyGuest, pin: number) => {
    const line = guest.accelerator.line(pin);
    line.set(true);
    line.set(false);
  };

  test.each(Object.entries(request))('%s is taken behind its instruction, and none is lost', async (_, send) => {
    const rounds = 5_000;
    // Stores to the device, which requests; then waits until the handler's count is EDX, raised by one each round.
    const check = [0x3d, ...code.u32(STORED), 0x74, 0x02, ...code.ud2];
    const wait = [0x42, 0x39, 0x15, ...code.u32(TAKEN), 0x75, 0xf8];
    const guestCode = [
      ...redirect(4, VECTOR),
      ...redirect(18, VECTOR),
      ...enable,
      ...code.movEdx(0),
      ...code.repeat(rounds, [...store, ...check, ...wait]),
      ...code.cli,
      ...code.hlt,
    ];
    const write = ({ value }: { value: number }, guest: TinyGuest) => {
      if (value === STORED) send(guest);
    };
    await withGuest({ code: guestCode, handler: quiet, vectors: [VECTOR], write }, async (guest) => {
      guest.start();
      expect(await guest.stopped).toEqual({ reason: 'halted' });
      expect(guest.get(TAKEN, 4)).toEqual(code.u32(rounds));
    });
  });

  test('is not kept waiting for the end of a round', async () => {
    const rounds = 200;
    // Counts in EDX how often it calls a routine until that finds the handler's flag, which is taken back each time.
    const look = [0x42, 0x83, 0x3d, ...code.u32(TAKEN), 0, ...code.ret];
    const calls = code.call(ROUTINE);
    const wait = [...calls, 0x74, 0x100 - (calls.length + 2), ...code.storeAt(TAKEN, 0)];
    const report = [0x89, 0xd0, ...code.movEdx(PORT), ...code.out[4]];
    const guestCode = [
      ...enable,
      ...code.movEdx(0),
      ...code.repeat(rounds, [...store, ...wait]),
      ...report,
      ...code.cli,
      ...code.hlt,
    ];
    const write = ({ value }: { value: number }, guest: TinyGuest) => {
      if (value === STORED) request['by a message'](guest);
    };
    await withGuest({ code: guestCode, handler: quiet, vectors: [VECTOR], write }, async (guest) => {
      guest.put(ROUTINE, look);
      guest.start();
      await guest.stopped;
      expect(guest.written(PORT)[0]).toBeLessThan(rounds * 10);
    });
  });
});

// Pins up to 15 are driven by the core, those above by us: they behave alike.
describe.each([4, 18])('pin %d of the IOAPIC', (pin) => {
  test('edge-triggered: a rise is one interrupt', async () => {
    const guestCode = [...redirect(pin, VECTOR), ...enable, ...idle];
    await withGuest({ code: guestCode, handler, vectors: [VECTOR] }, async (guest) => {
      guest.start();
      await turns(5);
      const line = guest.accelerator.line(pin);
      for (const level of [true, true, false, true]) {
        line.set(level);
        await turns(10);
      }
      expect(taken(guest)).toBe(2);
    });
  });

  test('level-triggered: interrupts again until it is low', async () => {
    const guestCode = [...redirect(pin, LEVEL | VECTOR), ...enable, ...idle];
    let left = 3;
    const line: { set?: (level: boolean) => void } = {};
    const write = () => {
      left--;
      if (left === 0) line.set?.(false);
    };
    await withGuest({ code: guestCode, handler, vectors: [VECTOR], write }, async (guest) => {
      const { set: setLine } = guest.accelerator.line(pin);
      line.set = setLine;
      guest.start();
      await turns(5);
      setLine(true);
      await turns(30);
      expect(taken(guest)).toBe(3);
      setLine(true);
      await turns(10);
      setLine(false);
      expect(taken(guest)).toBeGreaterThan(3);
    });
  });

  test('masked and level-triggered: interrupts when it is unmasked', async () => {
    const guestCode = [
      ...redirect(pin, MASKED | LEVEL | VECTOR),
      ...enable,
      ...toPort(5),
      ...redirect(pin, LEVEL | VECTOR),
      ...idle,
    ];
    const line: { set?: (level: boolean) => void } = {};
    const write = ({ value }: { value: number }) => line.set?.(value === 5);
    await withGuest({ code: guestCode, handler, vectors: [VECTOR], write }, async (guest) => {
      line.set = guest.accelerator.line(pin).set;
      const next = guest.next(({ value }) => value === 1);
      guest.start();
      await next;
      expect(guest.written(PORT)).toEqual([5, 1]);
    });
  });

  test('masked and edge-triggered: the rise is lost', async () => {
    const guestCode = [...redirect(pin, MASKED | VECTOR), ...enable, ...toPort(5), ...redirect(pin, VECTOR), ...idle];
    const write = (_: unknown, guest: TinyGuest) => guest.accelerator.line(pin).set(true);
    await withGuest({ code: guestCode, handler, vectors: [VECTOR], write }, async (guest) => {
      guest.start();
      await turns(20);
      expect(guest.written(PORT)).toEqual([5]);
    });
  });
});

test('the timer interrupts at pin 2, as often as it is programmed to', async () => {
  const port = (address: number, value: number) => [...code.movEdx(address), ...code.movEax(value), ...code.out[1]];
  // Counter 0, low and high byte, mode 2, 2386 ticks: 2 ms.
  const program = [...port(0x43, 0x34), ...port(0x40, 0x52), ...port(0x40, 0x09)];
  const guestCode = [...redirect(2, VECTOR), ...program, ...enable, ...idle];
  await withGuest({ code: guestCode, handler, vectors: [VECTOR] }, async (guest) => {
    guest.start();
    for (let i = 0; i < 5; i++) await told(guest);
    expect(taken(guest)).toBeGreaterThanOrEqual(5);
  });
});

test('the 8259s pass on a pin that was set within an access', async () => {
  const port = (address: number, value: number) => [...code.movEdx(address), ...code.movEax(value), ...code.out[1]];
  const vectors = 0x40;
  // ICW1 to ICW4, then everything masked but input 4.
  const program = [
    ...port(0x20, 0x11),
    ...port(0x21, vectors),
    ...port(0x21, 0x04),
    ...port(0x21, 0x01),
    ...port(0x21, 0xef),
  ];
  const guestCode = [...program, ...enable, ...toPort(5), ...idle];
  const write = ({ value }: { value: number }, guest: TinyGuest) => guest.accelerator.line(4).set(value === 5);
  await withGuest({ code: guestCode, handler, vectors: [vectors + 4], write }, async (guest) => {
    const next = guest.next(({ value }) => value === 1);
    guest.start();
    await next;
    expect(guest.written(PORT)).toEqual([5, 1]);
  });
});

import { describe, expect, test } from '@jest/globals';
import type { Gpa } from '../../../devices/ports.ts';
import * as code from './test-support/machine-code.ts';
import { LAYOUT, type TinyGuest, withGuest } from './test-support/tiny-guest.ts';

const PORT = 0x1234;
const ROUTINE = 0x4000;
const BELL = 0xc000_1000;
const MIB = 2 ** 20;

/** A routine that gives `value` in EAX. */
const routine = (value: number) => [...code.movEax(value), ...code.ret];
/** Calls the routine often enough for the core to translate it, and tells the port what it gave last. */
const execute = [...code.repeat(300_000, code.call(ROUTINE)), ...code.movEdx(PORT), ...code.out[4]];

describe('views', () => {
  test('show guest RAM in place, aligned as it is, and nothing else', async () => {
    await withGuest({ code: [] }, async ({ accelerator: { memory } }) => {
      const at = (address: number, length: number) => memory.view(address as Gpa, length);
      at(0x5001, 2)?.set([7, 8]);
      expect(Array.from(at(0x5000, 4) ?? [])).toEqual([0, 7, 8, 0]);
      expect((at(0x5000, 1)?.byteOffset ?? 1) % 4096).toBe(0);
      expect(at(MIB - 1, 1)).toHaveLength(1);
      expect(at(MIB - 1, 0)).toHaveLength(0);
      expect([at(MIB, 0), at(MIB - 1, 2), at(-1, 1), at(0, -1), at(2 ** 40, 1)]).toEqual(Array(5).fill(undefined));
    });
  });

  test('do not show the video window, where the core has no RAM', async () => {
    await withGuest({ code: [] }, async ({ accelerator: { memory } }) => {
      const at = (address: number, length: number) => memory.view(address as Gpa, length)?.length;
      expect([at(0x9_ffff, 1), at(0x9_ffff, 2), at(0xa_0000, 1), at(0xb_ffff, 2), at(0xc_0000, 1)]).toEqual([
        1,
        undefined,
        undefined,
        undefined,
        1,
      ]);
    });
  });
});

describe('code that was translated and is then overwritten through a view', () => {
  const rewrite = (guest: TinyGuest) => guest.put(ROUTINE, routine(guest.written(PORT).length + 1));

  test('within an access: the new code is executed', async () => {
    const write = (_: unknown, guest: TinyGuest) => rewrite(guest);
    await withGuest({ code: [...execute, ...execute, ...execute, ...code.hlt], write }, async (guest) => {
      guest.put(ROUTINE, routine(1));
      guest.start();
      await guest.stopped;
      expect(guest.written(PORT)).toEqual([1, 2, 3]);
    });
  });

  test('by a device that was rung: the new code is executed', async () => {
    const ring = [...code.movEbx(BELL), ...code.store[2]];
    await withGuest({ code: [...execute, ...ring, ...execute, ...ring, ...execute, ...code.hlt] }, async (guest) => {
      guest.put(ROUTINE, routine(1));
      guest.accelerator.doorbells.bind({ space: 'mmio', address: BELL as Gpa, width: 2 }, () => rewrite(guest));
      guest.start();
      await guest.stopped;
      expect(guest.written(PORT)).toEqual([1, 2, 3]);
    });
  });

  test('between slices, while the guest executes it: the new code is executed', async () => {
    await withGuest({ code: code.again(execute) }, async (guest) => {
      guest.put(ROUTINE, routine(1));
      const written = (value: number) => guest.next((access) => access.kind === 'write' && access.value === value);
      const [first, second] = [written(1), written(2)];
      guest.start();
      await first;
      await new Promise((resolve) => setImmediate(resolve));
      guest.put(ROUTINE, routine(2));
      expect((await second).value).toBe(2);
    });
  });
});

describe('doorbells', () => {
  const bell = { space: 'mmio', address: BELL as Gpa, width: 2 } as const;
  const store = (width: 1 | 2 | 4, value: number) => [
    ...code.movEbx(BELL),
    ...code.movEax(value),
    ...code.store[width],
  ];

  test('are rung by the writes they are bound to; all others reach the bus', async () => {
    const rung: string[] = [];
    const guestCode = [
      ...store(1, 3),
      ...store(4, 3),
      ...store(2, 4),
      ...store(2, 3),
      ...code.movEdx(PORT),
      ...code.out[2],
      ...code.hlt,
    ];
    await withGuest({ code: guestCode }, async (guest) => {
      const { doorbells } = guest.accelerator;
      doorbells.bind({ ...bell, datamatch: 3 }, () => rung.push('value 3'));
      doorbells.bind({ space: 'pio', address: PORT as Gpa, width: 0 }, () => rung.push('port'));
      guest.start();
      await guest.stopped;
      expect(rung).toEqual(['value 3', 'port']);
      expect(guest.accesses.map(({ width, value }) => [width, value])).toEqual([
        [1, 3],
        [4, 3],
        [2, 4],
      ]);
    });
  });

  test('are answered while the guest waits in a loop', async () => {
    const wait = [0x83, 0x3d, ...code.u32(LAYOUT.data), 0, 0x74, 0xf7];
    await withGuest({ code: [...store(2, 0), ...wait, ...code.hlt] }, async (guest) => {
      guest.accelerator.doorbells.bind(bell, () => guest.put(LAYOUT.data, [1]));
      guest.start();
      expect(await guest.stopped).toEqual({ reason: 'halted' });
    });
  });

  test('unbound, they ring no more, not even for a write before', async () => {
    const rung: string[] = [];
    await withGuest({ code: [...store(2, 0), ...code.hlt] }, async (guest) => {
      const { doorbells } = guest.accelerator;
      doorbells.bind(bell, () => {
        rung.push('first');
        unbind();
      });
      const unbind = doorbells.bind(bell, () => rung.push('second'));
      guest.start();
      await guest.stopped;
      expect(rung).toEqual(['first']);
    });
  });
});

import { describe, expect, test } from '@jest/globals';
import { BOOT_SEGMENTS_32, bootGdt } from '../../boot/segments.ts';
import * as code from './test-support/machine-code.ts';
import { LAYOUT, TinyGuest, tinyEntry, withGuest } from './test-support/tiny-guest.ts';

const PORT = 0x1234;
const OTHER = 0x1238;
const SPIN = [0xeb, 0xfe];
const turns = async (count: number) => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
};
const toPort = (port: number, value: number) => [...code.movEdx(port), ...code.movEax(value), ...code.out[4]];

describe('a CPU that is held by what it has written', () => {
  /** A loop that writes to the port; the jump takes it out of its piece of code. */
  const loop = code.again(toPort(PORT, 1));

  test('goes on when that has settled, and not before', async () => {
    await withGuest({ code: loop }, async (guest) => {
      let release = () => {};
      let holds = 1;
      const takeHold = () => {
        holds -= 1;
        return holds === 0 ? new Promise<void>((resolve) => (release = resolve)) : undefined;
      };
      guest.accelerator.start(tinyEntry, { read: () => 0, write: (...access) => guest.write(...access), takeHold });
      await turns(20);
      const written = guest.written(PORT).length;
      expect(written).toBeGreaterThan(0);
      await turns(20);
      expect(guest.written(PORT)).toHaveLength(written);
      release();
      await guest.next(() => true);
    });
  });

  test('goes on as well when it has failed', async () => {
    await withGuest({ code: [...toPort(PORT, 1), ...SPIN, ...toPort(OTHER, 2), ...SPIN] }, async (guest) => {
      const takeHold = () => Promise.reject(new Error('stuck'));
      const seen = guest.next(() => true);
      guest.accelerator.start(tinyEntry, { read: () => 0, write: (...access) => guest.write(...access), takeHold });
      await seen;
      await turns(5);
      const before = guest.accelerator.sliceCount;
      await turns(10);
      expect(guest.accelerator.sliceCount).toBeGreaterThan(before + 2);
    });
  });
});

describe('a reset', () => {
  test('after a triple fault: it starts again, and ends again', async () => {
    await withGuest({ code: [...toPort(PORT, 7), ...code.ud2] }, async (guest) => {
      guest.start();
      expect(await guest.stopped).toEqual({ reason: 'triple-fault' });
      for (let life = 2; life <= 4; life++) {
        await guest.accelerator.stop();
        await guest.accelerator.reset();
        guest.put(LAYOUT.code, [...toPort(PORT, life), ...code.ud2]);
        guest.put(LAYOUT.gdt, [...bootGdt(BOOT_SEGMENTS_32)]);
        const stopped = new Promise((resolve) => guest.accelerator.onStop(resolve));
        guest.start();
        expect(await stopped).toEqual({ reason: 'triple-fault' });
        expect(guest.written(PORT).at(-1)).toBe(life);
      }
    });
  });

  test('clears RAM, forgets doorbells and holds, and what was asked of the controllers', async () => {
    await withGuest({ code: [...toPort(PORT, 1), ...SPIN] }, async (guest) => {
      const { accelerator } = guest;
      let rung = 0;
      accelerator.doorbells.bind({ space: 'pio', address: OTHER as never, width: 0 }, () => {
        rung += 1;
      });
      accelerator.line(5).set(true);
      const seen = guest.next(() => true);
      accelerator.start(tinyEntry, {
        read: () => 0,
        write: (...access) => guest.write(...access),
        takeHold: () => new Promise(() => {}),
      });
      await seen;
      const old = accelerator.memory.view(LAYOUT.data as never, 4);
      await accelerator.stop();
      await accelerator.reset();
      expect(guest.get(LAYOUT.code, 0x1000).every((byte) => byte === 0)).toBe(true);
      old?.fill(0xff);
      expect(guest.get(LAYOUT.data, 4)).toEqual([0, 0, 0, 0]);
      guest.put(LAYOUT.code, [...toPort(OTHER, 3), ...SPIN]);
      guest.put(LAYOUT.gdt, [...bootGdt(BOOT_SEGMENTS_32)]);
      const again = guest.next(({ address }) => address === OTHER);
      guest.start();
      await again;
      expect(rung).toBe(0);
    });
  });

  test('and a close at the same time leave it closed', async () => {
    const guest = await TinyGuest.create({ code: SPIN });
    guest.start();
    await guest.accelerator.stop();
    await Promise.all([guest.accelerator.reset(), guest.accelerator.close()]);
    expect(guest.accelerator.memory.view(0 as never, 1)).toBeUndefined();
  });
});

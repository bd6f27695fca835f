import { describe, expect, test } from '@jest/globals';
import type { Gpa } from '../../../devices/ports.ts';
import { UsageError } from '../../usage-error.ts';
import { nodeHost } from './node-host.ts';
import { SoftwareAccelerator } from './software-accelerator.ts';
import * as code from './test-support/machine-code.ts';
import { LAYOUT, TinyGuest, tinyEntry, withGuest } from './test-support/tiny-guest.ts';

const PORT = 0x1234;
const PCI = 0xc000_0010;
const MIB = 2 ** 20;

/** Turns of the event loop. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

const toPort = (value: number) => [...code.movEdx(PORT), ...code.movEax(value), ...code.out[4]];

describe('a machine it cannot be is refused', () => {
  const low = (length: number) => ({ base: 0 as Gpa, length });
  test.each([
    [
      '2 GiB of RAM',
      { ram: [low(2048 * MIB)], cpus: 1 },
      'memory of 2 GiB is too much for the software CPU: give less than 2 GiB, or use KVM',
    ],
    [
      'RAM above 4 GiB',
      { ram: [low(3072 * MIB), { base: 0x1_0000_0000 as Gpa, length: MIB }], cpus: 1 },
      'memory of 3073 MiB is too much for the software CPU: give less than 2 GiB, or use KVM',
    ],
    ['two CPUs', { ram: [low(MIB)], cpus: 2 }, 'the software CPU is one CPU: leave --smp 2 out, or use KVM'],
  ])('%s', async (_, options, message) => {
    await expect(SoftwareAccelerator.create(options, nodeHost)).rejects.toEqual(new UsageError(message));
  });

  test('one entered in 64-bit mode', async () => {
    await withGuest({ code: [] }, async ({ accelerator }) => {
      expect(() => accelerator.start({ ...tinyEntry, mode: 'long' }, { read: () => 0, write: () => {} })).toThrow(
        'the software CPU enters a kernel in 32-bit protected mode only',
      );
    });
  });
});

describe('the end of execution', () => {
  test('an exception without a handler is a triple fault', async () => {
    await withGuest({ code: code.ud2 }, async (guest) => {
      guest.start();
      expect(await guest.stopped).toEqual({ reason: 'triple-fault' });
    });
  });

  test('exceptions that raise each other are a triple fault', async () => {
    const pageDirectoryOfNothing = 0x9000;
    const enablePaging = [...code.movEax(pageDirectoryOfNothing), 0x0f, 0x22, 0xd8, 0x0f, 0x20, 0xc0, 0x0d];
    const guestCode = [...code.lidt(LAYOUT.idtr), ...enablePaging, ...code.u32(0x8000_0001), 0x0f, 0x22, 0xc0];
    await withGuest({ code: guestCode }, async (guest) => {
      guest.start();
      expect(await guest.stopped).toEqual({ reason: 'triple-fault' });
    });
  });

  test('HLT with interrupts off halts for good', async () => {
    await withGuest({ code: code.hlt }, async (guest) => {
      guest.start();
      expect(await guest.stopped).toEqual({ reason: 'halted' });
    });
  });

  test('code where no memory is ends it with the state of the CPU', async () => {
    await withGuest({ code: [...code.movEax(0xc000_0000), 0xff, 0xe0] }, async (guest) => {
      guest.start();
      expect(await guest.stopped).toEqual({
        reason: 'error',
        message: 'the software CPU gave up: memory access out of bounds',
        report: expect.stringContaining('eip c0000000'),
      });
    });
  });

  test('an instruction with endless accesses does not keep the host', async () => {
    const endless = [...code.movEdi(0xc000_0000), ...code.movEcx(0xffff_ffff), ...code.repStosb];
    const accelerator = await SoftwareAccelerator.create({ ram: [{ base: 0 as Gpa, length: MIB }], cpus: 1 }, nodeHost);
    try {
      accelerator.memory.view(LAYOUT.code as Gpa, endless.length)?.set(endless);
      const stopped = new Promise((resolve) => accelerator.onStop(resolve));
      accelerator.start(tinyEntry, { read: () => 0, write: () => {} });
      expect(await stopped).toMatchObject({
        message: 'the software CPU gave up: one instruction makes more than 2000000 accesses to devices',
      });
    } finally {
      await accelerator.close();
    }
  });

  test('a device that throws ends it, and not in the middle of the core', async () => {
    const guestCode = [...toPort(1), ...code.hlt];
    const write = () => {
      throw new Error('a bug of ours');
    };
    await withGuest({ code: guestCode, write }, async (guest) => {
      guest.start();
      expect(await guest.stopped).toMatchObject({ reason: 'error', message: 'internal error: a bug of ours' });
    });
  });

  test('stop works while the guest spins, and nobody is told', async () => {
    await withGuest({ code: code.again(code.incMemory(LAYOUT.data)) }, async (guest) => {
      let told = false;
      void guest.stopped.then(() => {
        told = true;
      });
      guest.start();
      await turns(20);
      await guest.accelerator.stop();
      const reached = guest.get(LAYOUT.data, 4);
      await turns(20);
      expect(reached).not.toEqual([0, 0, 0, 0]);
      expect(guest.get(LAYOUT.data, 4)).toEqual(reached);
      expect(told).toBe(false);
    });
  });

  test('a device that stops the machine within an access is obeyed', async () => {
    const guestCode = code.again(toPort(1));
    let ended: Promise<void> | undefined;
    const write = (_: unknown, guest: TinyGuest) => {
      ended ??= guest.accelerator.close();
    };
    await withGuest({ code: guestCode, write }, async (guest) => {
      const first = guest.next(() => true);
      guest.start();
      await first;
      await ended;
      const reached = guest.accesses.length;
      await turns(20);
      expect(guest.accesses).toHaveLength(reached);
      expect(guest.accelerator.memory.view(0 as Gpa, 1)).toBeUndefined();
    });
  });
});

describe('accesses', () => {
  test('ports, whole at each width', async () => {
    const writes = ([1, 2, 4] as const).flatMap((width) => [...code.movEax(0x8899_aabb), ...code.out[width]]);
    const reads = ([1, 2, 4] as const).flatMap((width) => [
      ...code.movEax(0),
      ...code.into[width],
      ...code.movEbx(LAYOUT.data + 4 * width),
      ...code.store[4],
    ]);
    const guestCode = [...code.movEdx(PORT), ...writes, ...reads, ...code.hlt];
    const read = ({ width }: { width: number }) => ({ 1: 0xf1, 2: 0xf2f1, 4: 0xf4f3_f2f1 })[width] ?? 0;
    await withGuest({ code: guestCode, read }, async (guest) => {
      guest.start();
      await guest.stopped;
      const at = { space: 'pio', address: PORT };
      expect(guest.accesses).toEqual([
        { ...at, kind: 'write', width: 1, value: 0xbb },
        { ...at, kind: 'write', width: 2, value: 0xaabb },
        { ...at, kind: 'write', width: 4, value: 0x8899_aabb },
        { ...at, kind: 'read', width: 1, value: 0xf1 },
        { ...at, kind: 'read', width: 2, value: 0xf2f1 },
        { ...at, kind: 'read', width: 4, value: 0xf4f3_f2f1 },
      ]);
      expect([1, 2, 4].map((width) => guest.get(LAYOUT.data + 4 * width, 4))).toEqual([
        [0xf1, 0, 0, 0],
        [0xf1, 0xf2, 0, 0],
        [0xf1, 0xf2, 0xf3, 0xf4],
      ]);
    });
  });

  test('writes to the PCI hole, whole at each width, 64 bits low half first', async () => {
    const writes = ([1, 2, 4] as const).flatMap((width) => [...code.movEax(0x8899_aabb), ...code.store[width]]);
    const mmx = [...code.movEbx(LAYOUT.data), ...code.loadMmx, ...code.movEbx(PCI), ...code.storeMmx];
    await withGuest({ code: [...code.movEbx(PCI), ...writes, ...mmx, ...code.hlt] }, async (guest) => {
      guest.put(LAYOUT.data, [1, 2, 3, 4, 5, 6, 7, 0x88]);
      guest.start();
      await guest.stopped;
      const at = { space: 'mmio', kind: 'write' };
      expect(guest.accesses).toEqual([
        { ...at, address: PCI, width: 1, value: 0xbb },
        { ...at, address: PCI, width: 2, value: 0xaabb },
        { ...at, address: PCI, width: 4, value: 0x8899_aabb },
        { ...at, address: PCI, width: 4, value: 0x0403_0201 },
        { ...at, address: PCI + 4, width: 4, value: 0x8807_0605 },
      ]);
    });
  });

  test('reads of the PCI hole: 32 bits whole, 16 bits as the two bytes the core asks for', async () => {
    const reads = ([1, 2, 4] as const).flatMap((width) => [...code.movEbx(PCI), ...code.load[width]]);
    const keep = [...code.movEbx(LAYOUT.data), ...code.store[4]];
    const read = ({ width }: { width: number }) => (width === 1 ? 0xf1 : 0xf4f3_f2f1);
    await withGuest({ code: [...reads, ...keep, ...code.hlt], read }, async (guest) => {
      guest.start();
      await guest.stopped;
      expect(guest.accesses.map(({ address, width }) => [address, width])).toEqual([
        [PCI, 1],
        [PCI, 1],
        [PCI + 1, 1],
        [PCI, 4],
      ]);
      expect(guest.get(LAYOUT.data, 4)).toEqual([0xf1, 0xf2, 0xf3, 0xf4]);
    });
  });

  test('the timer answers at its ports and does not reach the machine', async () => {
    const guestCode = [...code.movEax(0), ...code.movEdx(0x61), ...code.into[1], ...toPort(1), ...code.hlt];
    await withGuest({ code: guestCode }, async (guest) => {
      guest.start();
      await guest.stopped;
      expect(guest.accesses.map(({ address }) => address)).toEqual([PORT]);
    });
  });
});

describe('pausing', () => {
  test('a spinning guest stands still, and so does its clock, until it is resumed', async () => {
    await withGuest({ code: code.again(code.incMemory(LAYOUT.data)) }, async (guest) => {
      const { accelerator } = guest;
      guest.start();
      await turns(5);
      await accelerator.pause();
      const [reached, time] = [guest.get(LAYOUT.data, 4), accelerator.clock.monotonicMs()];
      await turns(20);
      expect(guest.get(LAYOUT.data, 4)).toEqual(reached);
      expect(accelerator.clock.monotonicMs()).toBe(time);
      accelerator.resume();
      await turns(20);
      expect(guest.get(LAYOUT.data, 4)).not.toEqual(reached);
      expect(accelerator.clock.monotonicMs()).toBeGreaterThan(time);
    });
  });

  test('an interrupt that comes meanwhile is taken afterwards', async () => {
    const guestCode = [...code.lidt(LAYOUT.idtr), ...code.sti, ...code.again(code.hlt)];
    const handler = [...toPort(7), ...code.cli, ...code.hlt];
    await withGuest({ code: guestCode, handler, vectors: [0x41] }, async (guest) => {
      guest.start();
      await turns(5);
      await guest.accelerator.pause();
      guest.accelerator.messages.send(0xfee0_0000n, 0x41);
      await turns(5);
      expect(guest.accesses).toEqual([]);
      guest.accelerator.resume();
      expect(await guest.stopped).toEqual({ reason: 'halted' });
      expect(guest.written(PORT)).toEqual([7]);
    });
  });

  test('after a stop it cannot be resumed', async () => {
    await withGuest({ code: code.again(code.incMemory(LAYOUT.data)) }, async (guest) => {
      guest.start();
      await turns(3);
      await guest.accelerator.stop();
      const reached = guest.get(LAYOUT.data, 4);
      guest.accelerator.resume();
      await turns(10);
      expect(guest.get(LAYOUT.data, 4)).toEqual(reached);
    });
  });
});

describe('sharing the thread', () => {
  test('an idle guest sleeps: it has a few slices, whatever the time', async () => {
    const guestCode = [...code.sti, ...code.again(code.hlt)];
    await withGuest({ code: guestCode }, async (guest) => {
      guest.start();
      await turns(5);
      const before = guest.accelerator.sliceCount;
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(guest.accelerator.sliceCount - before).toBeLessThanOrEqual(10);
    });
  });

  test('a spinning guest leaves the event loop its turns', async () => {
    await withGuest({ code: code.jmpSelf }, async (guest) => {
      guest.start();
      await turns(5);
      const before = guest.accelerator.sliceCount;
      await turns(50);
      expect(guest.accelerator.sliceCount - before).toBeLessThanOrEqual(51);
    });
  });

  test('two machines at once do not see each other', async () => {
    const counting = (step: number) => [
      ...code.repeat(2_000_000, [0x83, 0x05, ...code.u32(LAYOUT.data), step]),
      ...toPort(step),
      ...code.hlt,
    ];
    await withGuest({ code: counting(1) }, async (one) => {
      await withGuest({ code: counting(3) }, async (other) => {
        one.start();
        other.start();
        await Promise.all([one.stopped, other.stopped]);
        expect(one.get(LAYOUT.data, 4)).toEqual(code.u32(2_000_000));
        expect(other.get(LAYOUT.data, 4)).toEqual(code.u32(6_000_000));
        expect([one.written(PORT), other.written(PORT)]).toEqual([[1], [3]]);
      });
    });
  });
});

test('closing twice, or without a start, is harmless', async () => {
  const guest = await TinyGuest.create({ code: [] });
  await guest.accelerator.close();
  await guest.accelerator.close();
  guest.accelerator.line(4).set(true);
  expect(guest.get(0, 4)).toEqual([]);
});

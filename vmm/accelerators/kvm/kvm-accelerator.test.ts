import { readdirSync, readlinkSync } from 'node:fs';
import { afterEach, expect, test } from '@jest/globals';
import { kvmBackend } from 'node-kvm';
import type { Gpa } from '../../../devices/ports.ts';
import { describeWithKvm } from '../../../node-kvm/test-support/kvm-available.ts';
import { bareKernel } from '../../../tests/support/bare-kernel.ts';
import type { AccessHandler, CpuStop } from '../../accelerator.ts';
import { openLinuxImage } from '../../boot/linux-image.ts';
import { loadLinux } from '../../boot/load-linux.ts';
import { unpack } from '../../boot/unpack.ts';
import { memoryMap } from '../../memory-map.ts';
import { HostError } from '../../usage-error.ts';
import { KvmAccelerator } from './kvm-accelerator.ts';

const MEMORY = 32 * 2 ** 20;
const NOBODY: AccessHandler = { read: () => 0xff, write() {} };
/** mov dx, 0x1234 */
const MOV_DX = [0x66, 0xba, 0x34, 0x12];
const SPIN = [0xeb, 0xfe];
/** Writes AL to the port for ever. */
const FLOOD = [...MOV_DX, 0xee, 0xeb, 0xfd];

const open: KvmAccelerator[] = [];
afterEach(async () => {
  for (const accelerator of open.splice(0)) await accelerator.close();
});

/** Where COUNT counts. */
const COUNTER = 0x20_0000 as Gpa;
/** inc qword [COUNTER]; again */
const COUNT = [0x48, 0xff, 0x04, 0x25, 0x00, 0x00, 0x20, 0x00, 0xeb, 0xf6];

/** An accelerator with a few bytes of code in its memory, ready to start. */
async function loaded(code: readonly number[], cpus = 1) {
  const map = memoryMap(MEMORY);
  const accelerator = KvmAccelerator.create({ ram: map.ram, cpus });
  open.push(accelerator);
  const entry = loadLinux({
    kernel: await openLinuxImage(bareKernel(code), unpack),
    cmdline: '',
    memory: accelerator.memory,
    map,
    cpus,
    pciInterrupts: [],
  });
  const stopped = new Promise<CpuStop>((resolve) => accelerator.onStop(resolve));
  return { accelerator, entry, stopped };
}

/** A handler that counts accesses, and waits for the next. */
function counting() {
  const waiting: (() => void)[] = [];
  const seen = { count: 0 };
  const handler: AccessHandler = {
    read: () => 0,
    write() {
      seen.count += 1;
      for (const wake of waiting.splice(0)) wake();
    },
  };
  const next = () =>
    new Promise<void>((resolve) => {
      waiting.push(resolve);
    });
  return { handler, seen, next };
}

function kvmDescriptors(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      return /kvm|memfd/.test(target) ? [target] : [];
    } catch {
      return [];
    }
  });
}

describeWithKvm('the KVM accelerator', () => {
  test('a handler that throws ends the machine with a report, not the process', async () => {
    const { accelerator, entry, stopped } = await loaded(FLOOD);
    accelerator.start(entry, {
      read: () => 0,
      write() {
        throw new Error('a device bug');
      },
    });
    expect(await stopped).toMatchObject({ reason: 'error', message: 'a device failed: Error: a device bug' });
  });

  test('messages that no CPU takes are lost, whatever a guest puts in them', async () => {
    const { accelerator } = await loaded(SPIN);
    for (const address of [0xfee0_0000n, 0xfeef_f000n, 0xfeef_f00cn, 0n, 0x1000n, 0xffff_ffff_ffff_fffcn]) {
      for (const data of [0, 0x40, 0x140, 0x700, 0xffff_ffff]) accelerator.messages.send(address, data);
    }
  });

  test('interrupts after the end go nowhere', async () => {
    const { accelerator } = await loaded(SPIN);
    const line = accelerator.line(4);
    line.set(true);
    await accelerator.close();
    line.set(false);
    accelerator.line(5).set(true);
    accelerator.messages.send(0xfee0_0000n, 0x40);
  });

  test('never started: stop, pause, resume and close in any order, twice', async () => {
    const { accelerator } = await loaded(SPIN);
    await accelerator.pause();
    accelerator.resume();
    await accelerator.stop();
    await accelerator.stop();
    await Promise.all([accelerator.close(), accelerator.close()]);
    await accelerator.stop();
    accelerator.resume();
  });

  test('resumed before it has come to a stop, it runs on', async () => {
    const { accelerator, entry } = await loaded(FLOOD, 2);
    const { handler, next } = counting();
    accelerator.start(entry, handler);
    await next();
    for (let i = 0; i < 20; i += 1) {
      const pausing = accelerator.pause();
      accelerator.resume();
      await pausing;
      await next();
    }
  });

  test('paused, it makes no access until it is resumed; pausing twice needs one resume', async () => {
    const { accelerator, entry } = await loaded(FLOOD);
    const { handler, seen, next } = counting();
    accelerator.start(entry, handler);
    await next();
    await Promise.all([accelerator.pause(), accelerator.pause()]);
    const before = seen.count;
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(seen.count).toBe(before);
    accelerator.resume();
    await next();
    accelerator.resume();
    await next();
  });

  test('stopped while it pauses, everybody who waits goes on', async () => {
    const { accelerator, entry } = await loaded(SPIN);
    accelerator.start(entry, NOBODY);
    const pausing = accelerator.pause();
    await Promise.all([pausing, accelerator.stop(), accelerator.stop()]);
    await accelerator.close();
  });

  test('started twice is an error and does no harm', async () => {
    const { accelerator, entry } = await loaded(SPIN);
    accelerator.start(entry, NOBODY);
    expect(() => accelerator.start(entry, NOBODY)).toThrow();
    await accelerator.pause();
  });

  test('a kernel that wants another mode is refused before a CPU runs', async () => {
    const { accelerator, entry } = await loaded(SPIN);
    const { cr3: _, ...withoutTables } = entry;
    expect(() => accelerator.start(withoutTables, NOBODY)).toThrow('64-bit mode only');
    expect(() => accelerator.start({ ...entry, mode: 'protected' }, NOBODY)).toThrow('64-bit mode only');
  });

  test('the kernel is entered as the boot protocol wants it', async () => {
    // mov eax, esi; out dx, eax; mov rax, cr0; out; mov rax, cr4; out; mov rax, rsp; out; pushfq; pop rax; out; jmp $
    const out = 0xef;
    const { accelerator, entry } = await loaded([
      ...MOV_DX,
      ...[0x89, 0xf0, out, 0x0f, 0x20, 0xc0, out, 0x0f, 0x20, 0xe0, out, 0x48, 0x89, 0xe0, out, 0x9c, 0x58, out],
      ...SPIN,
    ]);
    const values: number[] = [];
    await new Promise<void>((resolve) => {
      accelerator.start(entry, {
        read: () => 0,
        write(_space, _address, _width, value) {
          values.push(value);
          if (values.length === 5) resolve();
        },
      });
    });
    // CR0: PG WP NE ET MP PE. CR4: PAE, and VMXE or the like where the host must have it.
    expect([values[0], values[1], (values[2] ?? 0) & 0x20, values[3]]).toEqual([0x7000, 0x8001_0033, 0x20, 0x7000]);
    expect((values[4] ?? 0) & 0x202).toBe(2);
  });

  test('a doorbell rings instead of making an exit, and survives the machine', async () => {
    const { accelerator, entry } = await loaded(FLOOD);
    const rung = new Promise<void>((resolve) => {
      accelerator.doorbells.bind({ space: 'pio', address: 0x1234 as Gpa, width: 1 }, () => resolve());
    });
    const { handler, seen } = counting();
    accelerator.start(entry, handler);
    await rung;
    await accelerator.close();
    expect(seen.count).toBe(0);
  });

  test('a doorbell whose callback throws ends the machine with a report', async () => {
    const { accelerator, entry, stopped } = await loaded(FLOOD);
    accelerator.doorbells.bind({ space: 'pio', address: 0x1234 as Gpa, width: 0 }, () => {
      throw new Error('a device bug');
    });
    accelerator.start(entry, NOBODY);
    expect(await stopped).toMatchObject({ reason: 'error', message: 'a device failed: Error: a device bug' });
  });

  test('too many CPUs are refused as a lack of this host, and nothing is left open', () => {
    const before = kvmDescriptors().length;
    expect(() => KvmAccelerator.create({ ram: memoryMap(MEMORY).ram, cpus: 100_000 })).toThrow(HostError);
    expect(kvmDescriptors()).toHaveLength(before);
  });

  test('closed, nothing is left open', async () => {
    const before = kvmDescriptors().length;
    const { accelerator, entry } = await loaded(SPIN, 2);
    accelerator.start(entry, NOBODY);
    expect(kvmDescriptors().length).toBeGreaterThan(before);
    await accelerator.close();
    expect(kvmDescriptors()).toHaveLength(before);
  });

  test('every CPU that halts for good ends it, one that waits for an interrupt does not', async () => {
    const { accelerator, entry, stopped } = await loaded([0xfa, 0xf4, 0xeb, 0xfd], 2);
    accelerator.start(entry, NOBODY);
    expect(await stopped).toEqual({ reason: 'halted' });
  });

  test('a machine that is paused is not looked at', async () => {
    const { accelerator, entry, stopped } = await loaded([0xfa, 0xf4, 0xeb, 0xfd]);
    accelerator.start(entry, NOBODY);
    await accelerator.pause();
    const first = await Promise.race([stopped, new Promise((resolve) => setTimeout(resolve, 700, 'still there'))]);
    expect(first).toBe('still there');
    accelerator.resume();
    expect(await stopped).toEqual({ reason: 'halted' });
  });

  test('an instruction KVM cannot emulate is shown, with the reason where this host is one', async () => {
    if (kvmBackend() !== 'pvm') return;
    const { accelerator, entry, stopped } = await loaded([0xf3, 0x48, 0x0f, 0xb8, 0xc3]);
    accelerator.start(entry, NOBODY);
    expect(await stopped).toMatchObject({
      reason: 'error',
      message: expect.stringContaining('(f3 48 0f b8 c3'),
      report: expect.stringContaining('kvm_pvm'),
    });
  });
});

describeWithKvm('standing still', () => {
  const moment = new Int32Array(new SharedArrayBuffer(4));
  /** Keeps this thread from doing anything, as a thread of devices that stands. */
  const stand = (ms: number) => void Atomics.wait(moment, 0, 0, ms);

  /** A guest that counts in its memory, and how far it has come. */
  async function counter(code: readonly number[] = COUNT, handler: AccessHandler = NOBODY) {
    const { accelerator, entry } = await loaded(code);
    const bytes = accelerator.memory.view(COUNTER, 8);
    if (bytes === undefined) throw new Error('the counter is in RAM');
    const word = new DataView(bytes.buffer, bytes.byteOffset, 8);
    const count = () => word.getBigUint64(0, true);
    word.setBigUint64(0, 0n, true);
    const grows = async () => {
      const from = count();
      for (let tries = 0; tries < 6000 && count() === from; tries++) await new Promise((go) => setTimeout(go, 10));
      return count() > from;
    };
    /** Counts of a thread that stands, once the CPU has had time to stop. */
    const standing = () => {
      stand(500);
      const from = count();
      stand(300);
      return { from, to: count() };
    };
    accelerator.start(entry, handler);
    return { accelerator, count, grows, standing };
  }

  test('a CPU that makes no exits stops without a turn of the event loop, and goes on when it is let go', async () => {
    const { accelerator, grows, standing } = await counter();
    for (let time = 0; time < 3; time++) {
      expect(await grows()).toBe(true);
      const letGo = accelerator.standStill();
      const { from, to } = standing();
      expect(to).toBe(from);
      letGo();
    }
    expect(await grows()).toBe(true);
  });

  test('held again at once, before the event loop has had a turn, it stands; and at last it goes on', async () => {
    const { accelerator, grows, standing } = await counter();
    expect(await grows()).toBe(true);
    for (let time = 0; time < 20; time++) accelerator.standStill()();
    const letGo = accelerator.standStill();
    const { from, to } = standing();
    expect(to).toBe(from);
    letGo();
    expect(await grows()).toBe(true);
  });

  test('in the middle of the answer to an exit', async () => {
    const stood: { from: bigint; to: bigint }[] = [];
    let act = (): void => {};
    // mov dx, 0x1234; and COUNT, with a write to the port each time
    const { accelerator, grows, standing } = await counter([...MOV_DX, ...COUNT.slice(0, 8), 0xee, 0xeb, 0xf5], {
      read: () => 0,
      write: () => act(),
    });
    act = () => {
      if (stood.length === 3) return;
      const letGo = accelerator.standStill();
      stood.push(standing());
      letGo();
    };
    for (let time = 0; time < 4; time++) expect(await grows()).toBe(true);
    expect(stood).toHaveLength(3);
    for (const { from, to } of stood) expect(to).toBe(from);
  });

  test('a pause of its owner outlasts it, and is told of', async () => {
    const { accelerator, count, grows } = await counter();
    expect(await grows()).toBe(true);
    const paused = accelerator.pause();
    accelerator.standStill()();
    await paused;
    const before = count();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(count()).toBe(before);
    accelerator.resume();
    expect(await grows()).toBe(true);
  });
});

describeWithKvm('a reset', () => {
  test('starts again in the same memory, also after a triple fault, and leaves nothing open', async () => {
    // mov byte [0x2000000 - 16], 0x77; then a triple fault: the IDT has no entry.
    const { accelerator, entry, stopped } = await loaded(
      [0xc6, 0x04, 0x25, 0xf0, 0xff, 0xff, 0x01, 0x77, 0x0f, 0x0b],
      2,
    );
    const mark = accelerator.memory.view((MEMORY - 16) as Gpa, 1);
    accelerator.start(entry, NOBODY);
    expect((await stopped).reason).toBe('triple-fault');
    await accelerator.stop();
    await accelerator.reset();
    const descriptors = readdirSync('/proc/self/fd').length;
    for (let life = 0; life < 5; life++) {
      expect(mark?.[0]).toBe(0x77);
      mark?.fill(0);
      const again = new Promise<CpuStop>((resolve) => accelerator.onStop(resolve));
      accelerator.start(entry, NOBODY);
      expect((await again).reason).toBe('triple-fault');
      await accelerator.stop();
      await accelerator.reset();
    }
    expect(readdirSync('/proc/self/fd')).toHaveLength(descriptors);
  });

  test('a CPU that is held by what it has written goes on when that has settled', async () => {
    const { accelerator, entry } = await loaded(FLOOD);
    const { handler, seen, next } = counting();
    let release = () => {};
    let held = false;
    const takeHold = () => {
      if (held) return undefined;
      held = true;
      return new Promise<void>((resolve) => (release = resolve));
    };
    const first = next();
    accelerator.start(entry, { ...handler, takeHold });
    await first;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(seen.count).toBe(1);
    const second = next();
    release();
    await second;
  });
});

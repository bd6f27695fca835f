import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { GuestMemory } from './guest-memory.ts';
import { Kvm } from './kvm.ts';
import { runScript } from './test-support/child.ts';
import { eventually } from './test-support/deadline.ts';
import { describeWithKvm } from './test-support/kvm-available.ts';
import { withGuest } from './test-support/tiny-guest.ts';

const spin = [0xeb, 0xfe];

/** What every script of these tests starts with: `spinning()` and `exiting()` make guests whose vCPU can be started. */
const preamble = `
  import { EventFd, GuestMemory, Kvm } from 'node-kvm';
  import { readdirSync } from 'node:fs';
  function guest(code) {
    const kvm = Kvm.open();
    const vm = kvm.createVm();
    const memory = new GuestMemory(0x10000);
    memory.view(0x1000, code.length).set(code);
    vm.setUserMemoryRegion(0, 0n, memory);
    const vcpu = vm.createVcpu(0);
    const sregs = vcpu.getSregs();
    vcpu.setSregs({ ...sregs, cs: { ...sregs.cs, base: 0n, selector: 0 } });
    vcpu.setRegs({ ...vcpu.getRegs(), rip: 0x1000n, rflags: 2n });
    return { kvm, vm, memory, vcpu, close() { for (const part of [vcpu, vm, memory, kvm]) part.close(); } };
  }
  const spinning = () => guest([0xeb, 0xfe]);
  const exiting = () => guest([0xe6, 0x10, 0xeb, 0xfc]);
  const openFds = () => readdirSync('/proc/self/fd').length;
  const turn = () => new Promise((resolve) => setImmediate(resolve));
`;

const run = (body: string, nodeArguments: readonly string[] = []) => runScript(preamble + body, { nodeArguments });
const clean = { status: 0, signal: null, stderr: '' };

describeWithKvm('a process with a vCPU', () => {
  test('goes on while the vCPU runs', async () => {
    const result = await run(`
      const { vcpu, close } = spinning();
      vcpu.start(() => {});
      setTimeout(async () => { await vcpu.stop(); close(); console.log('stopped'); }, 50).unref();
    `);
    expect(result).toEqual({ ...clean, stdout: 'stopped\n' });
  });

  test('ends with a spinning vCPU that was unreferenced', async () => {
    const result = await run(`
      const { vcpu } = spinning();
      vcpu.start(() => {});
      vcpu.unref();
      console.log('end');
    `);
    expect(result).toEqual({ ...clean, stdout: 'end\n' });
  });

  test('waits for pause and stop of a vCPU that was unreferenced', async () => {
    const result = await run(`
      const { vcpu } = spinning();
      vcpu.unref().start(() => {});
      vcpu.unref();
      await vcpu.pause();
      vcpu.resume();
      await vcpu.stop();
      console.log(vcpu.state);
    `);
    expect(result).toEqual({ ...clean, stdout: 'stopped\n' });
  });

  test('exits at once by process.exit', async () => {
    const result = await run(`
      const { vcpu } = spinning();
      vcpu.start(() => {});
      const busy = exiting();
      busy.vcpu.start(() => busy.vcpu.resume());
      setTimeout(() => process.exit(7), 20);
    `);
    expect(result).toEqual({ ...clean, status: 7, stdout: '' });
  });

  test('dies of what an exit handler throws', async () => {
    const result = await run(`
      const { vcpu } = exiting();
      vcpu.start(() => { throw new Error('thrown in the exit handler'); });
    `);
    expect(result.status).toBe(1);
    expect(result.stderr).toContain('thrown in the exit handler');
  });

  test('may catch what an exit handler throws, and the exit still waits', async () => {
    const result = await run(`
      const { vcpu, close } = exiting();
      let exits = 0;
      process.on('uncaughtException', (error) => {
        console.log(error.message, vcpu.state);
        vcpu.resume();
      });
      vcpu.start(() => {
        if (++exits === 1) throw new Error('first');
        close();
        console.log('second');
      });
    `);
    expect(result).toEqual({ ...clean, stdout: 'first exited\nsecond\n' });
  });

  test('dies of what an eventfd callback throws', async () => {
    const result = await run(`
      const eventfd = new EventFd();
      eventfd.onSignal(() => { throw new Error('thrown in the callback'); });
      eventfd.signal();
    `);
    expect(result.status).toBe(1);
    expect(result.stderr).toContain('thrown in the callback');
  });
});

describeWithKvm('a worker with a vCPU', () => {
  const worker = (body: string): string => `
    import { isMainThread, Worker } from 'node:worker_threads';
    if (isMainThread) {
      for (let round = 0; round < 10; round++) {
        const worker = new Worker(new URL(import.meta.url));
        const exited = new Promise((resolve) => worker.once('exit', resolve));
        await new Promise((resolve) => worker.once('message', resolve));
        await end(worker, round);
        await exited;
      }
      console.log(readdirSync('/proc/self/task').length <= tasks ? 'no thread left' : 'a thread is left');
    } else {
      const { parentPort } = await import('node:worker_threads');
      ${body}
    }
  `;
  const afterEnd = `
    const end = () => {};
    const tasks = readdirSync('/proc/self/task').length;
  `;
  const terminated = `
    const end = async (worker, round) => { await new Promise((resolve) => setTimeout(resolve, round)); await worker.terminate(); };
    const tasks = readdirSync('/proc/self/task').length;
  `;

  test.each([
    ['is terminated while the guest spins', terminated, `spinning().vcpu.start(() => {}); parentPort.postMessage(1);`],
    [
      'is terminated in the midst of exits',
      terminated,
      `const { vcpu } = exiting(); vcpu.start(() => vcpu.resume()); parentPort.postMessage(1);`,
    ],
    [
      'is terminated in an endless exit handler',
      terminated,
      `exiting().vcpu.start(() => { parentPort.postMessage(1); for (;;); });`,
    ],
    [
      'is terminated while an eventfd is signalled without end',
      terminated,
      `const eventfd = new EventFd();
       eventfd.onSignal(() => eventfd.signal());
       eventfd.signal();
       parentPort.postMessage(1);`,
    ],
    [
      'calls process.exit in an exit handler',
      afterEnd,
      `parentPort.postMessage(1); exiting().vcpu.start(() => process.exit(3));`,
    ],
    [
      'ends by itself with an unreferenced vCPU',
      afterEnd,
      `const { vcpu } = spinning(); vcpu.start(() => {}); vcpu.unref(); parentPort.postMessage(1);`,
    ],
  ])('%s', async (_, main, body) => {
    const result = await run(main + worker(body));
    expect(result).toEqual({ ...clean, stdout: 'no thread left\n' });
  });
});

describeWithKvm('closing', () => {
  const parts = ['vcpu', 'vm', 'memory', 'kvm'] as const;
  type Part = (typeof parts)[number];
  const orders = (rest: readonly Part[]): Part[][] =>
    rest.length === 0
      ? [[]]
      : rest.flatMap((first) => orders(rest.filter((part) => part !== first)).map((order) => [first, ...order]));

  test.each(orders(parts).map((order) => [order.join(', '), order] as const))('in the order %s', async (_, order) => {
    await withGuest({ code: spin }, (guest) => {
      guest.vcpu.start(() => {});
      for (const part of order) guest[part].close();
      for (const part of order) guest[part].close();
    });
  });

  test('leaves no descriptor behind', async () => {
    const before = readdirSync('/proc/self/fd').length;
    for (let round = 0; round < 10; round++) {
      await withGuest({ code: spin, irqchip: true }, async ({ vcpu }) => {
        vcpu.start(() => {});
        if (round % 2 === 0) await vcpu.stop();
      });
    }
    expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before);
  });

  test('a VM keeps memory that was closed before it', async () => {
    const size = 64 * 4096;
    const mapped = () => readFileSync('/proc/self/maps', 'utf8').split('memfd:guest-memory').length - 1;
    const before = mapped();
    const [kvm, memory] = [Kvm.open(), new GuestMemory(size)];
    const vm = kvm.createVm();
    vm.setUserMemoryRegion(0, 0n, memory);
    const vcpu = vm.createVcpu(0);
    memory.close();
    vm.close();
    expect(mapped()).toBe(before + 1);
    vcpu.close();
    expect(mapped()).toBe(before);
    kvm.close();
  });
});

describeWithKvm('many guests', () => {
  test('200 cycles of create, run and stop keep descriptors, threads and memory level', async () => {
    const result = await run(
      `
      const { setTimeout: sleep } = await import('node:timers/promises');
      async function cycle() {
        const one = exiting();
        let exits = 0;
        const event = new EventFd();
        event.onSignal(() => {});
        const seen = new Promise((resolve) => one.vcpu.start(() => { one.vcpu.resume(); if (++exits === 20) resolve(); }));
        await seen;
        await one.vcpu.pause();
        await one.vcpu.stop();
        event.close();
        one.close();
      }
      for (let round = 0; round < 20; round++) await cycle();
      globalThis.gc(); await sleep(10);
      const before = [openFds(), readdirSync('/proc/self/task').length];
      const rss = process.memoryUsage.rss();
      for (let round = 0; round < 200; round++) await cycle();
      globalThis.gc(); await sleep(10);
      console.log(JSON.stringify([openFds(), readdirSync('/proc/self/task').length]) === JSON.stringify(before));
      console.log((process.memoryUsage.rss() - rss) / 2 ** 20 < 20);
    `,
      ['--expose-gc'],
    );
    expect(result).toEqual({ ...clean, stdout: 'true\ntrue\n' });
  });

  test('those that nobody closes are collected', async () => {
    const result = await run(
      `
      const before = openFds();
      for (let round = 0; round < 100; round++) {
        const { memory, vcpu } = spinning();
        memory.view(0, 4096)[0] = vcpu.id;
        new EventFd();
      }
      const held = openFds();
      for (let round = 0; round < 10; round++) { globalThis.gc(); await turn(); }
      // The stack may still hold the last one.
      console.log(held - before >= 500, openFds() - before <= 5);
    `,
      ['--expose-gc'],
    );
    expect(result).toEqual({ ...clean, stdout: 'true true\n' });
  });

  test('one that runs or listens is not collected', async () => {
    const result = await run(
      `
      let exits = 0;
      let signals = 0;
      (() => { const { vcpu } = exiting(); vcpu.start(() => { exits++; setImmediate(() => vcpu.resume()); }); })();
      const fd = (() => { const eventfd = new EventFd(); eventfd.onSignal(() => signals++); return eventfd.fd; })();
      for (let round = 0; round < 50; round++) { globalThis.gc(); await turn(); }
      const { writeSync } = await import('node:fs');
      writeSync(fd, new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0]));
      const before = exits;
      setTimeout(() => { console.log(exits > before, signals); process.exit(0); }, 50);
    `,
      ['--expose-gc'],
    );
    expect(result).toEqual({ ...clean, stdout: 'true 1\n' });
  });

  test('views outlive a memory that was forgotten, and end with one that was closed', async () => {
    const result = await run(
      `
      const view = (() => { const memory = new GuestMemory(1 << 20); return memory.view(0, 1 << 20); })();
      for (let round = 0; round < 10; round++) { globalThis.gc(); await turn(); }
      view.fill(7);
      const closed = new GuestMemory(4096);
      const gone = closed.view(0, 4096);
      closed.close();
      console.log(view[view.length - 1], gone.length, gone[0]);
    `,
      ['--expose-gc'],
    );
    expect(result).toEqual({ ...clean, stdout: '7 0 undefined\n' });
  });
});

describeWithKvm('a vCPU thread', () => {
  test('has a name and takes no signal but its own', async () => {
    await withGuest({ code: spin }, async ({ vcpu }) => {
      vcpu.start(() => {});
      const [kill, stop, firstRealTime] = [9, 19, 34];
      // The C library keeps the two below its first real-time signal for itself.
      const taken = (): number[] =>
        unblockedSignals('kvm-vcpu0').filter(
          (signal) => signal !== kill && signal !== stop && (signal < 32 || signal >= firstRealTime),
        );
      await eventually('the thread to take one signal alone', () => taken().length === 1);
      expect(taken()[0]).toBeGreaterThanOrEqual(firstRealTime);
      await vcpu.stop();
    });
  });
});

describe('the package', () => {
  test('says how to build an addon that is missing', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'node-kvm-'));
    try {
      const result = await runScript(
        `import { Kvm } from 'node-kvm'; try { Kvm.open(); } catch (error) { console.log(error.message); }`,
        { folder },
      );
      expect(result).toEqual({ ...clean, stdout: expect.stringContaining('run "npm rebuild node-kvm"') });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** The signals the thread of this name does not block; none where there is no such thread. */
function unblockedSignals(name: string): number[] {
  const tasks = readdirSync('/proc/self/task').map((task) => readFileSync(`/proc/self/task/${task}/status`, 'utf8'));
  const status = tasks.find((text) => text.startsWith(`Name:\t${name}\n`));
  const mask = /^SigBlk:\t([0-9a-f]+)$/m.exec(status ?? '')?.[1];
  if (mask === undefined) return [];
  const blocked = BigInt(`0x${mask}`);
  const signals = Array.from({ length: 64 }, (_, index) => index + 1);
  return signals.filter((signal) => (blocked & (1n << BigInt(signal - 1))) === 0n);
}

import { expect, test } from '@jest/globals';
import { VcpuStateError } from './error.ts';
import { eventually, within } from './test-support/deadline.ts';
import { describeWithKvm } from './test-support/kvm-available.ts';
import { codeAddress, type TinyGuest, withGuest } from './test-support/tiny-guest.ts';

// again: jmp again
const spin = [0xeb, 0xfe];
// again: inc dword [0x2000]; jmp again
const count = [0x66, 0xff, 0x06, 0x00, 0x20, 0xeb, 0xf9];

const counterOf = ({ memory }: TinyGuest): number =>
  new DataView(memory.view(0, 0x3000).buffer).getUint32(0x2000, true);

const noExit = (exit: { reason: string }): never => {
  throw new Error(`unexpected exit: ${exit.reason}`);
};

describeWithKvm('a running vCPU', () => {
  test('stops while the guest spins', async () => {
    await withGuest({ code: spin }, async ({ vcpu }) => {
      vcpu.start(noExit);
      expect(vcpu.state).toBe('running');
      await within('the stop', vcpu.stop());
      expect(vcpu.state).toBe('stopped');
      expect(vcpu.getRegs().rip).toBe(BigInt(codeAddress));
    });
  });

  test('pauses and goes on while the guest spins', async () => {
    await withGuest({ code: count }, async (guest) => {
      const { vcpu } = guest;
      vcpu.start(noExit);
      for (let round = 0; round < 5; round++) {
        const before = counterOf(guest);
        await eventually('the counter to advance', () => counterOf(guest) > before);
        await within('the pause', vcpu.pause());
        expect(vcpu.state).toBe('paused');
        const paused = counterOf(guest);
        await new Promise((resolve) => setTimeout(resolve, 3));
        expect(counterOf(guest)).toBe(paused);
        expect(vcpu.getRegs().rip).toBeGreaterThanOrEqual(BigInt(codeAddress));
        vcpu.resume();
      }
      await vcpu.stop();
    });
  });

  test('pauses right after start, and pauses of the same moment are one', async () => {
    await withGuest({ code: spin }, async ({ vcpu }) => {
      for (let round = 0; round < 50; round++) {
        if (round === 0) vcpu.start(noExit);
        else vcpu.resume();
        await within('both pauses', Promise.all([vcpu.pause(), vcpu.pause()]));
      }
      await within('a pause when paused', vcpu.pause());
      expect(vcpu.state).toBe('paused');
    });
  });

  test('a second pause, asked for when the thread waits already but has not been heard of, does not outlive a resume', async () => {
    await withGuest({ code: count }, async (guest) => {
      const { vcpu } = guest;
      vcpu.start(noExit);
      await eventually('the counter to advance', () => counterOf(guest) > 0);
      const first = vcpu.pause();
      const sleeper = new Int32Array(new SharedArrayBuffer(4));
      Atomics.wait(sleeper, 0, 0, 50);
      const second = vcpu.pause();
      await within('both pauses', Promise.all([first, second]));
      vcpu.resume();
      const before = counterOf(guest);
      await eventually('the counter to advance after the resume', () => counterOf(guest) > before);
      await vcpu.stop();
    });
  });

  test('a pause with an exit waiting completes once it is answered, with the access done', async () => {
    // in al,0x10; mov [0x2000],al; hlt
    await withGuest({ code: [0xe4, 0x10, 0xa2, 0x00, 0x20, 0xf4] }, async (guest) => {
      const { vcpu } = guest;
      const exits: string[] = [];
      const pausing = new Promise<Promise<void>>((resolve) => {
        vcpu.start((exit) => {
          exits.push(exit.reason);
          if (exit.reason !== 'io') return;
          const paused = vcpu.pause();
          expect(vcpu.state).toBe('exited-pausing');
          exit.data[0] = 0x5a;
          setTimeout(() => vcpu.resume(), 2);
          resolve(paused);
        });
      });
      await within('the pause', pausing);
      expect(vcpu.state).toBe('paused');
      expect(exits).toEqual(['io']);
      const regs = vcpu.getRegs();
      expect(regs.rip).toBe(BigInt(codeAddress + 2));
      expect(regs.rax & 0xffn).toBe(0x5an);
      vcpu.resume();
      await eventually('the halt', () => exits.length === 2);
      expect(guest.memory.view(0x2000, 1)[0]).toBe(0x5a);
    });
  });

  test('stops with an exit that nobody answers', async () => {
    await withGuest({ code: [0xe6, 0x10, 0xf4] }, async (guest) => {
      await guest.run((exit) => exit.reason === 'io');
      expect(guest.vcpu.state).toBe('exited');
      await within('the stop', guest.vcpu.stop());
      expect(guest.vcpu.state).toBe('stopped');
    });
  });

  test('stops in the midst of exits, called from within one', async () => {
    // again: out 0x10,al; jmp again
    await withGuest({ code: [0xe6, 0x10, 0xeb, 0xfc] }, async ({ vcpu }) => {
      let exits = 0;
      const stopped = new Promise<void>((resolve) => {
        vcpu.start(() => {
          vcpu.resume();
          if (++exits === 100) resolve(vcpu.stop());
        });
      });
      await within('the stop', stopped);
      const after = exits;
      await new Promise((resolve) => setTimeout(resolve, 3));
      expect(exits).toBe(after);
    });
  });

  test('stops when it halts in the kernel', async () => {
    await withGuest({ code: [0xf4], irqchip: true }, async ({ vcpu }) => {
      vcpu.start(noExit);
      await within('the stop', vcpu.stop());
    });
  });

  test('a promise of pause() is kept when stop() comes first', async () => {
    await withGuest({ code: spin }, async ({ vcpu }) => {
      vcpu.start(noExit);
      const both = Promise.all([vcpu.pause(), vcpu.stop(), vcpu.stop()]);
      await within('pause and stop', both);
      expect(vcpu.state).toBe('stopped');
      await within('a stop when stopped', vcpu.stop());
    });
  });

  test('closing keeps the promises as well', async () => {
    await withGuest({ code: spin }, async ({ vcpu }) => {
      vcpu.start(noExit);
      const pending = vcpu.pause();
      vcpu.close();
      await within('the pause', pending);
      expect(vcpu.state).toBe('closed');
    });
  });

  test('a kick is an exit like others', async () => {
    await withGuest({ code: spin }, async (guest) => {
      const kicked = guest.run((exit) => exit.reason === 'interrupted');
      guest.vcpu.kick();
      await kicked;
      expect(guest.vcpu.state).toBe('exited');
      expect(() => guest.vcpu.kick()).toThrow(VcpuStateError);
    });
  });

  test('two vCPUs run at the same time', async () => {
    await withGuest({ code: count }, async (guest) => {
      // again: inc dword [0x2010]; jmp again
      guest.memory.view(0x1200, 7).set([0x66, 0xff, 0x06, 0x10, 0x20, 0xeb, 0xf9]);
      const second = guest.createVcpu(1, 0x1200);
      const counts = new DataView(guest.memory.view(0, 0x3000).buffer);
      guest.vcpu.start(noExit);
      second.start(noExit);
      for (const address of [0x2000, 0x2010]) {
        const before = counts.getUint32(address, true);
        await eventually('the counter to advance', () => counts.getUint32(address, true) > before);
      }
      await within('both stops', Promise.all([guest.vcpu.stop(), second.stop()]));
      second.close();
    });
  });

  test('two vCPUs with exits of their own do not mix them up', async () => {
    // mov cx,200; again: out 0x10,al; loop again; hlt
    await withGuest({ code: [0xb9, 200, 0, 0xe6, 0x10, 0xe2, 0xfc, 0xf4] }, async (guest) => {
      guest.memory.view(0x1200, 8).set([0xb9, 200, 0, 0xe6, 0x20, 0xe2, 0xfc, 0xf4]);
      const second = guest.createVcpu(1, 0x1200);
      const ports: [number[], number[]] = [[], []];
      const run = (index: 0 | 1, vcpu = index === 0 ? guest.vcpu : second): Promise<void> =>
        new Promise((resolve) => {
          vcpu.start((exit) => {
            if (exit.reason !== 'io') return resolve();
            ports[index].push(exit.port);
            vcpu.resume();
          });
        });
      await within('both halts', Promise.all([run(0), run(1)]));
      expect(ports).toEqual([new Array(200).fill(0x10), new Array(200).fill(0x20)]);
      second.close();
    });
  });
});

describeWithKvm('what a vCPU refuses', () => {
  test('registers while its thread is in the guest, at once and with a remedy', async () => {
    await withGuest({ code: spin }, async ({ vcpu }) => {
      vcpu.start(noExit);
      const refusals = [
        () => vcpu.getRegs(),
        () => vcpu.getSregs(),
        () => vcpu.getMsrs([0x10]),
        () => vcpu.getLapic(),
        () => vcpu.nmi(),
        () => vcpu.requestInterruptWindow,
      ];
      for (const refusal of refusals) {
        expect(refusal).toThrow(expect.objectContaining({ name: 'VcpuStateError', state: 'running' }));
      }
      expect(() => vcpu.getRegs()).toThrow(
        "vCPU 0: KVM_GET_REGS is not possible while it is 'running': await pause() or stop() first, or do it in the exit handler before resume()",
      );
      await vcpu.stop();
    });
  });

  test('moves its state does not know', async () => {
    await withGuest({ code: spin }, async ({ vcpu }) => {
      expect(() => vcpu.resume()).toThrow(VcpuStateError);
      await expect(vcpu.pause()).rejects.toThrow(VcpuStateError);
      expect(() => vcpu.kick()).toThrow(VcpuStateError);
      vcpu.start(noExit);
      expect(() => vcpu.start(noExit)).toThrow(VcpuStateError);
      expect(() => vcpu.resume()).toThrow(VcpuStateError);
      await vcpu.stop();
      expect(() => vcpu.start(noExit)).toThrow('a stopped vCPU does not start again');
      vcpu.close();
      expect(() => vcpu.start(noExit)).toThrow(VcpuStateError);
      expect(() => vcpu.getRegs()).toThrow(expect.objectContaining({ code: 'EBADF', ioctl: 'KVM_GET_REGS' }));
      await expect(vcpu.pause()).rejects.toThrow(VcpuStateError);
      await vcpu.stop();
    });
  });

  test('a handler that is no function', async () => {
    await withGuest({ code: spin }, ({ vcpu }) => {
      expect(() => vcpu.start('no' as never)).toThrow(TypeError);
      expect(vcpu.state).toBe('created');
    });
  });
});

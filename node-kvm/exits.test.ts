import { expect, test } from '@jest/globals';
import type { VcpuExit } from './exit.ts';
import { kvmBackend } from './host.ts';
import { describeWithKvm } from './test-support/kvm-available.ts';
import { codeAddress, withGuest } from './test-support/tiny-guest.ts';

const hlt = 0xf4;
const isHlt = (exit: VcpuExit): boolean => exit.reason === 'hlt';

/** What a test keeps of an exit: the exit itself is reused. */
function copyOf(exit: VcpuExit): unknown {
  return 'data' in exit && exit.data instanceof Uint8Array ? { ...exit, data: [...exit.data] } : { ...exit };
}

describeWithKvm('exits', () => {
  test('out of each width arrives with port and data', async () => {
    // mov dx,0x1234; mov eax,0x44332211; out dx,al; out dx,ax; out dx,eax; out 0x80,al; hlt
    const code = [0xba, 0x34, 0x12, 0x66, 0xb8, 0x11, 0x22, 0x33, 0x44, 0xee, 0xef, 0x66, 0xef, 0xe6, 0x80, hlt];
    await withGuest({ code }, async (guest) => {
      const seen = await guest.exitsUntilHalt(copyOf);
      const out = { reason: 'io', direction: 'out', count: 1 };
      expect(seen).toEqual([
        { ...out, port: 0x1234, size: 1, data: [0x11] },
        { ...out, port: 0x1234, size: 2, data: [0x11, 0x22] },
        { ...out, port: 0x1234, size: 4, data: [0x11, 0x22, 0x33, 0x44] },
        { ...out, port: 0x80, size: 1, data: [0x11] },
      ]);
    });
  });

  test('in of each width takes what the handler filled in', async () => {
    // xor eax,eax; in al,0x10; mov [0x2000],eax; in ax,0x10; mov [0x2004],eax; in eax,0x10; mov [0x2008],eax; hlt
    const code = [
      0x66,
      0x31,
      0xc0,
      0xe4,
      0x10,
      0x66,
      0xa3,
      0x00,
      0x20,
      0xe5,
      0x10,
      0x66,
      0xa3,
      0x04,
      0x20,
      0x66,
      0xe5,
      0x10,
      0x66,
      0xa3,
      0x08,
      0x20,
      hlt,
    ];
    await withGuest({ code }, async (guest) => {
      const answers = [[0xa1], [0xb1, 0xb2], [0xc1, 0xc2, 0xc3, 0xc4]];
      await guest.run((exit) => {
        if (exit.reason !== 'io') return true;
        expect(exit.direction).toBe('in');
        exit.data.set(answers.shift() ?? []);
        return false;
      });
      expect([...guest.memory.view(0x2000, 12)]).toEqual([0xa1, 0, 0, 0, 0xb1, 0xb2, 0, 0, 0xc1, 0xc2, 0xc3, 0xc4]);
    });
  });

  test('string output arrives complete, in elements of its width', async () => {
    // mov si,0x2000; mov cx,5; mov dx,0x70; rep outsw; hlt
    const code = [0xbe, 0x00, 0x20, 0xb9, 0x05, 0x00, 0xba, 0x70, 0x00, 0xf3, 0x6f, hlt];
    await withGuest({ code }, async (guest) => {
      const text = Array.from({ length: 10 }, (_, index) => index + 1);
      guest.memory.view(0x2000, 10).set(text);
      const received: number[] = [];
      await guest.run((exit) => {
        if (exit.reason !== 'io') return true;
        expect(exit).toMatchObject({ direction: 'out', port: 0x70, size: 2 });
        expect(exit.data.length).toBe(exit.size * exit.count);
        received.push(...exit.data);
        return false;
      });
      expect(received).toEqual(text);
    });
  });

  test('string input fills memory', async () => {
    // mov di,0x2000; mov cx,6; mov dx,0x70; rep insb; hlt
    const code = [0xbf, 0x00, 0x20, 0xb9, 0x06, 0x00, 0xba, 0x70, 0x00, 0xf3, 0x6c, hlt];
    await withGuest({ code }, async (guest) => {
      let next = 1;
      await guest.run((exit) => {
        if (exit.reason !== 'io') return true;
        expect(exit).toMatchObject({ direction: 'in', port: 0x70, size: 1 });
        for (let index = 0; index < exit.data.length; index++) exit.data[index] = next++;
        return false;
      });
      expect([...guest.memory.view(0x2000, 7)]).toEqual([1, 2, 3, 4, 5, 6, 0]);
    });
  });

  test('MMIO writes of each width arrive with address and data', async () => {
    // mov bx,0x8000; mov eax,0x44332211; mov [bx],al; mov [bx+2],ax; mov [bx+4],eax; hlt
    const code = [
      0xbb,
      0x00,
      0x80,
      0x66,
      0xb8,
      0x11,
      0x22,
      0x33,
      0x44,
      0x88,
      0x07,
      0x89,
      0x47,
      0x02,
      0x66,
      0x89,
      0x47,
      0x04,
      hlt,
    ];
    await withGuest({ code, memorySize: 0x8000 }, async (guest) => {
      const seen = await guest.exitsUntilHalt(copyOf);
      expect(seen).toEqual([
        { reason: 'mmio', address: 0x8000n, isWrite: true, length: 1, data: [0x11] },
        { reason: 'mmio', address: 0x8002n, isWrite: true, length: 2, data: [0x11, 0x22] },
        { reason: 'mmio', address: 0x8004n, isWrite: true, length: 4, data: [0x11, 0x22, 0x33, 0x44] },
      ]);
    });
  });

  test('MMIO reads of each width take what the handler filled in, also later', async () => {
    // mov bx,0x8000; xor eax,eax; mov al,[bx]; mov [0x2000],eax; mov ax,[bx+2]; mov [0x2004],eax; mov eax,[bx+4]; mov [0x2008],eax; hlt
    const code = [
      0xbb,
      0x00,
      0x80,
      0x66,
      0x31,
      0xc0,
      0x8a,
      0x07,
      0x66,
      0xa3,
      0x00,
      0x20,
      0x8b,
      0x47,
      0x02,
      0x66,
      0xa3,
      0x04,
      0x20,
      0x66,
      0x8b,
      0x47,
      0x04,
      0x66,
      0xa3,
      0x08,
      0x20,
      hlt,
    ];
    await withGuest({ code, memorySize: 0x8000 }, async (guest) => {
      const answers = [[0xa1], [0xb1, 0xb2], [0xc1, 0xc2, 0xc3, 0xc4]];
      const { promise, resolve } = deferred();
      guest.vcpu.start((exit) => {
        if (exit.reason !== 'mmio') return resolve();
        expect(exit.isWrite).toBe(false);
        setTimeout(() => {
          exit.data.set(answers.shift() ?? []);
          guest.vcpu.resume();
        }, 2);
      });
      await promise;
      expect([...guest.memory.view(0x2000, 12)]).toEqual([0xa1, 0, 0, 0, 0xb1, 0xb2, 0, 0, 0xc1, 0xc2, 0xc3, 0xc4]);
    });
  });

  test('HLT without irqchip is an exit, after which the guest can go on', async () => {
    await withGuest({ code: [hlt, 0xb0, 0x2a, hlt] }, async (guest) => {
      let halts = 0;
      await guest.run((exit) => isHlt(exit) && ++halts === 2);
      expect(guest.vcpu.getRegs().rax & 0xffn).toBe(0x2an);
      expect(guest.vcpu.getRegs().rip).toBe(BigInt(codeAddress + 4));
    });
  });

  test('a triple fault is a shutdown', async () => {
    await withGuest({ code: [0x0f, 0x0b] }, async (guest) => {
      const { vcpu } = guest;
      const sregs = vcpu.getSregs();
      const cs = { ...sregs.cs, selector: 8, limit: 0xffff_ffff, type: 11, g: 1, db: 1 };
      vcpu.setSregs({ ...sregs, cs, idt: { base: 0n, limit: 0 }, cr0: 0x11n });
      const exit = await guest.run(() => true);
      expect(exit.reason).toBe('shutdown');
    });
  });

  test('an instruction KVM cannot emulate is named by its bytes, and just runs where the processor runs it', async () => {
    // popcnt ax,bx; hlt
    const popcnt = [0xf3, 0x0f, 0xb8, 0xc3];
    await withGuest({ code: [0xbb, 0x07, 0x00, ...popcnt, hlt] }, async (guest) => {
      const exit = await guest.run(() => true);
      if (kvmBackend() === 'pvm') {
        expect(exit).toMatchObject({ reason: 'internal-error', suberror: 1, kind: 'emulation' });
        if (exit.reason !== 'internal-error') return;
        expect([...(exit.instruction ?? [])].slice(0, 4)).toEqual(popcnt);
        expect(guest.vcpu.getRegs().rip).toBe(BigInt(codeAddress + 3));
      } else {
        expect(exit.reason).toBe('hlt');
        expect(guest.vcpu.getRegs().rax & 0xffffn).toBe(3n);
      }
    });
  });

  test('one exit object serves one vCPU', async () => {
    await withGuest({ code: [0xe6, 0x10, 0xe6, 0x11, hlt] }, async (guest) => {
      const exits = await guest.exitsUntilHalt((exit) => exit);
      expect(exits[0]).toBe(exits[1]);
    });
  });
});

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

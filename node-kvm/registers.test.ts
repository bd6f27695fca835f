import { expect, test } from '@jest/globals';
import { describeWithKvm } from './test-support/kvm-available.ts';
import { codeAddress, type TinyGuest, withGuest } from './test-support/tiny-guest.ts';

const hlt = 0xf4;
const halted = (body: (guest: TinyGuest) => Promise<void> | void, irqchip = false) =>
  withGuest({ code: [hlt], irqchip }, body);

describeWithKvm('the state of a vCPU', () => {
  test('general registers keep what is set', async () => {
    await halted(({ vcpu }) => {
      const regs = { ...vcpu.getRegs(), rax: 0xffff_ffff_ffff_ffffn, r15: 0x0123_4567_89ab_cdefn };
      vcpu.setRegs(regs);
      expect(vcpu.getRegs()).toEqual(regs);
    });
  });

  test('reset values are those of the architecture', async () => {
    await halted(({ vm }) => {
      const vcpu = vm.createVcpu(1);
      expect(vcpu.getRegs().rip).toBe(0xfff0n);
      const { cs, cr0, idt } = vcpu.getSregs();
      expect(cs).toMatchObject({ base: 0xffff_0000n, limit: 0xffff, selector: 0xf000 });
      expect(cr0 & 1n).toBe(0n);
      expect(idt).toEqual({ base: 0n, limit: 0xffff });
      vcpu.close();
    });
  });

  test('segment and control registers start a guest in 64-bit mode', async () => {
    // mov rax,0x1122334455667788; hlt
    const code = [0x48, 0xb8, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, hlt];
    await withGuest({ code }, async (guest) => {
      const { vcpu, memory } = guest;
      const tables = new DataView(memory.view(0, 0x8000).buffer);
      tables.setBigUint64(0x2000, 0x3003n, true);
      tables.setBigUint64(0x3000, 0x4003n, true);
      tables.setBigUint64(0x4000, 0x83n, true);
      const sregs = vcpu.getSregs();
      const cs = { ...sregs.cs, selector: 8, limit: 0xffff_ffff, type: 11, db: 0, l: 1, g: 1 };
      const ss = { ...sregs.ss, selector: 16, limit: 0xffff_ffff, type: 3, db: 1, g: 1 };
      vcpu.setSregs({ ...sregs, cs, ss, ds: ss, es: ss, cr0: 0x8000_0011n, cr3: 0x2000n, cr4: 0x20n, efer: 0x500n });
      expect(vcpu.getSregs().cs).toEqual(cs);
      await guest.run((exit) => exit.reason === 'hlt');
      expect(vcpu.getRegs().rax).toBe(0x1122_3344_5566_7788n);
    });
  });

  test('control registers that contradict each other are refused with a hint', async () => {
    await halted(({ vcpu }) => {
      const sregs = vcpu.getSregs();
      expect(() => vcpu.setSregs({ ...sregs, cr0: 0x8000_0000n })).toThrow(
        expect.objectContaining({ code: 'EINVAL', ioctl: 'KVM_SET_SREGS', hint: expect.stringContaining('CR0.PG') }),
      );
    });
  });

  test('MSRs are read and set by index, and the first unknown one is named', async () => {
    await halted(({ vcpu }) => {
      const [lstar, star] = [0xc000_0082, 0xc000_0081];
      vcpu.setMsrs([
        { index: lstar, data: 0x1000n },
        { index: star, data: 0x10_0008_0000_0000n },
      ]);
      expect(vcpu.getMsrs([star, lstar])).toEqual([
        { index: star, data: 0x10_0008_0000_0000n },
        { index: lstar, data: 0x1000n },
      ]);
      expect(vcpu.getMsrs([])).toEqual([]);
      const error = expect.objectContaining({
        ioctl: 'KVM_GET_MSRS',
        message: expect.stringContaining('MSR 0x12345678'),
      });
      expect(() => vcpu.getMsrs([lstar, 0x1234_5678, star])).toThrow(error);
      expect(() => vcpu.setMsrs([{ index: 0x1234_5678, data: 1n }])).toThrow('MSR 0x12345678');
      expect(() => vcpu.setMsrs([{ index: lstar, data: 1 as never }])).toThrow(TypeError);
    });
  });

  test('CPUID is what was set', async () => {
    await halted(({ kvm, vcpu }) => {
      const leaves = kvm.supportedCpuid();
      vcpu.setCpuid2(leaves);
      const functions = vcpu.getCpuid2().map((leaf) => leaf.function);
      expect(functions).toEqual(leaves.map((leaf) => leaf.function));
    });
  });

  test('x87 and SSE state keeps what is set', async () => {
    await halted(({ vcpu }) => {
      const fpu = vcpu.getFpu();
      const xmm = fpu.xmm.map((register, index) => (index === 3 ? register.map((_, byte) => byte) : register));
      vcpu.setFpu({ ...fpu, fcw: 0x27f, xmm });
      const after = vcpu.getFpu();
      expect(after.fcw).toBe(0x27f);
      expect([...(after.xmm[3] ?? [])]).toEqual(Array.from({ length: 16 }, (_, byte) => byte));
    });
  });

  test('the local APIC is a page of registers, and is missing without irqchip', async () => {
    await halted(({ vcpu }) => {
      const lapic = vcpu.getLapic();
      expect(lapic.length).toBe(1024);
      const taskPriority = 0x80;
      lapic[taskPriority] = 0x20;
      vcpu.setLapic(lapic);
      expect(vcpu.getLapic()[taskPriority]).toBe(0x20);
      expect(() => vcpu.setLapic(new Uint8Array(1023))).toThrow(RangeError);
    }, true);
    await halted(({ vcpu }) => {
      expect(() => vcpu.getLapic()).toThrow(
        expect.objectContaining({ code: 'EINVAL', hint: expect.stringContaining('irqchip') }),
      );
    });
  });

  test('MP state goes by name', async () => {
    await halted(({ vm, vcpu }) => {
      expect(vcpu.getMpState()).toBe('runnable');
      const second = vm.createVcpu(1);
      expect(second.getMpState()).toBe('uninitialized');
      second.setMpState('halted');
      expect(second.getMpState()).toBe('halted');
      expect(() => second.setMpState('asleep' as 'halted')).toThrow(TypeError);
      second.close();
    }, true);
  });

  test('a vCPU that waits for its start stops all the same', async () => {
    await halted(async ({ vm }) => {
      const second = vm.createVcpu(1);
      second.start(() => {});
      await second.stop();
      second.close();
    }, true);
  });

  test('events, debug registers and extended control registers go there and back', async () => {
    await halted(({ kvm, vcpu }) => {
      const events = vcpu.getVcpuEvents();
      expect(events.exception.injected).toBe(0);
      vcpu.setVcpuEvents({ ...events, flags: 0, nmi: { ...events.nmi, masked: 1 } });
      expect(vcpu.getVcpuEvents().nmi.masked).toBe(1);
      vcpu.setDebugRegs({ ...vcpu.getDebugRegs(), db: [1n, 2n, 3n, 4n] });
      expect(vcpu.getDebugRegs().db).toEqual([1n, 2n, 3n, 4n]);
      const xcrs = vcpu.getXcrs();
      // A processor without XSAVE has no such registers.
      if (kvm.checkExtension('XCRS') === 0) expect(() => vcpu.setXcrs(xcrs)).toThrow('KVM_SET_XCRS');
      else vcpu.setXcrs(xcrs);
      expect(vcpu.getXcrs()).toEqual(xcrs);
      expect(() => vcpu.setXcrs(new Array(17).fill({ xcr: 0, value: 1n }))).toThrow(TypeError);
    });
  });

  test('the TSC has a frequency', async () => {
    await halted(({ vcpu }) => {
      const khz = vcpu.getTscKhz();
      expect(khz).toBeGreaterThan(100_000);
      vcpu.setTscKhz(khz);
      expect(() => vcpu.setTscKhz(0)).toThrow(RangeError);
    });
  });

  test('single steps are exits with the address of the next instruction', async () => {
    // nop; nop; hlt
    await withGuest({ code: [0x90, 0x90, hlt] }, async (guest) => {
      const [enable, singleStep] = [1, 2];
      guest.vcpu.setGuestDebug({ control: enable | singleStep, debugRegs: new Array(8).fill(0n) });
      const exits = await guest.exitsUntilHalt((exit) => (exit.reason === 'debug' ? exit.pc : exit.reason));
      expect(exits.slice(0, 2)).toEqual([BigInt(codeAddress + 1), BigInt(codeAddress + 2)]);
    });
  });
});

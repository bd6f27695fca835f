import { expect, test } from '@jest/globals';
import { EventFd } from './event-fd.ts';
import { eventually } from './test-support/deadline.ts';
import { describeWithKvm } from './test-support/kvm-available.ts';
import { type TinyGuest, withGuest } from './test-support/tiny-guest.ts';

const localApic = 0xfee0_0000n;
const spuriousVectorRegister = 0xf0;
const logicalDestinationRegister = 0xd0;
const msiAddress = 0xfee0_0000n;
/** Bit 2 makes the destination a set of logical ids. */
const logicalMsiAddress = (ids: number): bigint => msiAddress | (BigInt(ids) << 12n) | 0x4n;
const handlerAddress = 0x1100;
const counterAddress = 0x2000;
const vector = 0x40;

// sti; again: hlt; jmp again
const idle = [0xfb, 0xf4, 0xeb, 0xfd];
// inc word [0x2000]; mov dword fs:[0xb0],0 (end of interrupt); iret
const handler = [0xff, 0x06, 0x00, 0x20, 0x64, 0x66, 0xc7, 0x06, 0xb0, 0x00, 0, 0, 0, 0, 0xcf];

/** Lets `vector` count in guest memory: real-mode vector table, a stack, FS over the local APIC, the APIC switched on. */
function prepare({ memory, vcpu }: TinyGuest): void {
  memory.view(handlerAddress, handler.length).set(handler);
  new DataView(memory.view(0, 0x400).buffer).setUint32(vector * 4, handlerAddress, true);
  const sregs = vcpu.getSregs();
  vcpu.setSregs({ ...sregs, fs: { ...sregs.fs, base: localApic } });
  vcpu.setRegs({ ...vcpu.getRegs(), rsp: 0x7000n });
  const lapic = vcpu.getLapic();
  new DataView(lapic.buffer).setUint32(spuriousVectorRegister, 0x1ff, true);
  vcpu.setLapic(lapic);
}

const counter = ({ memory }: TinyGuest): number =>
  new DataView(memory.view(0, 0x3000).buffer).getUint16(counterAddress, true);

const unexpected = (exit: { reason: string }): never => {
  throw new Error(`unexpected exit: ${exit.reason}`);
};

describeWithKvm('interrupts', () => {
  test('an MSI reaches the guest that halts in the kernel', async () => {
    await withGuest({ code: idle, irqchip: true }, async (guest) => {
      prepare(guest);
      guest.vcpu.start(unexpected);
      for (let count = 1; count <= 3; count++) {
        expect(guest.vm.signalMsi({ address: msiAddress, data: vector })).toBe(true);
        await eventually(`interrupt ${count}`, () => counter(guest) === count);
      }
      await guest.vcpu.stop();
    });
  });

  test('an MSI to a local APIC that is switched off is not delivered', async () => {
    await withGuest({ code: idle, irqchip: true }, (guest) => {
      const lapic = guest.vcpu.getLapic();
      new DataView(lapic.buffer).setUint32(spuriousVectorRegister, 0xff, true);
      guest.vcpu.setLapic(lapic);
      expect(guest.vm.signalMsi({ address: msiAddress, data: vector })).toBe(false);
    });
  });

  test('an MSI that no local APIC accepts is not delivered, however the guest has set up its APIC', async () => {
    await withGuest({ code: idle, irqchip: true }, (guest) => {
      const lapic = guest.vcpu.getLapic();
      const registers = new DataView(lapic.buffer);
      registers.setUint32(spuriousVectorRegister, 0x1ff, true);
      // Two logical ids for one APIC make KVM look at each APIC in turn, and report that none matches as EPERM.
      registers.setUint32(logicalDestinationRegister, 0x0300_0000, true);
      guest.vcpu.setLapic(lapic);
      expect(guest.vm.signalMsi({ address: logicalMsiAddress(0x80), data: vector })).toBe(false);
    });
  });

  test('an MSI to a vCPU that does not run waits in its IRR', async () => {
    await withGuest({ code: idle, irqchip: true }, (guest) => {
      prepare(guest);
      guest.vm.signalMsi({ address: msiAddress, data: 0x41 });
      const irr = new DataView(guest.vcpu.getLapic().buffer).getUint32(0x200 + 0x20, true);
      expect(irr).toBe(2);
    });
  });

  test('an eventfd interrupts through a routed GSI, until it is deassigned', async () => {
    await withGuest({ code: idle, irqchip: true }, async (guest) => {
      prepare(guest);
      const eventfd = new EventFd();
      guest.vm.setGsiRouting([{ type: 'msi', gsi: 24, address: msiAddress, data: vector }]);
      guest.vm.irqfd(eventfd, 24);
      guest.vcpu.start(unexpected);
      eventfd.signal();
      await eventually('the first interrupt', () => counter(guest) === 1);
      eventfd.signal();
      await eventually('the second interrupt', () => counter(guest) === 2);

      guest.vm.irqfd(eventfd, 24, { deassign: true });
      eventfd.signal();
      expect(eventfd.read()).toBe(1n);
      await guest.vcpu.stop();
      expect(counter(guest)).toBe(2);
      eventfd.close();
    });
  });

  test('a level-triggered eventfd is told when the guest has acknowledged', async () => {
    await withGuest({ code: idle, irqchip: true }, async (guest) => {
      prepare(guest);
      const pin = 10;
      const ioapic = guest.vm.getIrqchip('ioapic');
      const levelTriggered = 1n << 15n;
      new DataView(ioapic.buffer).setBigUint64(24 + pin * 8, BigInt(vector) | levelTriggered, true);
      guest.vm.setIrqchip('ioapic', ioapic);
      expect(guest.vm.getIrqchip('ioapic')).toEqual(ioapic);

      const [trigger, resample] = [new EventFd(), new EventFd()];
      guest.vm.irqfd(trigger, pin, { resample });
      const acknowledged = new Promise<bigint>((resolve) => resample.onSignal(resolve));
      guest.vcpu.start(unexpected);
      trigger.signal();
      expect(await acknowledged).toBe(1n);
      expect(counter(guest)).toBe(1);
      await guest.vcpu.stop();
      trigger.close();
      resample.close();
    });
  });

  test('a raised line interrupts', async () => {
    await withGuest({ code: idle, irqchip: true }, async (guest) => {
      prepare(guest);
      guest.vm.setGsiRouting([{ type: 'irqchip', gsi: 5, irqchip: 'ioapic', pin: 5 }]);
      const ioapic = guest.vm.getIrqchip('ioapic');
      new DataView(ioapic.buffer).setBigUint64(24 + 5 * 8, BigInt(vector), true);
      guest.vm.setIrqchip('ioapic', ioapic);
      guest.vcpu.start(unexpected);
      guest.vm.irqLine(5, true);
      guest.vm.irqLine(5, false);
      await eventually('the interrupt', () => counter(guest) === 1);
      await guest.vcpu.stop();
    });
  });

  test('without irqchip, an interrupt is injected once the guest opens the window', async () => {
    // nop; sti; nop; again: jmp again
    await withGuest({ code: [0x90, 0xfb, 0x90, 0xeb, 0xfe] }, async (guest) => {
      const { vcpu, memory } = guest;
      // inc word [0x2000]; iret
      memory.view(handlerAddress, 5).set([0xff, 0x06, 0x00, 0x20, 0xcf]);
      new DataView(memory.view(0, 0x400).buffer).setUint32(vector * 4, handlerAddress, true);
      vcpu.setRegs({ ...vcpu.getRegs(), rsp: 0x7000n });
      vcpu.requestInterruptWindow = true;
      await guest.run((exit) => exit.reason === 'irq-window-open');
      expect(vcpu.readyForInterruptInjection).toBe(true);
      vcpu.requestInterruptWindow = false;
      vcpu.interrupt(vector);
      vcpu.resume();
      await eventually('the interrupt', () => counter(guest) === 1);
      await vcpu.stop();
    });
  });
});

describeWithKvm('ioeventfd', () => {
  test('a port write signals instead of leaving the guest', async () => {
    // mov al,7; out 0x10,al; mov al,8; out 0x10,al; out 0x10,ax; hlt
    const code = [0xb0, 0x07, 0xe6, 0x10, 0xb0, 0x08, 0xe6, 0x10, 0xe7, 0x10, 0xf4];
    await withGuest({ code }, async (guest) => {
      const eventfd = new EventFd();
      guest.vm.ioeventfd({ eventfd, space: 'pio', address: 0x10n, length: 1, datamatch: 7n });
      const exits = await guest.exitsUntilHalt((exit) => [...(exit.reason === 'io' ? exit.data : [])]);
      expect(eventfd.read()).toBe(1n);
      expect(exits).toEqual([[8], [8, 0]]);
      eventfd.close();
    });
  });

  test('an MMIO write of any width signals, and no longer once deassigned', async () => {
    // mov bx,0x8000; mov [bx],al; mov [bx],ax; mov [bx],eax; hlt
    const code = [0xbb, 0x00, 0x80, 0x88, 0x07, 0x89, 0x07, 0x66, 0x89, 0x07, 0xf4];
    await withGuest({ code, memorySize: 0x8000 }, async (guest) => {
      const options = { eventfd: new EventFd(), space: 'mmio', address: 0x8000n, length: 0 } as const;
      guest.vm.ioeventfd(options);
      await guest.run((exit) => exit.reason === 'hlt');
      expect(options.eventfd.read()).toBe(3n);
      guest.vm.ioeventfd({ ...options, deassign: true });
      expect(() => guest.vm.ioeventfd({ ...options, deassign: true })).toThrow(
        expect.objectContaining({ code: 'ENOENT', ioctl: 'KVM_IOEVENTFD' }),
      );
      options.eventfd.close();
    });
  });

  test('a signal calls back on the event loop with the guest running', async () => {
    // again: out 0x10,al; jmp again
    await withGuest({ code: [0xe6, 0x10, 0xeb, 0xfc] }, async (guest) => {
      const eventfd = new EventFd();
      guest.vm.ioeventfd({ eventfd, space: 'pio', address: 0x10n, length: 1 });
      let total = 0n;
      eventfd.onSignal((count) => {
        total += count;
      });
      guest.vcpu.start(unexpected);
      await eventually('100 signals', () => total >= 100n);
      await guest.vcpu.stop();
      eventfd.close();
    });
  });
});

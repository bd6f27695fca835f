import { expect, test } from '@jest/globals';
import { EventFd } from './event-fd.ts';
import { GuestMemory } from './guest-memory.ts';
import { kvmBackend } from './host.ts';
import { Kvm } from './kvm.ts';
import { describeWithKvm } from './test-support/kvm-available.ts';
import { withGuest } from './test-support/tiny-guest.ts';
import type { Vm } from './vm.ts';

function withVm(body: (vm: Vm, kvm: Kvm) => void): void {
  const kvm = Kvm.open();
  const vm = kvm.createVm();
  try {
    body(vm, kvm);
  } finally {
    vm.close();
    kvm.close();
  }
}

const kvmError = (code: string, ioctl: string) => expect.objectContaining({ name: 'KvmError', code, ioctl });

describeWithKvm('Kvm', () => {
  test('tells version, sizes, capabilities and lists', () => {
    withVm((_, kvm) => {
      expect(kvm.apiVersion).toBe(12);
      expect(kvm.vcpuMmapSize).toBeGreaterThanOrEqual(4096);
      expect(kvm.checkExtension('USER_MEMORY')).toBe(1);
      expect(kvm.checkExtension('KVM_CAP_USER_MEMORY')).toBe(1);
      expect(kvm.checkExtension(3)).toBe(1);
      expect(kvm.checkExtension(0x7fff_fff0)).toBe(0);
      const leaves = kvm.supportedCpuid();
      expect(leaves.find((leaf) => leaf.function === 0)?.eax).toBeGreaterThan(0);
      expect(leaves.find((leaf) => leaf.function === 0x4000_0000)?.ebx).toBe(0x4b4d_564b);
      const timeStampCounter = 0x10;
      expect(kvm.msrIndexList).toContain(timeStampCounter);
      expect(['vmx', 'svm', 'pvm', 'unknown']).toContain(kvmBackend());
    });
  });

  test('refuses capabilities it cannot name', () => {
    withVm((_, kvm) => {
      for (const name of ['NOTHING', 'toString', '', 'KVM_CAP_']) {
        expect(() => kvm.checkExtension(name as 'IRQCHIP')).toThrow(TypeError);
      }
      for (const number of [-1, 1.5, 2 ** 31, Number.NaN]) expect(() => kvm.checkExtension(number)).toThrow(RangeError);
    });
  });

  test('refuses everything once closed', () => {
    const kvm = Kvm.open();
    kvm.close();
    kvm.close();
    expect(kvm.closed).toBe(true);
    expect(() => kvm.createVm()).toThrow(kvmError('EBADF', 'KVM_CREATE_VM'));
    expect(() => kvm.checkExtension('IRQCHIP')).toThrow(kvmError('EBADF', 'KVM_CHECK_EXTENSION'));
    expect(() => kvm.supportedCpuid()).toThrow('this Kvm was closed');
  });
});

describeWithKvm('memory slots', () => {
  const memory = (): GuestMemory => new GuestMemory(0x4000);

  test.each<[string, (vm: Vm, pages: GuestMemory) => void, unknown]>([
    ['an address that is no bigint', (vm, pages) => vm.setUserMemoryRegion(0, 0 as never, pages), TypeError],
    [
      'an address off the page',
      (vm, pages) => vm.setUserMemoryRegion(0, 1n, pages),
      kvmError('EINVAL', 'KVM_SET_USER_MEMORY_REGION'),
    ],
    [
      'a slot that does not exist',
      (vm, pages) => vm.setUserMemoryRegion(0xffff, 0n, pages),
      kvmError('EINVAL', 'KVM_SET_USER_MEMORY_REGION'),
    ],
    ['a slot that is no number', (vm, pages) => vm.setUserMemoryRegion('0' as never, 0n, pages), TypeError],
    ['an offset off the page', (vm, pages) => vm.setUserMemoryRegion(0, 0n, pages, 1, 4096), RangeError],
    ['more than there is', (vm, pages) => vm.setUserMemoryRegion(0, 0n, pages, 0x1000, 0x4000), RangeError],
    ['nothing', (vm, pages) => vm.setUserMemoryRegion(0, 0n, pages, 0x4000), RangeError],
    [
      'flags KVM does not know',
      (vm, pages) => vm.setUserMemoryRegion(0, 0n, pages, 0, 0x1000, 0x80),
      kvmError('EINVAL', 'KVM_SET_USER_MEMORY_REGION'),
    ],
    ['what is no memory', (vm) => vm.setUserMemoryRegion(0, 0n, new Uint8Array(4096) as never, 0, 4096), TypeError],
    [
      'a slot to delete that never was',
      (vm) => vm.deleteMemoryRegion(3),
      kvmError('EINVAL', 'KVM_SET_USER_MEMORY_REGION'),
    ],
  ])('refuse %s', (_, act, expected) => {
    withVm((vm) => {
      const pages = memory();
      expect(() => act(vm, pages)).toThrow(expected as Error);
      pages.close();
    });
  });

  test('refuse memory that was closed, and guest addresses that overlap', () => {
    withVm((vm) => {
      const [pages, closed] = [memory(), memory()];
      closed.close();
      expect(() => vm.setUserMemoryRegion(0, 0n, closed)).toThrow('this GuestMemory was closed');
      vm.setUserMemoryRegion(0, 0n, pages);
      expect(() => vm.setUserMemoryRegion(1, 0x1000n, pages)).toThrow(kvmError('EEXIST', 'KVM_SET_USER_MEMORY_REGION'));
      vm.deleteMemoryRegion(0);
      vm.setUserMemoryRegion(1, 0x1000n, pages);
      pages.close();
    });
  });

  test('show parts of one memory at several addresses', async () => {
    // mov al,[0x9000]; mov [0xa001],al; hlt
    await withGuest({ code: [0xa0, 0x00, 0x90, 0xa2, 0x01, 0xa0, 0xf4], memorySize: 0x4000 }, async (guest) => {
      guest.memory.view(0x3000, 1)[0] = 0x77;
      guest.vm.setUserMemoryRegion(1, 0x9000n, guest.memory, 0x3000, 0x1000);
      guest.vm.setUserMemoryRegion(2, 0xa000n, guest.memory, 0x2000, 0x1000);
      await guest.run((exit) => exit.reason === 'hlt');
      expect(guest.memory.view(0x2001, 1)[0]).toBe(0x77);
    });
  });

  test('that are read-only turn writes into exits', async () => {
    // mov byte [0x9000],5; hlt
    await withGuest({ code: [0xc6, 0x06, 0x00, 0x90, 0x05, 0xf4], memorySize: 0x4000 }, async (guest) => {
      guest.vm.setUserMemoryRegion(1, 0x9000n, guest.memory, 0x3000, 0x1000, 2);
      const exits = await guest.exitsUntilHalt((exit) => exit.reason === 'mmio' && exit.address);
      expect(exits).toEqual([0x9000n]);
      expect(guest.memory.view(0x3000, 1)[0]).toBe(0);
    });
  });
});

describeWithKvm('Vm', () => {
  test('names the order irqchip, PIT and vCPU have to be made in', () => {
    withVm((vm) => {
      vm.createIrqchip();
      expect(() => vm.createIrqchip()).toThrow(kvmError('EEXIST', 'KVM_CREATE_IRQCHIP'));
      vm.createPit2(1);
      expect(() => vm.createPit2()).toThrow(kvmError('EEXIST', 'KVM_CREATE_PIT2'));
    });
    withVm((vm) => {
      const vcpu = vm.createVcpu(0);
      expect(() => vm.createIrqchip()).toThrow('create the irqchip before the first vCPU');
      expect(() => vm.createVcpu(0)).toThrow('this VM already has a vCPU with that id');
      expect(() => vm.createVcpu(2 ** 31)).toThrow(kvmError('EINVAL', 'KVM_CREATE_VCPU'));
      expect(() => vm.createVcpu(-1)).toThrow(RangeError);
      vcpu.close();
    });
  });

  test('makes no PIT without an irqchip, where KVM minds', () => {
    withVm((vm) => {
      let refusal: unknown;
      try {
        vm.createPit2();
      } catch (error) {
        refusal = error;
      }
      // Linux 6.1 makes one, though its API says that the irqchip comes first.
      if (refusal !== undefined) {
        expect(refusal).toMatchObject({ ioctl: 'KVM_CREATE_PIT2', hint: expect.stringContaining('irqchip first') });
      }
      vm.createIrqchip();
      vm.createVcpu(0).close();
    });
  });

  test('reads and sets the clock', () => {
    withVm((vm) => {
      vm.setClock({ clock: 3_600_000_000_000n });
      const { clock } = vm.getClock();
      expect(clock).toBeGreaterThanOrEqual(3_600_000_000_000n);
      expect(clock).toBeLessThan(3_700_000_000_000n);
      expect(() => vm.setClock({ clock: 5 as never })).toThrow(TypeError);
    });
  });

  test('takes the addresses VT-x needs', () => {
    withVm((vm) => {
      vm.setIdentityMapAddress(0xfeff_c000n);
      vm.setTssAddress(0xfeff_d000n);
      expect(() => vm.setTssAddress(0x1_0000_0000n)).toThrow(RangeError);
      expect(() => vm.setTssAddress(5 as never)).toThrow(TypeError);
    });
  });

  test('keeps the state of each interrupt controller', () => {
    withVm((vm) => {
      expect(() => vm.getIrqchip('ioapic')).toThrow(kvmError('ENXIO', 'KVM_GET_IRQCHIP'));
      vm.createIrqchip();
      const pic = vm.getIrqchip('pic-master');
      pic[2] = 0xa5;
      vm.setIrqchip('pic-master', pic);
      expect(vm.getIrqchip('pic-master')[2]).toBe(0xa5);
      expect(vm.getIrqchip('pic-slave')[2]).not.toBe(0xa5);
      expect(() => vm.getIrqchip('apic' as 'ioapic')).toThrow(TypeError);
      expect(() => vm.setIrqchip('ioapic', new Uint8Array(511))).toThrow(RangeError);
    });
  });

  test('enables capabilities', () => {
    withVm((vm) => {
      vm.enableCap('SPLIT_IRQCHIP', [24n]);
      expect(() => vm.createIrqchip()).toThrow(kvmError('EEXIST', 'KVM_CREATE_IRQCHIP'));
      expect(() => vm.enableCap(0x7fff_fff0)).toThrow(kvmError('EINVAL', 'KVM_ENABLE_CAP'));
      expect(() => vm.enableCap('SPLIT_IRQCHIP', [1n, 2n, 3n, 4n, 5n])).toThrow(TypeError);
    });
  });

  test.each<[string, (vm: Vm, eventfd: EventFd) => void, unknown]>([
    ['a route of an unknown type', (vm) => vm.setGsiRouting([{ type: 'hyperv', gsi: 1 } as never]), TypeError],
    [
      'a route of an unknown chip',
      (vm) => vm.setGsiRouting([{ type: 'irqchip', gsi: 1, irqchip: 'gic' as 'ioapic', pin: 0 }]),
      TypeError,
    ],
    ['a route that is none', (vm) => vm.setGsiRouting([null as never]), TypeError],
    [
      'a route of a GSI out of range',
      (vm) => vm.setGsiRouting([{ type: 'msi', gsi: 4096, address: 0n, data: 0 }]),
      RangeError,
    ],
    ['a message whose data is no number', (vm) => vm.signalMsi({ address: 0n, data: 1n as never }), TypeError],
    ['a level that is no boolean', (vm) => vm.irqLine(1, 1 as never), TypeError],
    ['an irqfd that is none', (vm) => vm.irqfd({ fd: 0 } as never, 1), TypeError],
    ['an irqfd of a GSI out of range', (vm, eventfd) => vm.irqfd(eventfd, 4096), RangeError],
    ['an irqfd to deassign that never was', (vm, eventfd) => vm.irqfd(eventfd, -1, { deassign: true }), RangeError],
    [
      'an ioeventfd of three bytes',
      (vm, eventfd) => vm.ioeventfd({ eventfd, space: 'pio', address: 0n, length: 3 as never }),
      RangeError,
    ],
    [
      'an ioeventfd in no space',
      (vm, eventfd) => vm.ioeventfd({ eventfd, space: 'pci' as never, address: 0n, length: 1 }),
      TypeError,
    ],
    [
      'an ioeventfd without eventfd',
      (vm) => vm.ioeventfd({ eventfd: 5 as never, space: 'pio', address: 0n, length: 1 }),
      TypeError,
    ],
    [
      'a datamatch wider than any',
      (vm, eventfd) => vm.ioeventfd({ eventfd, space: 'pio', address: 0n, length: 1, datamatch: 2n ** 64n }),
      RangeError,
    ],
  ])('refuses %s', (_, act, expected) => {
    withVm((vm) => {
      vm.createIrqchip();
      const eventfd = new EventFd();
      expect(() => act(vm, eventfd)).toThrow(expected as Error);
      eventfd.close();
    });
  });

  test('refuses a second ioeventfd at one address, an eventfd that was closed, and two irqfds on one eventfd', () => {
    withVm((vm) => {
      vm.createIrqchip();
      const [first, second, closed] = [new EventFd(), new EventFd(), new EventFd()];
      closed.close();
      vm.ioeventfd({ eventfd: first, space: 'pio', address: 0x10n, length: 1 });
      expect(() => vm.ioeventfd({ eventfd: second, space: 'pio', address: 0x10n, length: 1 })).toThrow(
        kvmError('EEXIST', 'KVM_IOEVENTFD'),
      );
      expect(() => vm.ioeventfd({ eventfd: closed, space: 'pio', address: 0x20n, length: 1 })).toThrow(
        'this EventFd was closed',
      );
      vm.irqfd(first, 5);
      expect(() => vm.irqfd(first, 6)).toThrow(kvmError('EBUSY', 'KVM_IRQFD'));
      first.close();
      second.close();
    });
  });

  test('refuses everything once closed', () => {
    const kvm = Kvm.open();
    const vm = kvm.createVm();
    vm.close();
    vm.close();
    expect(() => vm.createVcpu(0)).toThrow(kvmError('EBADF', 'KVM_CREATE_VCPU'));
    expect(() => vm.signalMsi({ address: 0n, data: 0 })).toThrow(kvmError('EBADF', 'KVM_SIGNAL_MSI'));
    expect(() => vm.deleteMemoryRegion(0)).toThrow(kvmError('EBADF', 'KVM_SET_USER_MEMORY_REGION'));
    kvm.close();
  });
});

import { afterEach, expect, test } from '@jest/globals';
import type { EventFd, IoeventfdOptions } from 'node-kvm';
import type { Doorbell, Gpa } from '../../../devices/ports.ts';
import { IoEventFdDoorbells } from './doorbells.ts';

const BELL: Doorbell = { space: 'mmio', address: 0xc000_3000 as Gpa, width: 2 };

/** The part of a VM that binds ioeventfds; the test rings. */
class FakeVm {
  readonly bound: EventFd[] = [];
  readonly log: string[] = [];
  refuse: 'bind' | 'unbind' | undefined;

  ioeventfd(rule: IoeventfdOptions): void {
    const { space, address, length, datamatch, deassign = false, eventfd } = rule;
    if (this.refuse === (deassign ? 'unbind' : 'bind')) throw new Error('KVM_IOEVENTFD');
    this.log.push([deassign ? '-' : '+', space, address.toString(16), length, datamatch ?? 'any'].join(' '));
    if (!deassign) this.bound.push(eventfd);
  }
}

const open: IoEventFdDoorbells[] = [];
afterEach(() => {
  for (const doorbells of open.splice(0)) doorbells.close();
});

function rig() {
  const vm = new FakeVm();
  const failures: unknown[] = [];
  const doorbells = new IoEventFdDoorbells(vm, (error) => failures.push(error));
  open.push(doorbells);
  return { vm, failures, doorbells };
}

/** Lets eventfds be heard: as long as `what` does not hold, at most a second. */
async function until(what: () => boolean): Promise<void> {
  for (let i = 0; i < 12_000 && !what(); i += 1) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(what()).toBe(true);
}

test('a callback that throws is reported, and the next ring is heard', async () => {
  const { vm, failures, doorbells } = rig();
  let rings = 0;
  doorbells.bind(BELL, () => {
    rings += 1;
    throw new Error('a device bug');
  });
  vm.bound[0]?.signal();
  await until(() => rings === 1);
  vm.bound[0]?.signal();
  await until(() => rings === 2);
  expect(failures).toEqual([new Error('a device bug'), new Error('a device bug')]);
});

test('refused by the kernel, nothing is left bound', () => {
  const { vm, doorbells } = rig();
  vm.refuse = 'bind';
  expect(() => doorbells.bind(BELL, () => {})).toThrow('KVM_IOEVENTFD');
  vm.refuse = undefined;
  doorbells.close();
  expect(vm.log).toEqual([]);
});

test('an unbinding that the kernel refuses still lets the eventfd go', () => {
  const { vm, doorbells } = rig();
  const unbind = doorbells.bind(BELL, () => {});
  vm.refuse = 'unbind';
  expect(unbind).toThrow('KVM_IOEVENTFD');
  expect(vm.bound[0]?.closed).toBe(true);
  unbind();
});

test('bound, it rings; unbound, once and again, it does not', async () => {
  const { vm, doorbells } = rig();
  let rings = 0;
  const unbind = doorbells.bind({ ...BELL, datamatch: 0 }, () => {
    rings += 1;
  });
  vm.bound[0]?.signal(3n);
  await until(() => rings === 1);
  vm.bound[0]?.signal();
  unbind();
  unbind();
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(rings).toBe(1);
  expect(vm.log).toEqual(['+ mmio c0003000 2 0', '- mmio c0003000 2 0']);
  expect(vm.bound[0]?.closed).toBe(true);
});

test('closing unbinds all that is bound, and only that', () => {
  const { vm, doorbells } = rig();
  const first = doorbells.bind(BELL, () => {});
  doorbells.bind({ space: 'pio', address: 0xc000 as Gpa, width: 0 }, () => {});
  first();
  doorbells.close();
  doorbells.close();
  expect(vm.log).toEqual(['+ mmio c0003000 2 any', '+ pio c000 0 any', '- mmio c0003000 2 any', '- pio c000 0 any']);
  expect(vm.bound.every(({ closed }) => closed)).toBe(true);
});

import { afterAll, expect, test } from '@jest/globals';
import { type MachineEndReason, VirtualMachine } from '../../vmm/index.ts';
import { describeGuest, GUEST_TIMEOUT_MS, TEST_MEMORY } from '../support/guest.ts';

/** How a guest can end, and what it does to end so. */
const ENDINGS: readonly {
  readonly reason: MachineEndReason;
  readonly status: number;
  readonly script: string;
}[] = [
  { reason: 'power-off', status: 0, script: 'poweroff -f' },
  { reason: 'halted', status: 120, script: 'halt -f' },
  { reason: 'reset', status: 121, script: 'reboot -f' },
  { reason: 'panic', status: 122, script: 'echo c > /proc/sysrq-trigger' },
];

describeGuest('the end of a machine', (accel) => {
  const machines: VirtualMachine[] = [];
  afterAll(async () => {
    for (const vm of machines) await vm.stop();
  }, GUEST_TIMEOUT_MS);

  for (const { reason, status, script } of ENDINGS) {
    test(
      `${script}: ${reason}, exit status ${status}`,
      async () => {
        const vm = await VirtualMachine.create({ accel, memory: TEST_MEMORY });
        machines.push(vm);
        vm.start();
        await expect(vm.exec(['sh', '-c', `${script}; sleep 1000`])).rejects.toThrow('the machine ended');
        expect(await vm.ended).toMatchObject({ reason, status });
      },
      GUEST_TIMEOUT_MS,
    );
  }

  test(
    'stop, while the guest spins',
    async () => {
      const vm = await VirtualMachine.create({ accel, memory: TEST_MEMORY });
      machines.push(vm);
      vm.start();
      const spinning = vm.exec(['sh', '-c', 'echo on; while :; do :; done'], { onStdout: () => void vm.stop() });
      await expect(spinning).rejects.toThrow('the machine ended');
      expect(await vm.ended).toMatchObject({ reason: 'stopped', status: 0 });
    },
    GUEST_TIMEOUT_MS,
  );
});

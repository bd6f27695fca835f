import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { kvmBackend } from 'node-kvm';
import { type MachineEnd, VirtualMachine } from '../../vmm/index.ts';
import { bareKernel } from '../support/bare-kernel.ts';
import { describeGuest, scratchDirectory } from '../support/guest.ts';

const TIMEOUT_MS = 300_000;
/** mov dx, imm16 */
const movDx = (port: number) => [0x66, 0xba, port & 0xff, port >> 8];
const HALT_FOR_GOOD = [0xfa, 0xf4, 0xeb, 0xfd];

describeGuest('a machine whose kernel is a few instructions', (accel) => {
  const directory = scratchDirectory();

  /** Runs machine code as the kernel until the machine ends; `act` may help it to. */
  const run = async (name: string, code: readonly number[], act?: (vm: VirtualMachine) => Promise<unknown>) => {
    const kernel = join(directory, name);
    writeFileSync(kernel, bareKernel(code, accel === 'kvm' ? 64 : 32));
    const vm = await VirtualMachine.create({ accel, kernel, root: false, memory: 32 * 2 ** 20 });
    let console = '';
    vm.onConsole((bytes) => {
      console += new TextDecoder().decode(bytes);
    });
    vm.start();
    await act?.(vm);
    const end: MachineEnd = await vm.ended;
    return { ...end, console };
  };

  test(
    'prints on the serial port and powers off',
    async () => {
      const print = [...'hello'].flatMap((letter) => [0xb0, letter.charCodeAt(0), 0xee]);
      const powerOff = [...movDx(0x604), 0x66, 0xb8, 0x00, 0x20, 0x66, 0xef];
      const end = await run('hello', [...movDx(0x3f8), ...print, ...powerOff, ...HALT_FOR_GOOD]);
      expect(end).toMatchObject({ reason: 'power-off', status: 0, console: 'hello' });
    },
    TIMEOUT_MS,
  );

  test(
    'resets through port 0xcf9, whatever it does afterwards',
    async () => {
      const end = await run('reset', [...movDx(0xcf9), 0xb0, 0x06, 0xee, 0xeb, 0xfe]);
      expect(end).toMatchObject({ reason: 'reset', status: 121 });
    },
    TIMEOUT_MS,
  );

  test(
    'raises an exception without an IDT: triple fault',
    async () => {
      // mov rax, [0x7fffffffffff]; without paging no address is unmapped, so there it is ud2
      const fault = accel === 'kvm' ? [0x48, 0xa1, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0] : [0x0f, 0x0b];
      const end = await run('triple', [...fault, ...HALT_FOR_GOOD]);
      expect(end).toMatchObject({ reason: 'triple-fault', status: 123 });
      expect(end.line).toContain('triple fault');
    },
    TIMEOUT_MS,
  );

  test(
    'halts with interrupts off',
    async () => {
      expect(await run('halt', HALT_FOR_GOOD)).toMatchObject({ reason: 'halted', status: 120 });
    },
    TIMEOUT_MS,
  );

  test(
    'spins for ever, and is paused, resumed and stopped all the same',
    async () => {
      const end = await run('spin', [0xeb, 0xfe], async (vm) => {
        await vm.pause();
        vm.resume();
        await vm.pause();
        await vm.stop();
      });
      expect(end).toMatchObject({ reason: 'stopped', status: 0 });
    },
    TIMEOUT_MS,
  );

  test(
    'floods a port nobody answers and is stopped all the same',
    async () => {
      const end = await run('flood', [...movDx(0x1234), 0xee, 0xec, 0xeb, 0xfc], async (vm) => {
        await new Promise((resolve) => setTimeout(resolve, 200));
        await vm.stop();
      });
      expect(end.reason).toBe('stopped');
    },
    TIMEOUT_MS,
  );

  const onKvm = accel === 'kvm' ? test : () => {};
  onKvm(
    'uses an instruction that kvm_pvm cannot emulate: registers, bytes and the reason are reported there',
    async () => {
      // popcnt rax, rbx
      const end = await run('popcnt', [0xf3, 0x48, 0x0f, 0xb8, 0xc3, ...HALT_FOR_GOOD]);
      if (kvmBackend() !== 'pvm') {
        expect(end.reason).toBe('halted');
        return;
      }
      expect(end).toMatchObject({ reason: 'error', status: 125 });
      expect(end.line).toContain('could not emulate an instruction (f3 48 0f b8 c3');
      expect(end.line).toContain('RIP 0000000001000000');
      expect(end.report).toMatch(/rip 0000000001000000 .*[\s\S]*cr3 [\s\S]*instruction f3 48 0f b8 c3[\s\S]*kvm_pvm/);
    },
    TIMEOUT_MS,
  );
});

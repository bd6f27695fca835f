import { accessSync, constants } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { kvmBackend } from 'node-kvm';
import { HostError, UsageError } from '../usage-error.ts';
import { chooseAccelerator } from './choose.ts';

function kvmIsThere(): boolean {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

describe('what executes a guest', () => {
  test.each([
    [{ cpus: 2 }, 'the software CPU is one CPU: leave --smp 2 out, or use KVM'],
    [{ memory: 2 ** 31 }, 'memory of 2 GiB is too much for the software CPU: give less than 2 GiB, or use KVM'],
    [{ memoryBacking: 'memfd' }, 'the software CPU has guest RAM within its own: leave memory-backend out, or use KVM'],
  ] as const)('cannot be the software CPU with %j', async (config, line) => {
    const refused = chooseAccelerator({ accel: 'software', ...config });
    await expect(refused).rejects.toThrow(new UsageError(line));
  });

  test('is the software CPU where it is asked for, without a word', async () => {
    const notices: string[] = [];
    const choice = await chooseAccelerator(
      { accel: 'software', memory: 2 ** 31 - 2 ** 20 },
      { notice: (line) => notices.push(line) },
    );
    expect(choice).toMatchObject({ kind: 'software', bits: 32, arch: 'i386', pvm: false });
    expect(notices).toEqual([]);
  });

  test('is KVM where it can be opened, else the software CPU, and that is said in one line', async () => {
    const notices: string[] = [];
    const choice = await chooseAccelerator({}, { notice: (line) => notices.push(line) });
    if (kvmIsThere()) {
      expect(choice).toMatchObject({ kind: 'kvm', bits: 64, arch: 'x86_64', pvm: kvmBackend() === 'pvm' });
      expect(notices.length).toBe(choice.pvm ? 1 : 0);
      return;
    }
    expect(choice.kind).toBe('software');
    expect(notices).toEqual([
      expect.stringMatching(
        /^(there is no \/dev\/kvm|\/dev\/kvm cannot be used \(E[A-Z]+\)): the software CPU runs the guest; tsvmm doctor says how to have KVM$/,
      ),
    ]);
    await expect(chooseAccelerator({ accel: 'kvm' })).rejects.toThrow(HostError);
  });

  test('with a kernel of its own gets no hint to leave KVM', async () => {
    const notices: string[] = [];
    const choice = await chooseAccelerator({ kernel: '/boot/vmlinuz' }, { notice: (line) => notices.push(line) });
    if (choice.kind === 'kvm') expect(notices).toEqual([]);
    else expect(notices.length).toBe(1);
  });
});

import { describe, expect, test } from '@jest/globals';
import { KvmError, translated } from './error.ts';
import { Kvm } from './kvm.ts';

const thrownBy = (act: () => unknown): unknown => {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
};

describe('KvmError', () => {
  test('says which call failed, how, and what to do', () => {
    const error = new KvmError({ errno: 17, ioctl: 'KVM_CREATE_VCPU' });
    expect(error).toMatchObject({ name: 'KvmError', errno: 17, code: 'EEXIST', ioctl: 'KVM_CREATE_VCPU' });
    expect(error.message).toBe('KVM_CREATE_VCPU failed with EEXIST: this VM already has a vCPU with that id');
    expect(error).toBeInstanceOf(Error);
  });

  test('has no hint where nothing is known', () => {
    const error = new KvmError({ errno: 5, ioctl: 'KVM_GET_REGS' });
    expect(error.hint).toBe('');
    expect(error.message).toBe('KVM_GET_REGS failed with EIO');
  });

  test('knows an ioctl the kernel lacks whatever its name', () => {
    expect(new KvmError({ errno: 25, ioctl: 'KVM_ANYTHING' }).hint).toBe('this kernel does not have that ioctl');
  });

  test('opening a device that is not there says what to load and switch on', () => {
    const error = thrownBy(() => Kvm.open('/dev/no-such-kvm'));
    expect(error).toMatchObject({ name: 'KvmError', code: 'ENOENT', errno: 2, ioctl: 'open' });
    expect(error).toHaveProperty(
      'message',
      expect.stringMatching(/^open \(\/dev\/no-such-kvm\) failed with ENOENT: .*modprobe kvm_intel.*BIOS/),
    );
  });

  test('a device this user may not open names the group and the command', () => {
    const error = new KvmError({ errno: 13, ioctl: 'open', subject: '/dev/kvm' });
    expect(error.message).toContain('open (/dev/kvm) failed with EACCES');
    expect(error.hint).toContain('sudo usermod -aG kvm');
  });

  test('a device that is no KVM says so', () => {
    expect(thrownBy(() => Kvm.open('/dev/null'))).toMatchObject({
      code: 'ENOTTY',
      ioctl: 'KVM_GET_API_VERSION',
      hint: 'this is not a KVM device',
    });
  });

  test.each([[5], [null], ['/dev/kvm\0'], [{}]])('refuses the path %p', (path) => {
    expect(() => Kvm.open(path as string)).toThrow(TypeError);
  });

  test('what is no failure of a system call passes as it is', () => {
    const other = new RangeError('other');
    expect(
      thrownBy(() =>
        translated(() => {
          throw other;
        }),
      ),
    ).toBe(other);
    expect(
      thrownBy(() =>
        translated(() => {
          throw 'text';
        }),
      ),
    ).toBe('text');
  });
});

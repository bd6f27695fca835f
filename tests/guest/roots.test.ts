import { chmodSync, cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { ensureRoot } from '../../vmm/fixtures/root.ts';
import { type ExecResult, VirtualMachine, type VirtualMachineConfig } from '../../vmm/index.ts';
import { archOf, describeGuest, GUEST_TIMEOUT_MS, scratchDirectory, TEST_MEMORY } from '../support/guest.ts';

describeGuest('a guest that boots from a directory', (accel) => {
  const scratch = scratchDirectory();
  const own = join(scratch, 'root');

  beforeAll(async () => {
    cpSync((await ensureRoot({ arch: archOf(accel) })).root, own, { recursive: true, verbatimSymlinks: true });
  });

  const runIn = async (config: VirtualMachineConfig, argv: readonly string[]) => {
    const vm = await VirtualMachine.create({ accel, memory: TEST_MEMORY, ...config });
    vm.start();
    const { status, stdout, stderr }: ExecResult = await vm.exec(argv);
    await vm.stop();
    return { status, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
  };

  test(
    'writes to it where that is allowed',
    async () => {
      const script = 'echo kept > /kept; mkdir /made; grep " / " /proc/mounts | cut -d" " -f3';
      const result = await runIn({ root: { path: own, readonly: false } }, ['sh', '-c', script]);
      expect(result).toEqual({ status: 0, stdout: '9p\n', stderr: '' });
      expect(readFileSync(join(own, 'kept'), 'utf8')).toBe('kept\n');
      expect(existsSync(join(own, 'made'))).toBe(true);
    },
    GUEST_TIMEOUT_MS,
  );

  test(
    'cannot write to it otherwise, and can to what it needs',
    async () => {
      const script = 'echo no > /refused; echo $?; echo yes > /tmp/allowed; cat /tmp/allowed';
      const { status, stdout, stderr } = await runIn({ root: { path: own } }, ['sh', '-c', script]);
      expect({ status, stdout }).toEqual({ status: 0, stdout: '1\nyes\n' });
      expect(stderr).toContain('Read-only file system');
      expect(existsSync(join(own, 'refused'))).toBe(false);
    },
    GUEST_TIMEOUT_MS,
  );

  test(
    'is in the charge of its own first process',
    async () => {
      writeFileSync(join(own, 'own-init'), '#!/bin/sh\necho "process $$ of $(cat /etc/motto)"\npoweroff -f\n');
      chmodSync(join(own, 'own-init'), 0o755);
      writeFileSync(join(own, 'etc', 'motto'), 'its own root\n');
      const vm = await VirtualMachine.create({ accel, memory: TEST_MEMORY, root: { path: own, init: '/own-init' } });
      let console = '';
      vm.onConsole((bytes) => {
        console += new TextDecoder().decode(bytes);
      });
      vm.start();
      expect(await vm.ended).toMatchObject({ reason: 'power-off' });
      expect(console).toContain('process 1 of its own root');
    },
    GUEST_TIMEOUT_MS,
  );

  test(
    "is this machine's own root, read-only, with its own programs; a 32-bit guest cannot run them",
    async () => {
      const result = await runIn({ root: { path: '/' } }, ['/bin/cat', '/etc/os-release']);
      if (accel === 'software') {
        expect(result).toMatchObject({ status: 126, stdout: '' });
        return;
      }
      expect(result).toEqual({ status: 0, stdout: readFileSync('/etc/os-release', 'utf8'), stderr: '' });
    },
    GUEST_TIMEOUT_MS,
  );
});

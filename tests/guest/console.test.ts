import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { ensureKernel } from '../../vmm/fixtures/kernel.ts';
import { VirtualMachine, type VirtualMachineConfig } from '../../vmm/index.ts';
import { archOf, describeGuest, GUEST_TIMEOUT_MS, scratchDirectory, TEST_MEMORY } from '../support/guest.ts';
import { tsvmm } from '../support/tsvmm.ts';

const PASTED = 65_536;

/** A guest with a shell, and what its console has shown. */
async function shell(config: VirtualMachineConfig) {
  const vm = await VirtualMachine.create({ memory: TEST_MEMORY, session: 'shell', ...config });
  let shown = '';
  let heard = () => {};
  vm.onConsole((bytes) => {
    shown += Buffer.from(bytes).toString('latin1').replaceAll('\r', '');
    heard();
  });
  vm.start();
  const waitFor = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const match = pattern.exec(shown);
      if (match !== null) return match;
      await new Promise<void>((resolve) => {
        heard = resolve;
      });
    }
  };
  const type = (text: string | Uint8Array) => vm.writeConsole(typeof text === 'string' ? Buffer.from(text) : text);
  return { vm, waitFor, type, shown: () => shown };
}

describeGuest('the console', (accel) => {
  const scratch = scratchDirectory();

  test(
    'is a virtio console with our kernel: pasted text arrives complete, sizes are followed',
    async () => {
      const terminal = { rows: 24, columns: 80, term: 'vt100' };
      const { vm, waitFor, type, shown } = await shell({ accel, terminal });
      try {
        // Typed long before there is a shell to read it.
        void type('tty; stty size; stty raw -echo; echo re""ady; head -c 65536 | md5sum; stty sane; echo do""ne\n');
        await waitFor(/\n\/dev\/hvc0\n24 80\n/);
        await waitFor(/ready/);
        const pasted = randomBytes(PASTED);
        await type(pasted);
        const [, sum] = await waitFor(/\b([0-9a-f]{32})\b/);
        expect(sum).toBe(createHash('md5').update(pasted).digest('hex'));
        await waitFor(/done/);
        vm.resizeConsole(50, 132);
        await type('until [ "$(stty size)" = "50 132" ]; do usleep 10000; done; echo fo""llowed\n');
        await waitFor(/followed/);
        await type('seq 1 2000; exit\n');
        expect((await vm.ended).reason).toBe('power-off');
        const numbers = shown().slice(shown().lastIndexOf('\n1\n') + 1);
        expect(numbers).toContain(Array.from({ length: 2000 }, (_, index) => `${index + 1}\n`).join(''));
      } finally {
        await vm.stop();
      }
    },
    GUEST_TIMEOUT_MS,
  );

  test(
    'shows the kernel’s messages and a panic once, from the serial port',
    async () => {
      const { vm, waitFor, type, shown } = await shell({ accel, verbose: true });
      try {
        void type('tty; echo c > /proc/sysrq-trigger\n');
        expect((await vm.ended).reason).toBe('panic');
        await waitFor(/\/dev\/hvc0/);
        expect(shown().match(/Linux version/g)).toHaveLength(1);
        expect(shown().match(/Kernel panic - not syncing/g)).toHaveLength(1);
      } finally {
        await vm.stop();
      }
    },
    GUEST_TIMEOUT_MS,
  );

  test(
    'is the serial port with a kernel of the user’s own, or by choice',
    async () => {
      const { vmlinux } = await ensureKernel({ arch: archOf(accel) });
      for (const config of [{ kernel: vmlinux }, { console: 'serial' as const }]) {
        const { vm, waitFor, type } = await shell({ accel, ...config });
        try {
          await waitFor(/# /);
          await type('tty\n');
          await waitFor(/\/dev\/ttyS0/);
        } finally {
          await vm.stop();
        }
      }
    },
    GUEST_TIMEOUT_MS,
  );

  test(
    'leaves stdout and stderr of a command apart, byte for byte',
    async () => {
      writeFileSync(join(scratch, 'script'), 'for i in $(seq 1 300); do echo out $i; echo err $i >&2; done');
      const { status, stdout, stderr } = await tsvmm([
        ...['run', '--accel', accel, '-m', '128', '--virtfs', `local,path=${scratch},mount_tag=host`],
        ...['--', 'sh', '/mnt/host/script'],
      ]);
      const lines = (word: string) => Array.from({ length: 300 }, (_, index) => `${word} ${index + 1}\n`).join('');
      expect(status).toBe(0);
      expect(stdout === lines('out')).toBe(true);
      expect(stderr === lines('err')).toBe(true);
    },
    GUEST_TIMEOUT_MS,
  );
});

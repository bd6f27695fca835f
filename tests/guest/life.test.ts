import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { UsageError, VirtualMachine, type VirtualMachineConfig } from '../../vmm/index.ts';
import { bareKernel } from '../support/bare-kernel.ts';
import { describeGuest, scratchDirectory } from '../support/guest.ts';

const TIMEOUT_MS = 300_000;
const MIB = 2 ** 20;
const SPIN = [0xeb, 0xfe];
/** mov dx, 0x3f8; then AL goes to the serial port for ever. */
const CHATTER = [0x66, 0xba, 0xf8, 0x03, 0xb0, 0x78, 0xee, 0xeb, 0xfd];
/** mov dx, 0x604; mov ax, 0x2000; out dx, ax; spin. */
const POWER_OFF = [0x66, 0xba, 0x04, 0x06, 0x66, 0xb8, 0x00, 0x20, 0x66, 0xef, ...SPIN];

describeGuest('the life of a machine', (accel) => {
  const directory = scratchDirectory();
  let made = 0;

  const kernelOf = (code: readonly number[]) => {
    made += 1;
    const kernel = join(directory, `kernel-${made}`);
    writeFileSync(kernel, bareKernel(code, accel === 'kvm' ? 64 : 32));
    return kernel;
  };
  const create = (code: readonly number[], config: VirtualMachineConfig = {}, notices: string[] = []) =>
    VirtualMachine.create(
      { accel, kernel: kernelOf(code), root: false, memory: 32 * MIB, ...config },
      { notice: (line) => notices.push(line) },
    );
  const descriptors = () => readdirSync('/proc/self/fd').length;

  test(
    'stopped before it starts, twice: it ends, and nothing starts it any more',
    async () => {
      const vm = await create(SPIN);
      expect(await Promise.all([vm.stop(), vm.stop()])).toMatchObject([{ reason: 'stopped' }, { reason: 'stopped' }]);
      expect(() => vm.start()).toThrow('a machine starts once, and this one has ended');
      expect(await vm.stop()).toMatchObject({ reason: 'stopped', status: 0 });
      await vm.pause();
      vm.resume();
      await vm.writeConsole(Uint8Array.of(1));
    },
    TIMEOUT_MS,
  );

  test(
    'started twice: the second is refused and harms nothing',
    async () => {
      const vm = await create(SPIN);
      vm.start();
      expect(() => vm.start()).toThrow('a machine starts once, and this one runs already');
      await vm.pause();
      vm.resume();
      expect(await vm.stop()).toMatchObject({ reason: 'stopped' });
    },
    TIMEOUT_MS,
  );

  test(
    'paused before it starts: refused, and it starts and halts as ever',
    async () => {
      const vm = await create([0xfa, 0xf4, 0xeb, 0xfd]);
      await expect(vm.pause()).rejects.toThrow('call start() first');
      vm.resume();
      vm.start();
      expect(await vm.ended).toMatchObject({ reason: 'halted' });
    },
    TIMEOUT_MS,
  );

  test(
    'resumed before the pause is there: it runs on; paused while it ends: everybody goes on',
    async () => {
      const vm = await create(CHATTER);
      let heard = 0;
      let wake = () => {};
      vm.onConsole(() => {
        heard += 1;
        wake();
      });
      const more = () =>
        new Promise<void>((resolve) => {
          wake = resolve;
        });
      vm.start();
      await more();
      for (let i = 0; i < 5; i += 1) {
        const paused = vm.pause();
        vm.resume();
        await paused;
        await more();
      }
      await Promise.all([vm.pause(), vm.pause()]);
      await new Promise((resolve) => setTimeout(resolve, 10));
      const before = heard;
      await new Promise((resolve) => setTimeout(resolve, 30));
      expect(heard).toBe(before);
      vm.resume();
      await more();
      const [end] = await Promise.all([vm.stop(), vm.pause()]);
      expect(end.reason).toBe('stopped');
    },
    TIMEOUT_MS,
  );

  test(
    'stopped while it is paused, and paused while it powers off',
    async () => {
      const spinning = await create(SPIN);
      spinning.start();
      await spinning.pause();
      expect(await spinning.stop()).toMatchObject({ reason: 'stopped' });
      const ending = await create(POWER_OFF);
      ending.start();
      await Promise.all([ending.pause(), ending.pause()]);
      ending.resume();
      expect(await ending.ended).toMatchObject({ reason: 'power-off' });
    },
    TIMEOUT_MS,
  );

  test(
    'a console listener that throws is told of and hears no more; the guest goes on',
    async () => {
      const notices: string[] = [];
      const vm = await create(CHATTER, {}, notices);
      vm.onConsole(() => {
        throw new Error('no terminal');
      });
      const heard = new Promise<void>((resolve) => {
        vm.onConsole(() => resolve());
      });
      vm.start();
      await heard;
      await vm.stop();
      expect(notices.filter((line) => line.startsWith('a console listener failed: Error: no terminal'))).toHaveLength(
        1,
      );
    },
    TIMEOUT_MS,
  );

  test(
    'a console listener that is never done does not keep the machine from stopping, nor does typing nobody reads',
    async () => {
      const vm = await create(CHATTER);
      const heard = new Promise<void>((resolve) => {
        vm.onConsole(() => {
          resolve();
          return new Promise(() => {});
        });
      });
      vm.start();
      await heard;
      const typing = vm.writeConsole(new Uint8Array(1000));
      expect(await vm.stop()).toMatchObject({ reason: 'stopped' });
      await typing;
    },
    TIMEOUT_MS,
  );

  test(
    'a command whose guest never takes it: rejected at the end, later ones too, and nobody has to look',
    async () => {
      const vm = await create(SPIN, { root: { path: directory } });
      const early = vm.exec(['true']);
      vm.start();
      const second = vm.exec(['true'], { stdin: 'x' });
      vm.exec(['nobody', 'waits']);
      expect(() => vm.exec([])).toThrow(TypeError);
      early.signal(15);
      await vm.stop();
      const late = vm.exec(['true']);
      late.signal(15);
      for (const running of [early, second, late]) {
        await expect(running).rejects.toThrow('the machine ended: stopped by request');
      }
    },
    TIMEOUT_MS,
  );

  test(
    'a machine without our init takes no commands, and says what to do',
    async () => {
      const vm = await create(SPIN);
      expect(() => vm.exec(['true'])).toThrow("exec needs session 'commands' and our own init");
      await vm.stop();
    },
    TIMEOUT_MS,
  );

  test(
    'what cannot be made leaves nothing open; neither does what was',
    async () => {
      await (await create(SPIN)).stop();
      const before = descriptors();
      const share = (path: string, mountTag: string) => ({ path, mountTag });
      await expect(create(SPIN, { shares: [share(directory, 'a'), share('/nowhere', 'b')] })).rejects.toThrow(
        UsageError,
      );
      await expect(create(SPIN, { append: 'x'.repeat(100_000), shares: [share(directory, 'a')] })).rejects.toThrow(
        UsageError,
      );
      await expect(create(SPIN, { memory: 2 * MIB })).rejects.toThrow(UsageError);
      const vm = await create(SPIN, {
        shares: [share(directory, 'a'), share(directory, 'b')],
        cpus: accel === 'kvm' ? 2 : 1,
      });
      vm.start();
      expect(descriptors()).toBeGreaterThan(before);
      await vm.stop();
      expect(descriptors()).toBe(before);
    },
    TIMEOUT_MS,
  );
});

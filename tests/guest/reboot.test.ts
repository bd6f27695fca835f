import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { createMemory, type GuestReset, VirtualMachine, type VirtualMachineConfig } from '../../vmm/index.ts';
import { bareKernel } from '../support/bare-kernel.ts';
import { buildFlock } from '../support/build-workload.ts';
import { eventually } from '../support/eventually.ts';
import { describeGuest, GUEST_TIMEOUT_MS, scratchDirectory, TEST_MEMORY } from '../support/guest.ts';

const MIB = 2 ** 20;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const SPIN = [0xeb, 0xfe];
/** mov dx, PORT; mov al, VALUE; out dx, al; spin */
const outThenSpin = (port: number, value: number) => [0x66, 0xba, port & 0xff, port >> 8, 0xb0, value, 0xee, ...SPIN];
/** Says `x` on the serial port, and spins. */
const SAY = outThenSpin(0x3f8, 0x78);

describeGuest('a guest that reboots', (accel) => {
  const directory = scratchDirectory();
  const machines: VirtualMachine[] = [];
  afterEach(async () => {
    for (const vm of machines.splice(0)) await vm.stop();
  }, GUEST_TIMEOUT_MS);

  /** A machine of Linux with everything that could be left behind. */
  async function boot(config: VirtualMachineConfig = {}) {
    const notices: string[] = [];
    const vm = await VirtualMachine.create(
      { accel, memory: TEST_MEMORY, onReboot: 'restart', ...config },
      { notice: (line) => notices.push(line) },
    );
    const resets: GuestReset[] = [];
    const waiting: (() => void)[] = [];
    vm.onReset((reset) => {
      resets.push(reset);
      for (const wake of waiting.splice(0)) wake();
    });
    const sh = async (script: string) => {
      const { status, stdout, stderr } = await vm.exec(['sh', '-c', script]);
      return `${status} ${Buffer.from(stdout)}${Buffer.from(stderr)}`;
    };
    /** Runs a script that ends in a reboot, in one way or another. */
    const reboot = async (script: string) => {
      const count = resets.length;
      const again = new Promise<void>((resolve) => waiting.push(resolve));
      const running = expect(vm.exec(['sh', '-c', `${script}; sleep 1000`])).rejects.toThrow('it boots again');
      await again;
      await running;
      expect(resets).toHaveLength(count + 1);
    };
    machines.push(vm);
    vm.start();
    return { vm, notices, resets, sh, reboot };
  }

  /** What the process holds of the host. */
  const census = () => ({
    descriptors: readdirSync('/proc/self/fd').length,
    threads: readdirSync('/proc/self/task').length,
    guests: readFileSync('/proc/self/maps', 'utf8').match(/guest-memory|kvm-vcpu/g)?.length ?? 0,
  });

  /** Whether anybody on this host holds a lock of the file. */
  const locked = (file: string) => readFileSync('/proc/locks', 'utf8').includes(`:${statSync(file).ino} `);

  test(
    'six times in a row, with files, locks and requests under way: each life finds its share, and nothing is left',
    async () => {
      const host = join(directory, 'six');
      mkdirSync(host);
      writeFileSync(join(host, 'big'), Buffer.alloc(8 * MIB, 0x61));
      buildFlock(join(host, 'flock'), true);
      const { vm, notices, resets, sh, reboot } = await boot({
        shares: [
          { path: host, mountTag: 'host' },
          { path: host, mountTag: 'packed', virtio: { packed: true, legacy: false } },
          { driver: 'memory', mountTag: 'legacy', virtio: { legacy: true, modern: false } },
        ],
      });
      expect(await sh('ls /mnt/host')).toBe('0 big\nflock\n');
      await reboot('reboot -f');
      const before = census();
      for (let life = 1; life <= 5; life++) {
        const mark = `cat /proc/sys/kernel/random/boot_id > /mnt/host/boot${life}; ls /mnt/packed/boot*`;
        expect((await sh(mark)).match(/boot\d/g)).toHaveLength(life);
        const lock = 'exec 9>/mnt/host/held; /mnt/host/flock > /dev/null 2>&1 < /dev/null &';
        // Only a 32-bit guest runs the program that takes it.
        if (accel === 'software') {
          expect(await sh(lock)).toBe('0 ');
          await eventually(() => expect(locked(join(host, 'held'))).toBe(true));
        }
        const work = [
          'while :; do cat /mnt/host/big /mnt/packed/big > /dev/null; echo 3 > /proc/sys/vm/drop_caches; done &',
          'while :; do dd if=/dev/zero of=/mnt/host/written bs=64k count=20 2>/dev/null; done &',
          'while :; do echo x > /mnt/legacy/x; rm /mnt/legacy/x; done &',
          '/mnt/host/flock 9>/mnt/packed/held 2>/dev/null &',
          'sleep 0.5; reboot -f',
        ];
        await reboot(work.join('\n'));
        expect(locked(join(host, 'held'))).toBe(false);
      }
      await eventually(() => expect(census()).toEqual(before));
      expect(resets.map(({ reason, count }) => `${count} ${reason}`)).toEqual(
        [1, 2, 3, 4, 5, 6].map((count) => `${count} reset`),
      );
      const boots = [1, 2, 3, 4, 5].map((life) => readFileSync(join(host, `boot${life}`), 'utf8'));
      expect(new Set(boots).size).toBe(5);
      expect(notices).toEqual([]);
      expect(await vm.stop()).toMatchObject({ reason: 'stopped' });
    },
    2 * GUEST_TIMEOUT_MS,
  );

  test.each([
    ['the keyboard controller', 'k', 'reset'],
    ['port 0xCF9', 'p', 'reset'],
    ['a triple fault', 't', 'triple-fault'],
  ] as const)(
    "by %s, as Linux's reboot=%s has it",
    async (_, letter, reason) => {
      const { vm, resets, reboot, sh } = await boot({ append: `reboot=${letter}` });
      await reboot('reboot -f');
      expect(await sh('echo up')).toBe('0 up\n');
      expect(resets).toMatchObject([{ reason, count: 1 }]);
      await vm.stop();
    },
    GUEST_TIMEOUT_MS,
  );

  test(
    'a panic is an end all the same',
    async () => {
      const { vm } = await boot();
      await expect(vm.exec(['sh', '-c', 'echo c > /proc/sysrq-trigger; sleep 1000'])).rejects.toThrow(
        'the machine ended',
      );
      expect(await vm.ended).toMatchObject({ reason: 'panic', status: 122 });
    },
    GUEST_TIMEOUT_MS,
  );

  test(
    'what its owner asks for: reset while it spins, while it is paused, twice at once; and commands of the next life',
    async () => {
      const { vm, resets, sh } = await boot({
        onReboot: 'end',
        shares: [{ backend: createMemory(), driver: 'backend', mountTag: 'm' }],
      });
      const spinning = vm.exec(['sh', '-c', 'while :; do :; done']);
      expect(await sh('echo kept > /mnt/m/file')).toBe('0 ');
      await Promise.all([vm.reset(), vm.reset()]);
      await expect(spinning).rejects.toThrow('the machine was reset: it boots again');
      expect(await sh('cat /mnt/m/file')).toBe('0 kept\n');
      await vm.pause();
      await vm.reset();
      const later = sh('echo later');
      const first = await Promise.race([later, new Promise((resolve) => setTimeout(resolve, 300, 'paused'))]);
      expect(first).toBe('paused');
      vm.resume();
      expect(await later).toBe('0 later\n');
      expect(resets.map(({ reason }) => reason)).toEqual(['requested', 'requested']);
      await vm.stop();
      await expect(vm.reset()).rejects.toThrow('the machine has ended');
    },
    2 * GUEST_TIMEOUT_MS,
  );

  /** A kernel of a few bytes. */
  async function bare(code: readonly number[], onReboot: 'restart' | 'end' = 'restart') {
    const kernel = join(directory, `kernel-${code.join('-').slice(0, 80)}`);
    writeFileSync(kernel, bareKernel(code, accel === 'kvm' ? 64 : 32));
    const vm = await VirtualMachine.create({ accel, kernel, root: false, memory: 32 * MIB, onReboot });
    machines.push(vm);
    return vm;
  }

  test.each([
    ['by the keyboard controller', outThenSpin(0x64, 0xfe)],
    ['by port 0x92', outThenSpin(0x92, 0x01)],
    ['by a triple fault', [0x0f, 0x0b]],
  ])(
    'for ever at once, %s: four times a second at the most, and it stops when it is told to',
    async (_, code) => {
      const vm = await bare(code);
      const times: number[] = [];
      let reached = () => {};
      const enough = new Promise<void>((resolve) => {
        reached = resolve;
      });
      vm.onReset(({ count }) => {
        times.push(performance.now());
        if (count === 8) reached();
      });
      vm.start();
      await enough;
      const [first = 0] = times;
      expect((times.at(-1) ?? 0) - first).toBeGreaterThan(7 * 240);
      const resets = times.length;
      expect(await vm.stop()).toMatchObject({ reason: 'stopped', status: 0 });
      await pause(400);
      expect(times.length).toBeLessThanOrEqual(resets + 1);
    },
    GUEST_TIMEOUT_MS,
  );

  test(
    'stopped at any point of a reset: it ends, gives everything back, and nothing starts it any more',
    async () => {
      const vm = await bare(SAY);
      vm.start();
      await vm.reset();
      await vm.stop();
      const before = census();
      for (let point = 0; point < 12; point++) {
        const one = await bare(SAY);
        one.start();
        let spoken = 0;
        one.onConsole(() => {
          spoken += 1;
        });
        const resetting = one.reset().then(
          () => 'done',
          (error: Error) => error.message,
        );
        for (let i = 0; i < point; i++) await new Promise((resolve) => setImmediate(resolve));
        expect(await one.stop()).toMatchObject({ reason: 'stopped' });
        expect(['done', 'the machine has ended']).toContain(await resetting);
        const heard = spoken;
        await pause(20);
        expect(spoken).toBe(heard);
      }
      await eventually(() => expect(census()).toEqual(before));
    },
    GUEST_TIMEOUT_MS,
  );

  test(
    'a reset before the start is refused, one of a listener that stops the machine ends it',
    async () => {
      const vm = await bare(SAY);
      await expect(vm.reset()).rejects.toThrow('call start() first');
      vm.onReset(() => void vm.stop());
      vm.start();
      await expect(vm.reset()).rejects.toThrow('the machine has ended');
      expect(await vm.ended).toMatchObject({ reason: 'stopped' });
    },
    GUEST_TIMEOUT_MS,
  );
});

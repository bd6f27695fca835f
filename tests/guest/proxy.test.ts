import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { VirtualMachine } from '../../vmm/virtual-machine.ts';
import { describeGuest, GUEST_TIMEOUT_MS, type Outcome, scratchDirectory, TEST_MEMORY } from '../support/guest.ts';

/** The helper processes this one has. */
function helpers(): number[] {
  const text = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim();
  return text
    .split(' ')
    .map(Number)
    .filter((pid) => pid > 0 && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('proxy-helper.js'));
}

/** Waits for something that happens soon, or fails. */
async function until(what: () => boolean): Promise<void> {
  for (let left = 5000; !what(); left--) {
    if (left === 0) throw new Error('it did not happen');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describeGuest(
  'a guest over a directory behind a helper process',
  (accel) => {
    const host = scratchDirectory();
    const notices: string[] = [];
    let vm: VirtualMachine;

    beforeAll(async () => {
      const share = { driver: 'proxy', path: host, mountTag: 'host', securityModel: 'none' } as const;
      const config = { accel, memory: TEST_MEMORY, shares: [share] };
      vm = await VirtualMachine.create(config, { notice: (line) => notices.push(line) });
      vm.start();
    }, GUEST_TIMEOUT_MS);

    afterAll(async () => {
      await vm?.stop();
      await until(() => helpers().length === 0);
    }, GUEST_TIMEOUT_MS);

    const sh = async (script: string): Promise<Outcome> => {
      const { status, stdout, stderr } = await vm.exec(['sh', '-c', `cd /mnt/host; ${script}`]);
      const decoder = new TextDecoder();
      return { status, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
    };
    const inGuest = (name: string, run: () => Promise<void>) => test(name, run, GUEST_TIMEOUT_MS);

    inGuest('files are made, read, moved, linked and removed', async () => {
      mkdirSync(join(host, 'from-host'));
      writeFileSync(join(host, 'from-host/file'), 'host\n');
      const script = `set -e
        cat from-host/file; mkdir -p a/b; echo one > a/b/f; echo two >> a/b/f; mv a/b/f a/g; ln a/g a/h; ln -s g a/s
        cat a/s; chmod 640 a/g; stat -c '%a %h %s' a/g; ls a; rm a/h; rmdir a/b; dd if=/dev/zero of=big bs=64k count=40 2>/dev/null
        stat -c %s big`;
      expect(await sh(script)).toEqual({
        status: 0,
        stderr: '',
        stdout: 'host\none\ntwo\n640 2 8\nb\ng\nh\ns\n2621440\n',
      });
      expect(readFileSync(join(host, 'a/g'), 'utf8')).toBe('one\ntwo\n');
      expect(readFileSync(join(host, 'big')).every((byte) => byte === 0)).toBe(true);
    });

    inGuest(
      'the helper is killed while the guest writes: it goes on, with an open file and with new ones',
      async () => {
        const [first] = helpers();
        const lines = () =>
          existsSync(join(host, 'log')) ? readFileSync(join(host, 'log'), 'utf8').split('\n').length : 0;
        // The loop writes until it is told to stop; a write that was under way may fail, those after it do not.
        const looping = sh(`
        exec 3> log; n=0; failed=0
        while [ ! -e stop ]; do
          n=$((n + 1)); echo "line $n" >&3 || failed=$((failed + 1)); echo $n > f$((n % 7)) || failed=$((failed + 1))
        done 2> /dev/null
        echo last >&3; echo $failed`);
        await until(() => lines() > 3);
        process.kill(first ?? 0, 'SIGKILL');
        await until(() => notices.includes('host: the helper is back'));
        const before = lines();
        await until(() => lines() > before + 3);
        writeFileSync(join(host, 'stop'), '');
        const { status, stdout } = await looping;
        expect(status).toBe(0);
        expect(Number(stdout)).toBeLessThan(10);
        expect(readFileSync(join(host, 'log'), 'utf8')).toMatch(/\nlast\n$/);
        expect(helpers()).toHaveLength(1);
        expect(helpers()).not.toContain(first);
        expect(await sh('cat from-host/file; cd a && echo after > after && cat after')).toMatchObject({
          status: 0,
          stdout: 'host\nafter\n',
        });
      },
    );
  },
  ['software'],
);

/** A guest that the inspector holds: its CPUs stand with the thread of its devices, and go on with it. */
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { describeGuest, GUEST_TIMEOUT_MS, scratchDirectory } from '../support/guest.ts';
import { inspectedRun, watch } from '../support/inspected-run.ts';

/** Linux's clock ticks, USER_HZ. @spec Linux proc(5), /proc/[pid]/stat */
const TICKS_PER_SECOND = 100;
const SECOND = 1000;
/** Of a core, while a machine stands whose guest never rests: the inspector's own thread, and what was under way. */
const MOST_OF_A_CORE = 0.1;

/** Processor time of a process in seconds, that of its guest's CPUs included. */
function processorTime(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

describeGuest('a guest that the inspector holds', (accel) => {
  const host = scratchDirectory();
  const cpus = accel === 'kvm' ? 2 : 1;
  const closing: (() => unknown)[] = [];
  afterEach(() => {
    for (const close of closing.splice(0).reverse()) close();
  });

  /** A guest all of whose CPUs are busy, one of them with the share, and which says when it has got a signal. */
  async function start() {
    mkdirSync(join(host, 'share'), { recursive: true });
    writeFileSync(join(host, 'share', 'file'), 'read me\n');
    const work = [
      'trap "echo interrupted" INT',
      ...Array.from({ length: cpus - 1 }, () => '(trap "" INT; while :; do :; done) &'),
      'echo up',
      'while :; do read line < /mnt/host/file; done',
    ];
    const run = await inspectedRun([
      ...['run', '--accel', accel, '-m', '128M', '--smp', `${cpus}`, '--inspect', '0'],
      ...['--virtfs', `local,path=${host}/share,mount_tag=host`, '--', 'sh', '-c', work.join('\n')],
    ]);
    closing.push(() => run.process.kill('SIGKILL'));
    const page = await watch(run.url);
    closing.push(() => page.close());
    await page.until(() => run.output().includes('up'));
    const { pid = 0 } = run.process;
    const load = async (ms: number) => {
      const [before, began] = [processorTime(pid), performance.now()];
      await pass(ms);
      return ((processorTime(pid) - before) / (performance.now() - began)) * SECOND;
    };
    /** While it stands: what is still under way on a slow host, and what this test does with it, only adds to that. */
    const leastLoad = async (enough = MOST_OF_A_CORE) => {
      let least = Number.POSITIVE_INFINITY;
      for (let times = 0; times < 5 && least >= Math.min(enough, MOST_OF_A_CORE); times++) {
        least = Math.min(least, await load(SECOND));
      }
      return least;
    };
    return { run, page, load, leastLoad };
  }

  test(
    'stands whole, steps, goes on, and is ended by signals',
    async () => {
      const { run, page, load, leastLoad } = await start();
      const busy = await load(SECOND);
      page.pause();
      await page.becomes('standing');
      const held = await leastLoad(busy / 3);
      expect(held).toBeLessThan(MOST_OF_A_CORE);
      expect(busy).toBeGreaterThan(3 * held);

      const steps = [];
      for (let time = 0; time < 4; time++) steps.push(await page.step({ kinds: ['request', 'reply'], device: 'host' }));
      const first = steps.findIndex(({ kind }) => kind === 'request');
      const [request, reply] = steps.slice(first);
      expect([request?.kind, reply]).toMatchObject(['request', { kind: 'reply', fields: { request: request?.id } }]);
      // It stands before that event: nothing has come after it.
      const { before } = page.state() ?? {};
      expect(await leastLoad()).toBeLessThan(MOST_OF_A_CORE);
      expect([before, page.seen.at(-1)?.id]).toEqual([steps[3]?.id, steps[3]?.id]);

      const stood = page.seen.length;
      page.resume();
      await page.becomes('running');
      await page.until(() => page.seen.length > stood + 100);

      page.pause();
      await page.becomes('standing');
      run.process.kill('SIGINT');
      await page.until(() => run.output().includes('interrupted'));

      page.pause();
      await page.becomes('standing');
      const exit = once(run.process, 'exit');
      run.process.kill('SIGTERM');
      expect(await exit).toEqual([null, 'SIGTERM']);
    },
    GUEST_TIMEOUT_MS,
  );
});

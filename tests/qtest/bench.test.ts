import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { buildDriver } from '../../bench/compare/driver.ts';
import { RunError, runGuest } from '../../bench/compare/guest-run.ts';
import { type MachineWish, qemuCommand, tsvmmCommand } from '../../bench/compare/machines.ts';
import { BENCH_RAM, benchWish, expectSound } from '../support/bench-run.ts';
import { QEMU_DRIVEN } from './machine-process.ts';

const TIMEOUT_MS = 300_000;
const directory = mkdtempSync(join(tmpdir(), 'tsvmm-bench-'));
const [socket, driver] = [join(directory, 'machine'), join(directory, 'driver')];
let wish: MachineWish;

beforeAll(() => {
  buildDriver(driver);
  wish = { ...benchWish(directory), kernel: '', accel: 'qtest', seat: { socket, driver } };
}, TIMEOUT_MS);
afterAll(() => rmSync(directory, { recursive: true }));

const run = (command: ReturnType<typeof tsvmmCommand>) => runGuest(command, BENCH_RAM << 20, TIMEOUT_MS);

describe('the bench guest as a program that drives a machine by qtest, its RAM in place', () => {
  test('measures a share of tsvmm', async () => expectSound(await run(tsvmmCommand(wish))), TIMEOUT_MS);

  const name = QEMU_DRIVEN.missing === undefined ? '' : ` [${QEMU_DRIVEN.missing}]`;
  (name === '' ? test : test.skip)(
    `measures a share of QEMU${name}`,
    async () => expectSound(await run(qemuCommand(wish, QEMU_DRIVEN.command[0] ?? ''))),
    TIMEOUT_MS,
  );

  test(
    'what goes wrong is said, and no process stays',
    async () => {
      const none = run(tsvmmCommand({ ...wish, words: wish.words.replace('tag=share', 'tag=none') }));
      await expect(none).rejects.toThrow(/no virtio-9p device, or none with that tag/);
      await expect(none).rejects.toThrow(RunError);
      const wrong = run(tsvmmCommand({ ...wish, deviceOptions: 'poll-us=-1' }));
      await expect(wrong).rejects.toThrow(/poll-us/);
    },
    TIMEOUT_MS,
  );
});

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { QmpClient } from '../qtest/qmp-client.ts';
import { describeGuest, GUEST_TIMEOUT_MS, scratchDirectory } from '../support/guest.ts';
import { TSVMM } from '../support/tsvmm.ts';

const PROMPT = 'tsvmm:~# ';

/** Resolves when the guest has shown its prompt so many times. */
function prompts(child: ChildProcess, times: number): Promise<void> {
  let text = '';
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', (piece: Buffer) => {
      text += piece.toString('latin1');
      if (text.split(PROMPT).length > times) resolve();
    });
    child.once('exit', () => reject(new Error(`it ended: ${text.slice(-400)}`)));
  });
}

describeGuest(
  'the monitor of a guest',
  (accel) => {
    const scratch = scratchDirectory();

    test(
      'resets it, so that it boots again, and ends it',
      async () => {
        const path = join(scratch, 'qmp');
        const qmp = ['--qmp', `unix:${path},server=on,wait=off`];
        const child = spawn(process.execPath, [TSVMM, 'run', '--accel', accel, ...qmp], {
          stdio: ['pipe', 'pipe', 'ignore'],
        });
        const exit = once(child, 'exit');
        try {
          const [booted, bootedAgain] = [prompts(child, 1), prompts(child, 2)];
          bootedAgain.catch(() => {});
          await booted;
          const socket = createConnection(path);
          const monitor = await QmpClient.greeted(socket);
          await monitor.command('qmp_capabilities');
          expect(await monitor.command('system_reset')).toEqual({ return: {} });
          expect(await monitor.event('RESET')).toMatchObject({ data: { guest: false } });
          await bootedAgain;
          expect(await monitor.command('quit')).toEqual({ return: {} });
          expect(await monitor.event('SHUTDOWN')).toMatchObject({ data: { reason: 'host-qmp-quit' } });
          expect((await exit)[0]).toBe(0);
          monitor.close();
        } finally {
          child.kill('SIGKILL');
        }
      },
      GUEST_TIMEOUT_MS,
    );
  },
  ['software'],
);

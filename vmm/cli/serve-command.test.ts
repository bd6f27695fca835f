import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import type { ServeConfig, ServeHooks } from '../serve/serve-config.ts';
import { UsageError } from '../usage-error.ts';
import { parseCommandLine } from './command-line.ts';
import { runCommand } from './run-command.ts';
import type { RunningServer } from './serve-command.ts';
import { FakeProcess } from './test-support/fake-process.ts';
import { type Refused, refusal } from './test-support/refusal.ts';

const scratch = mkdtempSync(join(tmpdir(), 'tsvmm-serve-cli-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const SERVE = ['serve', '--virtfs', `local,path=${scratch},mount_tag=host`, '--listen', 'unix:/run/x'];

/** A server that the test ends, and what it was made with. */
function run(args: readonly string[], start?: () => Promise<RunningServer>) {
  const io = new FakeProcess();
  const calls: string[] = [];
  let finishClose = (): void => {};
  const closed = new Promise<void>((resolve) => {
    finishClose = resolve;
  });
  const made: { config: ServeConfig; hooks: ServeHooks }[] = [];
  const server: RunningServer = {
    addresses: ['unix:/run/x', 'tcp:127.0.0.1:1\n'],
    close: () => {
      calls.push('close');
      return closed;
    },
    removeSocketFiles: () => void calls.push('remove'),
  };
  const status = runCommand(args, io, {
    version: '1.2.3',
    createMachine: () => Promise.reject(new Error('no guest here')),
    describeMachine: () => Promise.reject(new Error('no machine is described here')),
    startQtest: () => Promise.reject(new Error('nothing is driven here')),
    openMonitors: () => Promise.reject(new Error('there are no monitors here')),
    openInspector: () => Promise.reject(new Error('there is no inspector here')),
    proxyHelper: () => Promise.reject(new Error('no helper is asked for here')),
    serve: async (config, hooks) => {
      made.push({ config, hooks });
      return start?.() ?? server;
    },
    kernel: async () => [],
    inspectHost: async () => [],
  });
  return { io, calls, made, status, finishClose };
}

const turn = () => new Promise(setImmediate);

describe('tsvmm serve', () => {
  test.each([
    ['SIGINT', 0],
    ['SIGTERM', 0],
    ['SIGHUP', 129],
    ['SIGQUIT', 131],
  ])('prints its addresses, and ends by %s with status %i once it is closed', async (signal, expected) => {
    const { io, calls, status, finishClose } = run(SERVE);
    await turn();
    expect(io.stdout.text).toBe('unix:/run/x\ntcp:127.0.0.1:1\\n\n');
    io.events.emit(signal);
    await turn();
    expect(calls).toEqual(['close']);
    finishClose();
    expect(await status).toBe(expected);
    expect([io.stderr.text, io.exits, io.listeners]).toEqual(['', [], []]);
  });

  test('a second signal ends it at once, and the socket files go with the process', async () => {
    const { io, calls, status, finishClose } = run(SERVE);
    await turn();
    io.events.emit('SIGTERM');
    await turn();
    io.events.emit('SIGINT');
    io.events.emit('exit');
    expect([io.exits, calls]).toEqual([[130], ['close', 'remove']]);
    finishClose();
    await status;
  });

  test('notices and the trace go where they were asked for', async () => {
    const file = join(scratch, 'trace');
    const { io, made, status, finishClose } = run([...SERVE, '--trace', file]);
    await turn();
    made[0]?.hooks.notice?.('client 1 was sent away');
    made[0]?.hooks.trace?.('client 1: Tversion');
    expect(made[0]?.hooks.visit).toBeUndefined();
    io.events.emit('SIGTERM');
    finishClose();
    await status;
    expect(io.stderr.text).toBe('tsvmm: client 1 was sent away\n');
    expect(readFileSync(file, 'utf8')).toBe('client 1: Tversion\n');
  });

  test('an address that cannot be had is one line and status 2', async () => {
    const { io, status } = run(SERVE, () => Promise.reject(new UsageError('listen: unix:/run/x is in use')));
    expect(await status).toBe(2);
    expect([io.stdout.text, io.stderr.text, io.listeners]).toEqual(['', 'tsvmm: listen: unix:/run/x is in use\n', []]);
  });

  test('a directory that does not exist is found before anything is opened', async () => {
    const { io, status, made } = run(['serve', '--listen', 'unix:/run/x', '--fsdev', 'local,id=a,path=/nonesuch']);
    expect(await status).toBe(2);
    expect(io.stderr.text).toMatch(/^tsvmm: share a: \/nonesuch does not exist; /);
    expect(made).toEqual([]);
  });

  test('every option is read, with one dash or two', async () => {
    const line = `serve -virtfs local,path=a,mount_tag=t,id=i,readonly=on --fsdev=local,id=b,path=b -listen unix:s
      --listen=tcp:[::1]:0 --allow-remote -max-connections 7 --msize 64K --poll-us 30 --ctl --trace --verbose`;
    expect(parseCommandLine(line.split(/\s+/), '')).toEqual({
      kind: 'serve',
      request: {
        config: {
          shares: [
            { path: 'a', mountTag: 't', id: 'i', readonly: true },
            { path: 'b', mountTag: 'b' },
          ],
          listen: ['unix:s', 'tcp:[::1]:0'],
          allowRemote: true,
          maxConnections: 7,
          msize: 65_536,
          pollUs: 30,
          ctl: true,
        },
        trace: { language: 'lines', choice: {} },
        verbose: true,
      },
    });
  });

  const V = '--virtfs local,path=.,mount_tag=h';
  const L = '--listen unix:s';
  test.each<Refused>([
    ['serve', 'serve: nowhere to listen; add --listen unix:PATH or --listen tcp:127.0.0.1:PORT'],
    [`serve ${L}`, 'serve: nothing to serve; add --virtfs local,path=DIR,mount_tag=TAG'],
    [`serve ${V} --listen`, '--listen needs a value: --listen unix:PATH or tcp:HOST:PORT'],
    [`serve ${V} --listen 564`, "listen: '564' is no address; write unix:PATH or tcp:HOST:PORT"],
    [`serve ${V} ${L} --lisen unix:t`, "unknown option '--lisen'; did you mean --listen?"],
    [`serve ${V} ${L} --kernel x`, "unknown option '--kernel'; see tsvmm serve --help"],
    [`serve ${V} ${L} --ctl=on`, '--ctl takes no value'],
    [`serve ${V} ${L} src`, "unexpected argument 'src'; see tsvmm serve --help"],
    [`serve ${V} ${L} -- ls`, 'serve: there is no guest to run a command in; leave out --'],
    [`serve ${V} ${L} --msize 1K`, '--msize: 1K is out of range; it goes from 4K to 16M'],
    [`serve ${V} ${L} --msize 4K --msize 8K`, '--msize is given twice; give it once'],
    [`serve ${V} ${L} --poll-us 1001`, '--poll-us: 1001 is out of range; it goes from 0 to 1000'],
    [`serve ${V} ${L} --max-connections 0`, '--max-connections: 0 is out of range; it goes from 1 to 65536'],
    [`serve ${V} ${V} ${L}`, '--virtfs: name=h is given twice; each share needs a name of its own'],
    [`serve ${V} --fsdev local,id=h,path=. ${L}`, '--fsdev: name=h is given twice; each share needs a name of its own'],
    [`serve ${V} ${L} --trace=`, '--trace is empty; name a file'],
    [`serve ${L} --virtfs local,mount_tag=h`, '--virtfs: path is missing; add path=PATH'],
  ])('%s is refused', (line, expected) => {
    expect(refusal(line)).toBe(expected);
  });

  test('--help names every option, key and status', () => {
    const invocation = parseCommandLine(['serve', '-help'], '');
    const text = invocation.kind === 'text' ? invocation.text : '';
    for (const word of ['--listen <ADDRESS>', '--allow-remote', 'mount_tag=TAG', '128+N', 'trans=unix']) {
      expect(text).toContain(word);
    }
  });
});

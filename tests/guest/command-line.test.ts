import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { describeGuest, GUEST_TIMEOUT_MS, scratchDirectory } from '../support/guest.ts';
import { runProcess, TSVMM, tsvmm } from '../support/tsvmm.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));

describeGuest('tsvmm run', (accel) => {
  const host = scratchDirectory();
  const share = ['--accel', accel, '--virtfs', `local,path=${host},mount_tag=host`, '-m', '128'];
  const onBoth = (name: string, run: () => Promise<void>) => test(name, run, GUEST_TIMEOUT_MS);
  const cases = accel === 'software' ? onBoth : () => {};

  onBoth('passes a command its input and keeps its output, errors and status apart', async () => {
    const input = randomBytes(300_000);
    const script = 'pwd; cat > copy; echo to-stderr >&2; exit 7';
    const result = await tsvmm(['run', ...share, '--cwd', '/mnt/host', '--', 'sh', '-c', script], { input });
    expect(result).toEqual({ status: 7, stdout: '/mnt/host\n', stderr: 'to-stderr\n' });
    expect(sha256(readFileSync(join(host, 'copy')))).toBe(sha256(input));
  });

  cases('reports a command that does not exist as 127, and passes the environment', async () => {
    const script = 'echo "$GREETING"; no-such-program; echo $?';
    const result = await tsvmm(['run', ...share, '--env', 'GREETING=good day', '--', 'sh', '-c', script]);
    expect(result.stdout).toBe('good day\n127\n');
    expect(result.status).toBe(0);
    expect((await tsvmm(['run', ...share, '--', '/no/such/program'])).status).toBe(127);
  });

  cases('traces one line for each 9P message', async () => {
    const trace = join(host, 'trace.txt');
    writeFileSync(join(host, 'traced'), 'x');
    await tsvmm(['run', ...share, '--trace', trace, '--', 'cat', '/mnt/host/traced']);
    const lines = readFileSync(trace, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('host: '));
    for (const message of ['Tversion', 'Rversion', 'Tattach', 'Twalk', 'Tlopen', 'Tread', 'Rread', 'Tclunk']) {
      expect(lines.some((line) => line.includes(message))).toBe(true);
    }
    expect(lines.find((line) => line.includes('Tversion'))).toContain('9P2000.L');
  });

  cases('is a shell on a terminal, which comes back as it was', async () => {
    writeFileSync(join(host, 'greeting'), 'from the host\n');
    const command = [process.execPath, TSVMM, 'run', ...share].map((word) => `'${word}'`).join(' ');
    const script = `stty -a > ${host}/before; ${command}; echo "status $?"; stty -a > ${host}/after`;
    const sent = new Set<string>();
    const { stdout } = await runProcess('script', ['-qec', `sh -c "${script.replaceAll('"', '\\"')}"`, '/dev/null'], {
      watch: (output, child) => {
        const once = (when: RegExp, text: string) => {
          if (!sent.has(text) && when.test(output)) {
            sent.add(text);
            child.stdin?.write(text);
          }
        };
        once(/# /, 'cat /mnt/host/greeting; echo in-guest > /mnt/host/reply\r');
        once(/from the host[\s\S]*# /, '\x01x');
        if (/status \d+/.test(output)) child.stdin?.end();
      },
    });
    expect(stdout).toContain('from the host');
    expect(stdout).toContain('status 0');
    expect(readFileSync(join(host, 'reply'), 'utf8')).toBe('in-guest\n');
    expect(readFileSync(join(host, 'after'), 'utf8')).toBe(readFileSync(join(host, 'before'), 'utf8'));
  });

  onBoth('powers off when the shell exits, and says so', async () => {
    const result = await tsvmm(['run', ...share], { input: 'exit\n' });
    expect(result.status).toBe(0);
    expect(result.stderr).toContain('the guest powered off');
  });

  cases('runs the examples', async () => {
    mkdirSync(join(host, 'three'));
    for (const name of ['a', 'b', 'c']) writeFileSync(join(host, 'three', name), '');
    const listing = await runProcess(process.execPath, ['examples/run-command.mjs', join(host, 'three')], {
      cwd: project,
    });
    expect(listing.stdout).toBe('Linux sees 3 names\ncommand: 0, machine: stopped\n');
    const pipe = await runProcess(process.execPath, ['examples/pipe.mjs', 'tr', 'a-z', 'A-Z'], {
      cwd: project,
      input: 'loud\n',
    });
    expect(pipe).toMatchObject({ status: 0, stdout: 'LOUD\n' });
  });
});

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

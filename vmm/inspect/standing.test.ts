import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'tsvmm-standing-'));
const child = join(scratch, 'child.mjs');
const LIMIT_MS = 200_000;

beforeAll(async () => {
  await build({
    entryPoints: [join(here, 'test-support/standing-child.ts')],
    outfile: child,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
  });
});
afterAll(() => rmSync(scratch, { recursive: true }));

/**
 * Runs the child on a terminal of its own, standing for so long; `act` is called once it stands. Returns what was shown.
 * The shell outlives a Ctrl-C (`trap`), and a Ctrl-C throws away nothing that was written meanwhile (`noflsh`).
 */
function onTerminal(
  longestMs: number | 'for ever',
  act: (type: (keys: string) => void, pid: number) => void,
): Promise<string> {
  const ms = longestMs === 'for ever' ? 'Infinity' : String(longestMs);
  const command = `trap : INT; stty sane noflsh; sh -c 'echo "pid: $$"; exec "${process.execPath}" "${child}" ${ms}'; echo "status: $?"`;
  const terminal = spawn('script', ['-qfec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const timer = setTimeout(() => terminal.kill('SIGKILL'), LIMIT_MS);
  return new Promise((resolve, reject) => {
    let shown = '';
    let acted = false;
    terminal.stdout.on('data', (bytes: Buffer) => {
      shown += bytes.toString();
      if (acted || !shown.includes('standing:')) return;
      acted = true;
      act((keys) => terminal.stdin.write(keys), Number(/pid: (\d+)/.exec(shown)?.[1]));
    });
    terminal.stdin.on('error', () => {});
    terminal.on('error', reject);
    terminal.on('close', () => {
      clearTimeout(timer);
      terminal.stdin.destroy();
      resolve(shown);
    });
  });
}

describe('a thread that stands', () => {
  test(
    'is let go by Ctrl-C, whose listeners then have their turn; the terminal is raw before and after',
    async () => {
      const shown = await onTerminal('for ever', (type) => type('\x03'));
      expect(shown).toMatch(/^standing: icanon isig\r$/m);
      expect(shown).toMatch(/interrupted: -icanon -isig\r$/m);
      expect(shown).toMatch(/^heard: SIGINT, SIGTERM\r$/m);
      expect(shown).toMatch(/^status: 0\r$/m);
    },
    LIMIT_MS,
  );

  test.each([
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)(
    'does not keep %s from ending the process',
    async (name, status) => {
      const shown = await onTerminal('for ever', (_, pid) => process.kill(pid, name));
      expect(shown).toMatch(new RegExp(`^status: ${status}\\r$`, 'm'));
      expect(shown).not.toContain('heard:');
    },
    LIMIT_MS,
  );

  test(
    'goes on when it is let go, with every listener where it was, and what was typed meanwhile',
    async () => {
      const shown = await onTerminal(3000, (type) => type('ls\n'));
      expect(shown).toMatch(/^over: -icanon -isig\r$/m);
      expect(shown).toMatch(/^heard: typed "ls\\n", SIGTERM\r$/m);
    },
    LIMIT_MS,
  );
});

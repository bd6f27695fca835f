import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'tsvmm-tty-'));
const child = join(scratch, 'child.mjs');
const LIMIT_MS = 200_000;

beforeAll(async () => {
  await build({
    entryPoints: [join(here, 'test-support/terminal-child.ts')],
    outfile: child,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    banner: { js: "import { createRequire as from } from 'node:module'; const require = from(import.meta.url);" },
    logLevel: 'error',
  });
});
afterAll(() => rmSync(scratch, { recursive: true }));

/**
 * Runs the child on a terminal of its own, types `keys` once it is raw, and returns all that terminal showed, the exit
 * status and the settings the child left behind among it.
 */
function onTerminal(ending: string, keys = ''): Promise<string> {
  const command = `stty sane; '${process.execPath}' '${child}' ${ending} run; echo "status: $?"; echo "after: $(stty -a | tr '\\n' ' ')"`;
  const terminal = spawn('script', ['-qfec', `sh -c '${command.replaceAll("'", `'\\''`)}'`, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const timer = setTimeout(() => terminal.kill('SIGKILL'), LIMIT_MS);
  return new Promise((resolve, reject) => {
    let shown = '';
    let isTyped = keys === '';
    terminal.stdout.on('data', (bytes: Buffer) => {
      shown += bytes.toString();
      if (!isTyped && shown.includes('during:')) {
        isTyped = true;
        terminal.stdin.write(keys);
      }
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

describe('the terminal is as it was, however the process ends', () => {
  test.each<[string, string, number, string]>([
    ['power-off', '', 0, 'tsvmm: the guest powered off'],
    ['keys', '\u0001x', 0, 'tsvmm: stopped by request'],
    ['uncaught-exception', '', 125, 'tsvmm: internal error: a bug'],
    ['unhandled-rejection', '', 125, 'tsvmm: internal error: a bug'],
    ['exit', '', 7, ''],
    ['SIGHUP', '', 129, 'tsvmm: stopped by SIGHUP'],
    ['SIGINT', '', 130, 'tsvmm: stopped by SIGINT'],
    ['SIGQUIT', '', 131, 'tsvmm: stopped by SIGQUIT'],
    ['SIGTERM', '', 143, 'tsvmm: stopped by SIGTERM'],
  ])(
    '%s',
    async (ending, keys, status, line) => {
      const shown = await onTerminal(ending, keys);
      expect(shown).toContain('during: -icanon -echo');
      expect(shown).toContain(line);
      expect(shown).toContain(`status: ${status}\r\n`);
      const after = /after: (.*)/.exec(shown)?.[1] ?? '';
      for (const setting of ['icanon', 'echo', 'isig', 'icrnl', 'opost']) {
        expect(after).toMatch(new RegExp(`(^|[ ;])${setting}( |;|$)`));
      }
    },
    LIMIT_MS + 5000,
  );
});

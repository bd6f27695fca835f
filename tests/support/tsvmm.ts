import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The command as users have it. */
export const TSVMM = fileURLToPath(new URL('../../vmm/bin/tsvmm.js', import.meta.url));

/** How a process ended and what it wrote. */
export interface ProcessResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, with `input` as its standard input; kills it if it takes longer than `timeoutMs`. */
export function runProcess(
  file: string,
  args: readonly string[],
  { input = '', cwd, timeoutMs = 280_000, watch }: RunOptions = {},
): Promise<ProcessResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: 'pipe', cwd });
    const killer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      watch?.(stdout, child);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (status) => {
      clearTimeout(killer);
      resolve({ status, stdout, stderr });
    });
    child.stdin.on('error', () => {});
    if (watch === undefined) child.stdin.end(input);
    else child.stdin.write(input);
  });
}

interface RunOptions {
  readonly input?: string | Uint8Array;
  readonly cwd?: string;
  readonly timeoutMs?: number;
  /** Called with all output so far whenever some comes; standard input then stays open. */
  readonly watch?: (stdout: string, child: ChildProcess) => void;
}

/** Runs `tsvmm` with these arguments. */
export function tsvmm(args: readonly string[], options?: RunOptions): Promise<ProcessResult> {
  return runProcess(process.execPath, [TSVMM, ...args], options);
}

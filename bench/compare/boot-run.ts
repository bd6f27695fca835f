/** One boot of the fixture kernel to its first process. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { kernelWords } from '../../vmm/fixtures/command-line.ts';
import { RunError } from './guest-run.ts';
import type { Command } from './machines.ts';

/** What our init prints before anything else, where its arguments have `announce`. */
const USERLAND = 'tsvmm-init: userland';
/** Mount tag of the root. */
export const ROOT_TAG = 'benchroot';

/** The words that boot the fixture kernel on its root, the same for every machine. */
export function bootWords(): string {
  const own = kernelWords({ arch: 'x86_64', pvm: existsSync('/sys/module/kvm_pvm'), ownKernel: false, verbose: false });
  const root = `root=${ROOT_TAG} rootfstype=9p rootflags=trans=virtio,version=9p2000.L,msize=512000,cache=loose ro`;
  return [...own, root, 'init=/.tsvmm/init', '--', 'announce'].join(' ');
}

/**
 * Milliseconds from the start of the process to the guest's first line of userland. Rejects with RunError after `timeoutMs`, and with an
 * AbortError where `signal` says so; the process is gone in any case.
 */
export async function timeBoot(command: Command, timeoutMs: number, signal: AbortSignal): Promise<number> {
  const started = performance.now();
  const child = spawn(command.program, command.args, { stdio: 'pipe', signal, killSignal: 'SIGKILL' });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.stdin.on('error', () => undefined);
  let written = '';
  try {
    return await new Promise<number>((resolve, reject) => {
      const fail = (why: string) => reject(new RunError(`${command.program}: ${why}\n${written.trimEnd()}`));
      const timer = setTimeout(() => fail(`no userland after ${timeoutMs / 1000} s`), timeoutMs);
      child.once('error', reject);
      child.once('close', (status) => {
        clearTimeout(timer);
        fail(`ended with status ${status} before its userland`);
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        written += text;
      });
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        written += text;
        if (!written.includes(USERLAND)) return;
        clearTimeout(timer);
        resolve(performance.now() - started);
      });
    });
  } finally {
    child.kill('SIGKILL');
    if (child.pid !== undefined) await closed;
  }
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { TSVMM } from './tsvmm.ts';

/** `tsvmm serve` as a process of its own. */
export interface ServeProcess {
  /** The first `count` addresses it printed. */
  readonly addresses: readonly string[];
  /** Ends it by a signal; resolves with its exit status and what it wrote to stderr. */
  end(signal: NodeJS.Signals): Promise<{ readonly status: number | null; readonly stderr: string }>;
}

/** Starts `tsvmm serve` and waits until it listens at `count` addresses. */
export async function startServe(args: readonly string[], count: number): Promise<ServeProcess> {
  const child = spawn(process.execPath, [TSVMM, 'serve', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const exit = once(child, 'exit') as Promise<[number | null]>;
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const addresses: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    addresses.push(line);
    if (addresses.length === count) break;
  }
  if (addresses.length < count) throw new Error(`tsvmm serve did not start: ${stderr}`);
  return {
    addresses,
    async end(signal) {
      child.kill(signal);
      const killer = setTimeout(() => child.kill('SIGKILL'), 60_000);
      const [status] = await exit;
      clearTimeout(killer);
      return { status, stderr };
    },
  };
}

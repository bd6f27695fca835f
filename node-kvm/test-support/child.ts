import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { within } from './deadline.ts';

const packageFolder = fileURLToPath(new URL('..', import.meta.url));

/** A bundle in the build folder finds the addon, and nobody commits it. */
const besideAddon = join(packageFolder, 'build');

/** How a child process ended. */
export interface ChildResult {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a script in a Node process of its own, `node-kvm` being this source. `source` is TypeScript whose imports are
 * relative to the package's folder; its bundle is put into `folder`. The child is killed after 30 s times patience.
 */
export async function runScript(
  source: string,
  { nodeArguments = [], folder = besideAddon }: { nodeArguments?: readonly string[]; folder?: string } = {},
): Promise<ChildResult> {
  const outfile = join(folder, `test-${randomUUID()}.mjs`);
  await build({
    stdin: { contents: source, resolveDir: packageFolder, loader: 'ts' },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    alias: { 'node-kvm': join(packageFolder, 'index.ts') },
    logLevel: 'error',
  });
  try {
    return await runNode([...nodeArguments, outfile]);
  } finally {
    await rm(outfile);
  }
}

async function runNode(args: readonly string[]): Promise<ChildResult> {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  const ended = new Promise<ChildResult>((resolve) => {
    child.on('close', (status, signal) => resolve({ status, signal, ...output }));
  });
  try {
    return await within('the end of a child process', ended, 60_000);
  } finally {
    child.kill('SIGKILL');
  }
}

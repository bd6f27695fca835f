// The processes of npm run bench:ring and bench:growth: the device with its driver, and bare system calls.
import { execFile, execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));
const FILE_BYTES = 16 << 20;
const LIMIT_MS = 600_000;

/** Makes a directory to share: `file`, `scratch`, `slow`, and `many/` with so many entries. */
export function makeShare(share, entries) {
  mkdirSync(join(share, 'many'), { recursive: true });
  for (let i = 0; i < entries; i++) closeSync(openSync(join(share, 'many', `entry-${i}`), 'wx'));
  for (const name of ['file', 'scratch', 'slow']) writeFileSync(join(share, name), Buffer.alloc(FILE_BYTES, name));
}

/** Bundles the device's program into `folder`, which is below node_modules; resolves with a function that runs it once. */
export async function deviceProgram(folder) {
  const outfile = join(folder, 'device.mjs');
  await build({
    entryPoints: [join(root, 'bench/ring/device.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    logLevel: 'warning',
    tsconfigRaw: {},
  });
  return (task, flags = []) => lines(process.execPath, [...flags, outfile, JSON.stringify(task)]);
}

/** Compiles the bare system calls into `folder`; returns a function that runs them once. */
export function bareProgram(folder) {
  const outfile = join(folder, 'bare');
  const source = join(root, 'bench/ring/bare.c');
  execFileSync('cc', ['-O2', '-Wall', '-Werror', '-o', outfile, source], { stdio: 'inherit' });
  return (share, seconds) => lines(outfile, [share, String(seconds)]);
}

/** Runs a program that prints lines of JSON. */
async function lines(program, args) {
  const { stdout } = await promisify(execFile)(program, args, { timeout: LIMIT_MS, maxBuffer: 1 << 24 });
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

export const median = (values) => values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)];

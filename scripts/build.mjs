// Bundles each published package with esbuild and emits its declarations with tsc.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

const shared = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: true,
  packages: 'external',
  logLevel: 'warning',
};

const bundles = [
  { outdir: 'node-kvm/dist', entryPoints: ['node-kvm/index.ts'] },
  { outdir: 'node-hostfs/dist', entryPoints: ['node-hostfs/index.ts'] },
  { outdir: 'vmm/dist', entryPoints: ['vmm/index.ts', 'vmm/cli.ts'], splitting: true },
];

for (const bundle of bundles) {
  if (bundle.entryPoints.every((file) => existsSync(`${root}/${file}`))) await build({ ...shared, ...bundle });
}

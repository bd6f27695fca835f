// npm run build:workbench: the workbench as a folder of three files, to be opened from any web server or from the disk.
import { copyFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const outdir = join(root, 'dist', 'workbench');
rmSync(outdir, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: ['workbench/main.tsx', 'workbench/main.css'],
  outdir,
  bundle: true,
  minify: true,
  platform: 'browser',
  // Not a module: browsers load those from servers alone.
  format: 'iife',
  target: 'es2023',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  legalComments: 'linked',
  logLevel: 'warning',
  tsconfigRaw: {},
});
copyFileSync(join(root, 'workbench', 'index.html'), join(outdir, 'index.html'));
console.log(relative(process.cwd(), join(outdir, 'index.html')));

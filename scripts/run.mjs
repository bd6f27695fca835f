// node scripts/run.mjs FILE.ts [ARGUMENTS]: runs a TypeScript program of this repository: bundled by esbuild, packages left as imports.
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, stop } from 'esbuild';

const [file = '', ...rest] = process.argv.slice(2);
// Below node_modules, so that packages resolve; of its own, since several may run at once.
const cache = fileURLToPath(new URL('../node_modules/.cache/run', import.meta.url));
mkdirSync(cache, { recursive: true });
const folder = mkdtempSync(join(cache, 'program-'));
// Also for a process of another user that the program starts.
chmodSync(folder, 0o755);
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
const outfile = join(folder, basename(file).replace(/\.ts$/, '.mjs'));
await build({
  entryPoints: [resolve(file)],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: 'inline',
  packages: 'external',
  logLevel: 'warning',
  tsconfigRaw: {},
});
await stop();
process.setSourceMapsEnabled(true);
process.argv = [process.argv[0] ?? 'node', file, ...rest];
await import(pathToFileURL(outfile).href);

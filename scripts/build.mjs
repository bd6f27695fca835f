// Bundles each published package with esbuild and emits its declarations with tsc.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Package folder, its entries, and whether other packages' types appear in its own. */
const packages = [
  { folder: 'node-kvm', entryPoints: ['node-kvm/index.ts'] },
  { folder: 'node-hostfs', entryPoints: ['node-hostfs/index.ts'] },
  {
    folder: 'vmm',
    entryPoints: [
      'vmm/index.ts',
      'vmm/cli.ts',
      'vmm/browser.ts',
      { in: 'vmm/proxy/helper.ts', out: 'proxy-helper' },
      { in: 'vmm/inspect/worker.ts', out: 'inspect-worker' },
    ],
    splitting: true,
  },
];

/** The page of the inspector, which the package serves. */
async function buildPage() {
  const outdir = join(root, 'vmm', 'dist', 'inspector');
  await build({
    absWorkingDir: root,
    entryPoints: ['inspector/page/main.tsx', 'inspector/page/main.css'],
    outdir,
    bundle: true,
    minify: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2023',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'linked',
    logLevel: 'warning',
    tsconfigRaw: {},
  });
  for (const name of ['index.html', 'icon.svg']) {
    copyFileSync(join(root, 'inspector', 'page', name), join(outdir, name));
  }
}

/** Declarations of one package, written below its dist/types with the folders of the repository kept. */
function declarations(folder) {
  const scratch = mkdtempSync(join(root, 'node_modules', '.types-'));
  const rootDir = folder === 'vmm' ? root : join(root, folder);
  const config = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      rootDir,
      outDir: join(root, folder, 'dist', 'types'),
      ...(folder === 'vmm' && { paths: {} }),
    },
    files:
      folder === 'vmm'
        ? ['index.ts', 'browser.ts'].map((name) => join(root, folder, name))
        : [join(root, folder, 'index.ts')],
    // Declarations of libraries that come without any.
    include: [join(root, folder, '**', '*.d.ts')],
    exclude: [join(root, folder, 'dist'), join(root, folder, 'node_modules')],
  };
  try {
    writeFileSync(join(scratch, 'tsconfig.json'), JSON.stringify(config));
    execFileSync(join(root, 'node_modules', '.bin', 'tsc'), ['-p', scratch], { stdio: 'inherit' });
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

for (const { folder, ...entry } of packages) {
  rmSync(join(root, folder, 'dist'), { recursive: true, force: true });
  await build({
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: true,
    packages: 'external',
    logLevel: 'warning',
    // Without the paths of tsconfig.json: packages of this repository stay imports by name.
    tsconfigRaw: {},
    outdir: `${folder}/dist`,
    ...entry,
  });
  declarations(folder);
}
await buildPage();

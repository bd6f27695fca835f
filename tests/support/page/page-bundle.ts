import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** The test's page as one script for a browser. Rejects where anything in it asks for Node or a native package. */
export async function pageBundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('page.ts', import.meta.url))],
    bundle: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    write: false,
    minify: true,
    logLevel: 'silent',
    // Without the paths of tsconfig.json: native packages stay imports by name, and fail.
    tsconfigRaw: {},
  });
  return outputFiles.map(({ text }) => text).join('');
}

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { ServedFiles } from './page-server.ts';

const folder = fileURLToPath(new URL('../../../inspector/page/', import.meta.url));

/** The inspector's page from its sources, as files to serve. Rejects where anything in it asks for Node or a native package. */
export async function inspectorPage(): Promise<ServedFiles> {
  const { outputFiles } = await build({
    entryPoints: [`${folder}main.tsx`, `${folder}main.css`],
    outdir: folder,
    bundle: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2023',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    write: false,
    minify: true,
    logLevel: 'silent',
    tsconfigRaw: {},
  });
  const built = (extension: string) => outputFiles.find(({ path }) => path.endsWith(extension))?.contents ?? '';
  return {
    '/': { type: 'text/html', body: readFileSync(`${folder}index.html`) },
    '/icon.svg': { type: 'image/svg+xml', body: readFileSync(`${folder}icon.svg`) },
    '/main.js': { type: 'text/javascript', body: built('.js') },
    '/main.css': { type: 'text/css', body: built('.css') },
  };
}

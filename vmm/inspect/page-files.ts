import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HostError } from '../usage-error.ts';

/** A file of the page. */
export interface PageFile {
  readonly type: string;
  readonly body: Buffer;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
};

/** Beside this module in the bundle, and in the bundle from the sources. */
const PLACES = ['./inspector', '../dist/inspector'] as const;

/**
 * The files of the page by the path they are served at. They are read once: no path of a request ever reaches the file system.
 *
 * @throws HostError where the page is not built
 */
export function pageFiles(): ReadonlyMap<string, PageFile> {
  const folder = PLACES.map((path) => fileURLToPath(new URL(path, import.meta.url))).find(existsSync);
  if (folder === undefined) throw new HostError("the inspector's page is not built; build it with npm run build");
  const files = new Map<string, PageFile>();
  for (const name of readdirSync(folder)) {
    const type = TYPES[extname(name)];
    if (type !== undefined) files.set(`/${name}`, { type, body: readFileSync(join(folder, name)) });
  }
  const index = files.get('/index.html');
  if (index !== undefined) files.set('/', index);
  return files;
}

import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HostError } from '../usage-error.ts';

/** What a helper is started from. */
export interface HelperFiles {
  /** The launcher. */
  readonly confine: string;
  readonly node: string;
  /** The helper's program. */
  readonly program: string;
  /** Everything the helper must be able to read to run. */
  readonly readable: readonly string[];
}

/** Where the C library and its loader find libraries. What a system lacks is left out. */
const LIBRARIES = ['/lib', '/lib64', '/usr/lib', '/usr/lib64', '/usr/local/lib', '/etc/ld.so.cache'] as const;

/** Beside this module in the bundle, and in the bundle from the sources. */
const PROGRAMS = ['./proxy-helper.js', '../dist/proxy-helper.js'] as const;

let found: HelperFiles | undefined;

/** Finds them; throws HostError, one line, where something is not built. */
export function helperFiles(): HelperFiles {
  found ??= find();
  return found;
}

function find(): HelperFiles {
  const program = PROGRAMS.map((path) => fileURLToPath(new URL(path, import.meta.url))).find(existsSync);
  if (program === undefined) throw new HostError('the proxy helper is not built; build it with npm run build');
  const dist = dirname(realpathSync(program));
  const packages = packageDirectories(dist, 'node-hostfs');
  const hostfs = packages[0] ?? dist;
  const confine = join(hostfs, 'build', 'Release', 'confine');
  if (!existsSync(confine)) {
    throw new HostError('the launcher of the proxy helper is not built; build it with npm rebuild node-hostfs');
  }
  const node = realpathSync(process.execPath);
  const manifest = join(dirname(dist), 'package.json');
  return {
    confine,
    node,
    program: join(dist, 'proxy-helper.js'),
    readable: [node, ...LIBRARIES, ...mappedFiles(), dist, manifest, ...packages],
  };
}

/** Where a package is: first its own directory, then the one by which it is found from `from`. */
function packageDirectories(from: string, name: string): string[] {
  const require = createRequire(join(from, 'x.js'));
  const roots = require.resolve.paths(name) ?? [];
  const link = roots.map((root) => join(root, name)).find(existsSync);
  if (link === undefined) throw new HostError(`the package ${name} is not installed; run npm ci`);
  return [realpathSync(link), link];
}

/** The program files in this process's memory: a Node with libraries in unusual places needs them there as well. */
function mappedFiles(): string[] {
  const maps = readFileSync('/proc/self/maps', 'utf8');
  const paths = maps.split('\n').flatMap((line) => {
    const [, permissions = '', , , , path = ''] = line.split(/\s+/);
    return permissions.includes('x') && path.startsWith('/') ? [path] : [];
  });
  return [...new Set(paths)];
}

import { createRequire } from 'node:module';
import type { Hostfs } from './calls.ts';

/** Beside the sources, and one level up from the bundle in `dist`. */
const CANDIDATES = ['./build/Release/hostfs.node', '../build/Release/hostfs.node'] as const;

let loaded: Hostfs | undefined;

/**
 * The calls. The addon is loaded on first use, so importing this package has no effect.
 *
 * @throws Error when the addon has not been built, saying how to, or when it does not fit this Node or this machine.
 */
export function loadHostfs(): Hostfs {
  loaded ??= requireAddon();
  return loaded;
}

function requireAddon(): Hostfs {
  const require = createRequire(import.meta.url);
  for (const candidate of CANDIDATES) {
    let path: string;
    try {
      path = require.resolve(candidate);
    } catch {
      continue;
    }
    const addon: Hostfs = require(path);
    return addon;
  }
  throw new Error(
    'node-hostfs: the native addon is not built. Run "npm rebuild node-hostfs" (it needs python3, make and g++).',
  );
}

import { createRequire } from 'node:module';
import type { Hostfs } from './calls.ts';
import type { Sockets } from './sockets.ts';

/** Beside the sources, and one level up from the bundle in `dist`. */
const PLACES = ['./build/Release/', '../build/Release/'] as const;

let hostfs: Hostfs | undefined;
let sockets: Sockets | undefined;

/**
 * The calls. The addon is loaded on first use, so importing this package has no effect.
 *
 * @throws Error when the addon has not been built, saying how to, or when it does not fit this Node or this machine.
 */
export function loadHostfs(): Hostfs {
  hostfs ??= requireAddon<Hostfs>('hostfs.node');
  return hostfs;
}

/** The sockets, an addon of their own; loaded, and failing, as `loadHostfs`. */
export function loadSockets(): Sockets {
  sockets ??= requireAddon<Sockets>('sockets.node');
  return sockets;
}

function requireAddon<T>(name: string): T {
  const require = createRequire(import.meta.url);
  for (const place of PLACES) {
    let path: string;
    try {
      path = require.resolve(`${place}${name}`);
    } catch {
      continue;
    }
    const addon: T = require(path);
    return addon;
  }
  throw new Error(
    'node-hostfs: the native addon is not built. Run "npm rebuild node-hostfs" (it needs python3, make and g++).',
  );
}

/** The one file of the software CPU that needs Node. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { HostError } from '../../usage-error.ts';
import type { SoftwareHost } from './software-host.ts';

let compiled: Promise<WebAssembly.Module> | undefined;

/**
 * Node as host: the core is read from the installed package, once for all machines. `coreModule` rejects with HostError where
 * it is missing.
 *
 * From then on this process compiles WebAssembly with the baseline compiler only. A guest's code comes as hundreds of small
 * modules; optimising them takes more time than it saves, and stops the thread for up to 100 ms at a time.
 */
export const nodeHost: SoftwareHost = {
  coreModule: () => {
    compiled ??= compile();
    return compiled;
  },
  defer: setImmediate,
};

async function compile(): Promise<WebAssembly.Module> {
  try {
    setFlagsFromString('--liftoff-only');
    const file = createRequire(import.meta.url).resolve('v86/build/v86.wasm');
    return await WebAssembly.compile(await readFile(file));
  } catch (cause) {
    compiled = undefined;
    throw new HostError('the CPU core of the package v86 cannot be loaded: install it with npm ci', { cause });
  }
}

/** The software CPU's host in a page: the core by `fetch`, turns of the event loop by a message channel. */
import { HostError } from '../../usage-error.ts';
import type { SoftwareHost } from './software-host.ts';

/**
 * A page as host; make one and use it for all machines of the page, since the core is compiled once for each.
 *
 * `coreModule` rejects with HostError where the core cannot be had. A page with a content security policy needs
 * `script-src 'wasm-unsafe-eval'`: guest code becomes WebAssembly.
 *
 * @param core address of `v86.wasm`, from the package v86
 */
export function browserHost(core: string): SoftwareHost {
  let compiled: Promise<WebAssembly.Module> | undefined;
  const defer = messageTurns();
  return {
    coreModule() {
      compiled ??= compile(core).catch((error) => {
        compiled = undefined;
        throw error;
      });
      return compiled;
    },
    defer,
  };
}

async function compile(core: string): Promise<WebAssembly.Module> {
  try {
    const response = await fetch(core);
    if (!response.ok) throw new Error(`the server answers ${response.status}`);
    return await WebAssembly.compile(new Uint8Array(await response.arrayBuffer()));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new HostError(`the CPU core cannot be loaded from ${core} (${why}): serve v86.wasm there`, { cause });
  }
}

/**
 * Work in turns of its own, in order. A message is the quickest way to one: timers of a page wait 4 ms once they follow on
 * each other, and are slowed to one in a second where the page is not seen.
 */
function messageTurns(): SoftwareHost['defer'] {
  const { port1, port2 } = new MessageChannel();
  const waiting: (() => void)[] = [];
  port1.addEventListener('message', () => waiting.shift()?.());
  port1.start();
  return (work) => {
    waiting.push(work);
    port2.postMessage(undefined);
  };
}

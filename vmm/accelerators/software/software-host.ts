import type { Defer } from '../../../devices/ports.ts';

/** What the software CPU needs of what it runs in: Node gives it in `node-host.ts`, a page by `fetch` and a message channel. */
export interface SoftwareHost {
  /** The compiled `v86.wasm` of the package v86; one module serves any number of machines. */
  coreModule(): Promise<WebAssembly.Module>;
  /** Lets the host's other work have its turn between two slices of the guest. */
  readonly defer: Defer;
}

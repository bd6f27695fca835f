import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from '@jest/globals';
import { type Server, serve } from '../serve.ts';
import type { ServeConfig, ServeHooks } from '../serve-config.ts';

/** A server for one test, its directory, and the lines it said. */
export interface Served {
  readonly server: Server;
  readonly directory: string;
  /** First of its addresses. */
  readonly address: string;
  readonly notices: string[];
  readonly visits: string[];
  readonly traced: string[];
}

const undo: (() => unknown)[] = [];

afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** An empty directory that is removed after the test. */
export function scratchDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'tsvmm-serve-'));
  undo.push(() => rmSync(directory, { recursive: true }));
  return directory;
}

/** Serves an empty directory under the tag `host`, on a free TCP port unless told otherwise; closed after the test. */
export async function served(config: Partial<ServeConfig> = {}): Promise<Served> {
  const directory = scratchDirectory();
  const [notices, visits, traced]: [string[], string[], string[]] = [[], [], []];
  const hooks: ServeHooks = {
    notice: (line) => notices.push(line),
    visit: (line) => visits.push(line),
    trace: (line) => traced.push(line),
  };
  const shares = [{ path: directory, mountTag: 'host' }];
  const server = await serve({ shares, listen: ['tcp:127.0.0.1:0'], ...config }, hooks);
  undo.push(() => server.close());
  return { server, directory, address: server.addresses[0] ?? '', notices, visits, traced };
}

/** Stops this process, as a host does that has much else to do. */
export function pauseProcess(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Waits until something is so, for so long at most. */
export async function eventually(isSo: () => boolean, limitMs = 60_000): Promise<void> {
  const limit = Date.now() + limitMs;
  while (!isSo()) {
    if (Date.now() > limit) throw new Error(`it never came about: ${isSo}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

import { deepStrictEqual } from 'node:assert';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Backend } from '../../ninep/backend.ts';
import { openLocal } from '../../ninep/backends/local/local.ts';
import { privileged, users } from '../../ninep/backends/memory/differential-arbitrary.ts';
import { type Operation, Side } from '../../ninep/backends/memory/differential-operations.ts';
import { Client } from '../../ninep/client/client.ts';
import { createSession } from '../../ninep/session.ts';
import { hostTree } from './host-tree.ts';
import { SystemSide } from './system-side.ts';

/** A way of exporting a directory that has to come out as plain system calls do; a new one is one more row. */
export interface Exported {
  readonly name: string;
  open(path: string): Backend;
  readonly ownersMustHold: boolean;
  /** Needs a process that may give files away. */
  readonly privileged: boolean;
}

export const EXPORTS: readonly Exported[] = [
  {
    name: 'local, passthrough',
    open: (path) => openLocal({ path, securityModel: 'passthrough' }),
    ownersMustHold: true,
    privileged: true,
  },
  {
    name: 'local, none',
    open: (path) => openLocal({ path, securityModel: 'none' }),
    ownersMustHold: false,
    privileged: false,
  },
];

/** The exports this process can run. */
export const RUNNABLE = EXPORTS.filter((exported) => privileged || !exported.privileged);

/**
 * Runs the operations through session and client on one directory and as system calls on its twin. Throws an
 * AssertionError at the first result that differs, and at the end if the two trees do.
 */
export async function compare(
  exported: Exported,
  operations: readonly Operation[],
  watchTimes: boolean,
): Promise<void> {
  const around = mkdtempSync(join(tmpdir(), 'oracle-'));
  const [served, plain] = [join(around, 'served'), join(around, 'plain')];
  for (const path of [served, plain]) {
    mkdirSync(path);
    chmodSync(path, 0o755);
  }
  const bugs: unknown[] = [];
  const backend = exported.open(served);
  const session = createSession(backend, { onBug: (error) => bugs.push(error) });
  const side = await Side.attach(new Client(session), users);
  const oracle = new SystemSide(plain, users, exported.ownersMustHold);
  try {
    for (const [index, operation] of operations.entries()) {
      const expected = oracle.run(operation, watchTimes);
      const actual = await side.run(operation, watchTimes);
      deepStrictEqual({ index, operation, ...Object(actual) }, { index, operation, ...Object(expected) });
    }
    deepStrictEqual(hostTree(served), hostTree(plain));
    deepStrictEqual(bugs, []);
  } finally {
    oracle.close();
    await session.reset();
    await backend.close();
    rmSync(around, { recursive: true, force: true });
  }
}

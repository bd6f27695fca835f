import { expect } from '@jest/globals';
import type { Backend } from '../backend.ts';
import { Client } from '../client/client.ts';
import { Tree } from '../client/tree.ts';
import { createSession, type Session } from '../session.ts';
import { type Counting, counting } from './counting.ts';

/** A backend for one test. */
export interface Prepared {
  readonly backend: Backend;
  /** Takes away what the test left; the backend is closed before. */
  readonly cleanUp?: () => void | Promise<void>;
}

/** What a test works with. */
export interface Bench {
  readonly session: Session;
  readonly client: Client;
  readonly tree: Tree;
  readonly counted: Counting;
}

/**
 * Runs a test against a prepared backend through a session and a client, and looks afterwards that nothing was reported
 * as a bug and that every node and open file was given back.
 */
export async function onBench(prepare: () => Prepared | Promise<Prepared>, run: (bench: Bench) => Promise<void>) {
  const { backend, cleanUp } = await prepare();
  const bugs: unknown[] = [];
  const counted = counting(backend);
  const session = createSession(counted, { onBug: (error) => bugs.push(error) });
  try {
    const client = new Client(session, { split: inThree, replyArea: headAndPages });
    await client.version();
    const tree = await Tree.attach(client);
    await run({ session, client, tree, counted });
    await session.reset();
    expect(bugs).toEqual([]);
    expect(counted.tally).toEqual({ nodes: 0, files: 0 });
  } finally {
    await session.reset();
    await backend.close();
    await cleanUp?.();
  }
}

/** Requests come in pieces, split within the header and within the fields. */
function inThree(message: Uint8Array): Uint8Array[] {
  return [message.subarray(0, 3), message.subarray(3, 13), message.subarray(13)];
}

/** Replies go where Linux's zero-copy reads want them: eleven bytes, then pages. */
function headAndPages(msize: number): Uint8Array[] {
  const memory = new Uint8Array(msize);
  const pieces = [memory.subarray(0, 11)];
  for (let at = 11; at < msize; at += 4096) pieces.push(memory.subarray(at, at + 4096));
  return pieces;
}

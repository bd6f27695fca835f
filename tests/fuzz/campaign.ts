import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { settledRss } from '../support/collect-garbage.ts';
import { Broken } from './broken.ts';
import { Conversation, emptyTally, type Tally } from './conversation.ts';
import { TARGETS, type Target } from './targets.ts';

/** Requests in one conversation. */
export const CONVERSATION = 2000;
/** Conversations with one tree before a fresh one takes its place. */
const PER_TREE = 20;
/** Conversations before the first look at the resident size: what is compiled and cached by then stays. */
const WARM_UP = 20;

export interface Campaign {
  /** A row of `TARGETS`. */
  readonly target: string;
  readonly messages: number;
  readonly seed: number;
  /** The conversation to begin with, to see one again: it is the same whatever came before, but for the tree it finds. */
  readonly first?: number;
  /** Is told after each conversation. */
  readonly progress?: (messages: number) => void;
}

/** What a campaign came to, with the resident size in bytes after a warm-up and at the end, 0 in a short one. */
export interface Outcome extends Tally {
  readonly conversations: number;
  readonly rssStart: number;
  readonly rssEnd: number;
}

/** Holds conversations until enough messages were sent. Throws `Broken` at the first promise that did not hold. */
export async function campaign({ target, messages, seed, first = 0, progress }: Campaign): Promise<Outcome> {
  const make = TARGETS[target];
  if (make === undefined)
    throw new RangeError(`no backend '${target}' to fuzz; there are ${Object.keys(TARGETS).join(', ')}`);
  const tally = emptyTally();
  const scratch = await mkdtemp(join(tmpdir(), 'fuzz-'));
  let rssStart = 0;
  let conversations = 0;
  let tree: Target | undefined;
  try {
    while (tally.messages < messages) {
      if (conversations % PER_TREE === 0) {
        await tree?.close();
        tree = await make(scratch);
      }
      if (tree === undefined) throw new Error('unreachable');
      const series = first + conversations;
      await inContext(`--backend ${target} --seed ${seed} --first ${series}`, () =>
        new Conversation(tree as Target, seed, series, tally).run(Math.min(CONVERSATION, messages)),
      );
      if (++conversations === WARM_UP) rssStart = await settledRss();
      progress?.(tally.messages);
    }
    await tree?.close();
    tree = undefined;
    // Without a warm-up there is nothing to compare with.
    return { ...tally, conversations, rssStart, rssEnd: rssStart > 0 ? await settledRss() : 0 };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function inContext(again: string, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (error instanceof Broken) throw new Broken(`${again}: ${error.message}`);
    throw error;
  }
}

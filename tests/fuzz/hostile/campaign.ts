import { settledRss } from '../../support/collect-garbage.ts';
import { Broken } from '../broken.ts';
import { emptyTally, Sessions, type Tally } from './session.ts';
import { narrate, shrink } from './shrink.ts';
import { TARGETS } from './world.ts';

/** Sessions before the first look at the resident size: what is compiled and cached by then stays. */
const WARM_UP = 2000;
/** Sessions between two turns of the event loop. */
const BREATH = 16;

/** Which sessions are to be played. */
export interface Campaign {
  /** A name in `TARGETS`. */
  readonly target: string;
  readonly operations: number;
  readonly seed: number;
  /** The session to begin with, to play one again. */
  readonly first?: number;
  readonly progress?: (operations: number) => void;
}

/** What a campaign came to, with the resident size in bytes after a warm-up and at the end, 0 in a short one. */
export interface Outcome extends Tally {
  readonly rssStart: number;
  readonly rssEnd: number;
}

/** Plays sessions until there were enough operations. Throws `Broken` at the first promise that did not hold. */
export async function campaign({ target: name, operations, seed, first = 0, progress }: Campaign): Promise<Outcome> {
  const target = TARGETS.get(name);
  if (target === undefined) throw new RangeError(`no target '${name}'; there are ${[...TARGETS.keys()].join(', ')}`);
  const tally = emptyTally();
  const sessions = new Sessions();
  const rejected: unknown[] = [];
  const note = (reason: unknown): void => void rejected.push(reason);
  process.on('unhandledRejection', note);
  let rssStart = 0;
  try {
    while (tally.operations < operations) {
      const series = first + tally.sessions;
      try {
        await sessions.play({ target, seed, series }, tally);
      } catch (error) {
        const again = `npm run fuzz:virtio -- --target ${name} --seed ${seed} --first ${series} --operations 1`;
        const { moves, error: shorter } = await shrink({ target, seed, series });
        const lines = await narrate({ target, seed, series }, moves);
        throw new Broken(
          `${error instanceof Error ? error.message : error}\nafter ${tally.operations} operations; again: ${again}\n` +
            `the fewest moves found, ${moves.length}, end in: ${shorter.message}\n  ${lines.join('\n  ')}`,
        );
      }
      if (tally.sessions % BREATH === 0) {
        await new Promise((resolve) => setImmediate(resolve));
        progress?.(tally.operations);
      }
      if (rejected.length > 0) throw new Broken(`a promise was rejected and nobody looked: ${rejected[0]}`);
      if (tally.sessions === WARM_UP) rssStart = await settledRss();
    }
    return { ...tally, rssStart, rssEnd: rssStart > 0 ? await settledRss() : 0 };
  } finally {
    process.off('unhandledRejection', note);
  }
}

import { Broken } from '../broken.ts';
import { emptyTally, MOVES, type SessionName, Sessions } from './session.ts';

/** Times a session is played again to make it shorter. */
const MOST_TRIES = 2000;

/**
 * The fewest moves of a session that still break something, as far as so many tries lead; and what they break.
 * Each move has its own series of random numbers, so others can be left out.
 */
export async function shrink(
  name: SessionName,
): Promise<{ readonly moves: readonly number[]; readonly error: Broken }> {
  const sessions = new Sessions();
  let tries = 0;
  const verdict = async (moves: readonly number[]): Promise<Broken | undefined> => {
    tries += 1;
    try {
      await sessions.play(name, emptyTally(), { moves });
      return undefined;
    } catch (error) {
      return error instanceof Broken ? error : new Broken(String(error));
    }
  };
  let moves: readonly number[] = Array.from({ length: MOVES }, (_, number) => number);
  let error = await verdict(moves);
  if (error === undefined) return { moves, error: new Broken('the session does not fail when it is played again') };
  for (let size = MOVES >> 1; size >= 1 && tries < MOST_TRIES; size >>= 1) {
    for (let at = 0; at < moves.length && tries < MOST_TRIES; ) {
      const fewer = [...moves.slice(0, at), ...moves.slice(at + size)];
      const still = await verdict(fewer);
      if (still === undefined) at += size;
      else [moves, error] = [fewer, still];
    }
  }
  return { moves, error };
}

/** What a session's moves are, one line each. */
export async function narrate(name: SessionName, moves: readonly number[]): Promise<readonly string[]> {
  const lines: string[] = [];
  try {
    await new Sessions().play(name, emptyTally(), { moves, log: (line) => lines.push(line) });
  } catch {
    lines.push('broken here');
  }
  return lines;
}

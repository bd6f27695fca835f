import { errnoOf } from '../../errno.ts';

/** The result of a host call, or its errno thrown. */
export function check(result: number): number {
  if (result < 0) throw errnoOf(-result);
  return result;
}

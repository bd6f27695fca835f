/** What errors mean, in words. */
import { ERRNO, type ErrnoName, errnoOf } from '../../../ninep/errno.ts';

/** An error of Linux in words; empty for a name that is none. */
export function errorWords(name: string): string {
  return Object.hasOwn(ERRNO, name) ? errnoOf(ERRNO[name as ErrnoName]).text : '';
}

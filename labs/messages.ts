/** The 9P messages that labs send themselves. */
import { encodeMessage } from '../ninep/codec.ts';
import { NOTAG } from '../ninep/wire-types.ts';

/** A Tversion that asks for `msize` and `version`. @spec Plan 9 version(5) */
export function tversion(msize: number, version: string): Uint8Array {
  return encodeMessage('Tversion', NOTAG, { msize, version });
}

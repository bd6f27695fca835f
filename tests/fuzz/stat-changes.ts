import { utf8 } from '../../bytes/wire.ts';
import { DM } from '../../ninep/plan9.ts';
import { type Stat, UNTOUCHED } from '../../ninep/stat.ts';
import type { Random } from '../support/random.ts';

const SECONDS = [0, 77, 1_700_000_000, 0xffff_fffe];
const MODES = [0o644, 0o755, 0, 0o777, (DM.DMDIR | 0o755) >>> 0, DM.DMSETUID | 0o755, DM.DMAPPEND | 0o644];
const USERS = ['', '0', '1000', 'root', '4294967295', '-1'];
const NUMBERS = [0, 1000, 0xffff_fffe];

/** What a Twstat may ask for, field by field; names apart, of which the caller has better ones. */
const CHANGES: { readonly [F in keyof Stat]?: readonly Stat[F][] } = {
  type: [0],
  dev: [0, 42],
  qid: [{ type: 0, version: 0, path: 42n }],
  mode: MODES,
  atime: SECONDS,
  mtime: SECONDS,
  length: [0n, 1n, 4096n, 10_000n, 1n << 33n, 1n << 63n],
  uid: USERS,
  gid: USERS,
  muid: USERS,
  extension: [utf8('a'), utf8('c 1 3')],
  n_uid: NUMBERS,
  n_gid: NUMBERS,
  n_muid: NUMBERS,
};

const POSSIBLE = ['mode', 'mode', 'atime', 'mtime', 'length', 'length', 'gid', 'n_uid', 'n_gid'] as const;
const ALL = Object.keys(CHANGES).filter((field): field is keyof Stat => Object.hasOwn(UNTOUCHED, field));

/** A stat for Twstat: untouched but for one field or a few, mostly of those that can be changed. */
export function statChange(random: Random, anyName: () => Uint8Array): Stat {
  if (random.oneIn(20)) return UNTOUCHED;
  const stat: { -readonly [F in keyof Stat]: Stat[F] } = { ...UNTOUCHED };
  const set = <F extends keyof Stat>(field: F): void => {
    const choices = CHANGES[field];
    if (choices !== undefined) stat[field] = random.pick<Stat[F]>(choices);
  };
  if (random.oneIn(3)) stat.name = anyName();
  else for (let more = 1 + random.below(2); more > 0; more--) set(random.pick(random.oneIn(5) ? ALL : POSSIBLE));
  if (random.oneIn(6)) set('length');
  return stat;
}

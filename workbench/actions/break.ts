/** What a rule broken on purpose is. */
import type { RingFormat } from '../../devices/virtio/queue-layout.ts';
import type { Bench } from '../rig/bench.ts';
import type { Action } from './action.ts';

/** How far the device has to be for it: the steps up to there are taken from a reset on. */
export type Stage = 'found' | 'driver' | 'features-ok' | 'running';

/** A rule to break. */
export interface Break extends Action {
  readonly group: 'initialisation' | 'queue set-up' | 'descriptors' | 'messages';
  readonly from: Stage;
  /** Absent for both. */
  readonly format?: RingFormat;
  /** Left out over the legacy interface. */
  readonly modernOnly?: true;
  /** Features to accept on the way, where they are offered. */
  readonly features?: bigint;
}

/** Why the rule cannot be broken with this device; undefined where it can. */
export function unbreakable({ modernOnly, format }: Break, { way, choice }: Bench): string | undefined {
  if (modernOnly === true && way.legacy) return 'the legacy interface has no such thing';
  const packed = choice.packed && !way.legacy;
  if (format === 'split' && packed) return 'of split rings; this device offers packed ones';
  if (format === 'packed' && !packed) return 'of packed rings; this device offers split ones';
  return undefined;
}

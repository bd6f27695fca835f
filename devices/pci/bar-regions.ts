/** Lays out the regions of one BAR, so that no offset or size is written down twice. */
import { Bus } from '../bus.ts';
import type { BusTarget } from '../ports.ts';

/** A region of a BAR. */
export interface BarRegion {
  readonly length: number;
  readonly target: BusTarget;
}

/** How regions are placed. */
export interface BarLayoutRules {
  /** Every region begins at a multiple of this: a power of two. */
  readonly alignment: number;
  /** Least length of the BAR: a power of two. */
  readonly minimum: number;
}

/**
 * Places regions one after the other. The result has the offset of each in the order given, the length of the BAR, and the
 * target that answers for all of it; bytes between regions read all ones.
 */
export function layOutBar(
  name: string,
  regions: readonly BarRegion[],
  { alignment, minimum }: BarLayoutRules,
): { readonly offsets: readonly number[]; readonly length: number; readonly target: BusTarget } {
  let end = 0;
  const offsets = regions.map(({ length }) => {
    const offset = Math.ceil(end / alignment) * alignment;
    end = offset + length;
    return offset;
  });
  let length = minimum;
  while (length < end) length *= 2;
  const inside = new Bus(name, length);
  regions.forEach((region, index) => {
    if (inside.map(offsets[index] ?? 0, region.length, region.target) === undefined) {
      throw new Error(`${name}: region ${region.target.name} is empty`);
    }
  });
  return { offsets, length, target: inside };
}

/** Shapes of rings: arcs of slots, from the top on, clockwise. */

/** A band of a ring, in units of the drawing. */
export interface Band {
  readonly inner: number;
  readonly outer: number;
}

/** Slots from `first` on, `count` of them, of a ring of `size`. */
export interface Arc {
  readonly first: number;
  readonly count: number;
}

/** The point at a radius and a part of a turn, 0 to 1. */
function point(radius: number, turn: number): string {
  const angle = turn * 2 * Math.PI - Math.PI / 2;
  return `${(radius * Math.cos(angle)).toFixed(2)} ${(radius * Math.sin(angle)).toFixed(2)}`;
}

/** One path of all the arcs in a band; the empty path for none. */
export function arcsPath({ inner, outer }: Band, arcs: readonly Arc[], size: number): string {
  return arcs
    .map(({ first, count }) => {
      // A whole turn has no beginning that an arc could be drawn from.
      const part = Math.min(count / size, 0.9999);
      const [from, to] = [(first % size) / size, (first % size) / size + part];
      const large = part > 0.5 ? 1 : 0;
      return (
        `M${point(outer, from)}A${outer} ${outer} 0 ${large} 1 ${point(outer, to)}` +
        `L${point(inner, to)}A${inner} ${inner} 0 ${large} 0 ${point(inner, from)}Z`
      );
    })
    .join('');
}

/** Lines between the slots of a band; none where they would lie closer than a line is wide. */
export function ticksPath({ inner, outer }: Band, size: number): string {
  const shown = size <= 256 ? size : 0;
  return Array.from({ length: shown }, (_, slot) => `M${point(inner, slot / size)}L${point(outer, slot / size)}`).join(
    '',
  );
}

/** A way from the middle of one slot to that of another, bent towards the centre. */
export function chordPath(
  from: readonly [radius: number, slot: number],
  to: readonly [number, number],
  size: number,
): string {
  const [start, end] = [(from[1] + 0.5) / size, (to[1] + 0.5) / size];
  return `M${point(from[0], start)}Q${point((Math.min(from[0], to[0]) * 2) / 3, (start + end) / 2)} ${point(to[0], end)}`;
}

/** Slot of a ring of `size` that a count of slots has come to. */
export function slotOf(count: number, size: number): number {
  return ((count % size) + size) % size;
}

/** Slots side by side as arcs: less to draw. */
export function joinSlots(slots: readonly number[]): Arc[] {
  const arcs: { first: number; count: number }[] = [];
  for (const slot of [...new Set(slots)].sort((a, b) => a - b)) {
    const last = arcs.at(-1);
    if (last !== undefined && last.first + last.count === slot) last.count += 1;
    else arcs.push({ first: slot, count: 1 });
  }
  return arcs;
}

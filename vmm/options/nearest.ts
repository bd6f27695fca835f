/**
 * The known name a mistyped one most likely meant: the closest by insertions, deletions, replacements and swaps of
 * neighbours, if no more than a third of the letters differ; undefined where nothing is close.
 */
export function nearest(wanted: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const name of known) {
    const distance = editDistance(wanted.toLowerCase(), name.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  return best;
}

/**
 * The remedy for a word that is not among the known ones: the one it most likely meant, or else all of them, each a
 * `noun`.
 */
export function remedyFor(wanted: string, known: readonly string[], noun: string): string {
  const near = nearest(wanted, known);
  if (near !== undefined) return `did you mean ${near}?`;
  return known.length === 1 ? `the only ${noun} is ${known[0]}` : `the ${noun}s are ${known.join(', ')}`;
}

/** Number of insertions, deletions, replacements and swaps of neighbours between two words. */
export function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = cell(previous, column - 1) + (a[row - 1] === b[column - 1] ? 0 : 1);
      const shortest = Math.min(cell(previous, column) + 1, cell(current, column - 1) + 1, replaced);
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current.push(swapped ? Math.min(shortest, cell(beforePrevious, column - 2) + 1) : shortest);
    }
    [beforePrevious, previous] = [previous, current];
  }
  return cell(previous, b.length);
}

function cell(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}

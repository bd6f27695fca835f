/** A promise that did not hold, and what had happened before. */
export class Broken extends Error {
  override readonly name = 'Broken';
}

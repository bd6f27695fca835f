const LINE_FEED = 0x0a;

/** A whole line, without its end; or the news that one was too long, whose rest is left out. */
export type CutLine = string | { readonly tooLong: true };

/** Cuts what arrives in pieces into lines of a bounded length. Bytes are Latin-1. */
export class LineCutter {
  readonly #longest: number;
  #pieces: Uint8Array[] = [];
  #length = 0;
  #skipping = false;

  /** @param longest bytes of a line, without its end */
  constructor(longest: number) {
    this.#longest = longest;
  }

  /** Takes bytes, which the cutter may keep, and gives the lines they complete. */
  *push(bytes: Uint8Array): Generator<CutLine> {
    for (let rest = bytes; rest.length > 0; ) {
      const end = rest.indexOf(LINE_FEED);
      const piece = end < 0 ? rest : rest.subarray(0, end);
      rest = end < 0 ? rest.subarray(rest.length) : rest.subarray(end + 1);
      if (!this.#skipping && this.#length + piece.length > this.#longest) {
        this.#forget();
        this.#skipping = true;
        yield { tooLong: true };
      }
      if (!this.#skipping) {
        this.#pieces.push(piece);
        this.#length += piece.length;
      }
      if (end < 0) return;
      if (this.#skipping) this.#skipping = false;
      else {
        const line = Buffer.concat(this.#pieces).toString('latin1');
        this.#forget();
        yield line.endsWith('\r') ? line.slice(0, -1) : line;
      }
    }
  }

  #forget(): void {
    this.#pieces = [];
    this.#length = 0;
  }
}

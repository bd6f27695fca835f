const BRACES = { open: 0x7b, close: 0x7d } as const;
const BRACKETS = { open: 0x5b, close: 0x5d } as const;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BLANKS: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);

/** The text of one request, or what is wrong with what came in its place. */
export type CutObject = { readonly text: string } | { readonly wrong: string };

/**
 * Cuts a stream into JSON texts: nothing separates them but that one ends. What is no object or array is skipped to the end of
 * its line, one of more than `longest` bytes to where it ends.
 */
export class ObjectCutter {
  readonly #longest: number;
  #pieces: Uint8Array[] = [];
  #length = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;
  #skippingLine = false;
  #tooLong = false;

  constructor(longest: number) {
    this.#longest = longest;
  }

  /** Takes bytes, which the cutter may keep, and gives what they complete. */
  *push(bytes: Uint8Array): Generator<CutObject> {
    let from = 0;
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at] ?? 0;
      if (this.#depth === 0) {
        if (byte === 0x0a) this.#skippingLine = false;
        else if (byte === BRACES.open || byte === BRACKETS.open) {
          this.#skippingLine = false;
          from = at;
          this.#depth = 1;
        } else if (!this.#skippingLine && !BLANKS.has(byte)) {
          this.#skippingLine = true;
          yield { wrong: 'JSON parse error, an object is expected' };
        }
      } else if (this.#ends(byte)) {
        this.#keep(bytes.subarray(from, at + 1));
        yield this.#take();
      }
    }
    if (this.#depth > 0) this.#keep(bytes.subarray(from));
  }

  /** Follows the nesting past one byte; true if the outermost object ends with it. */
  #ends(byte: number): boolean {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (byte === BACKSLASH) this.#escaped = true;
      else if (byte === QUOTE) this.#inString = false;
    } else if (byte === QUOTE) this.#inString = true;
    else if (byte === BRACES.open || byte === BRACKETS.open) this.#depth++;
    else if (byte === BRACES.close || byte === BRACKETS.close) this.#depth--;
    return this.#depth === 0;
  }

  #keep(piece: Uint8Array): void {
    this.#length += piece.length;
    this.#tooLong ||= this.#length > this.#longest;
    if (this.#tooLong) this.#pieces = [];
    else this.#pieces.push(piece);
  }

  #take(): CutObject {
    const cut = this.#tooLong
      ? { wrong: `JSON token size limit exceeded: a request has ${this.#longest} bytes at most` }
      : { text: Buffer.concat(this.#pieces).toString('utf8') };
    this.#pieces = [];
    this.#length = 0;
    this.#tooLong = false;
    return cut;
  }
}

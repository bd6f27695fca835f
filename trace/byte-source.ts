/** Bytes that come in pieces, taken in other pieces. */

const NEWLINE = 0x0a;
const decoder = new TextDecoder();

/** A line of text. */
export interface Line {
  readonly text: string;
  /** It ends in a newline: it was written whole. */
  readonly whole: boolean;
}

/** Reads a file piece by piece; holds no more of it than was asked for and not taken. */
export class ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #held = new Uint8Array(0);
  #ended = false;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Up to `length` bytes from here on, which stay; fewer only at the end. */
  async peek(length: number): Promise<Uint8Array> {
    while (this.#held.length < length && (await this.#more())) {}
    return this.#held.subarray(0, length);
  }

  /** The next `length` bytes, or undefined where there are not as many. They are the caller's. */
  async take(length: number): Promise<Uint8Array | undefined> {
    if ((await this.peek(length)).length < length) return undefined;
    const taken = this.#held.slice(0, length);
    this.#held = this.#held.subarray(length);
    return taken;
  }

  /** Whether nothing is left. */
  async atEnd(): Promise<boolean> {
    return (await this.peek(1)).length === 0;
  }

  /** The next line without its end; undefined at the end, or where it has more than `most` bytes. */
  async line(most: number): Promise<Line | undefined> {
    for (let from = 0; ; ) {
      const end = this.#held.indexOf(NEWLINE, from);
      if (end >= 0) {
        const text = decoder.decode(this.#held.subarray(0, end));
        this.#held = this.#held.subarray(end + 1);
        return { text, whole: true };
      }
      from = this.#held.length;
      if (from > most) return undefined;
      if (await this.#more()) continue;
      if (this.#held.length === 0) return undefined;
      const text = decoder.decode(this.#held);
      this.#held = this.#held.subarray(this.#held.length);
      return { text, whole: false };
    }
  }

  async #more(): Promise<boolean> {
    if (this.#ended) return false;
    const next = await this.#chunks.next();
    if (next.done === true) {
      this.#ended = true;
      return false;
    }
    const joined = new Uint8Array(this.#held.length + next.value.length);
    joined.set(this.#held);
    joined.set(next.value, this.#held.length);
    this.#held = joined;
    return true;
  }
}

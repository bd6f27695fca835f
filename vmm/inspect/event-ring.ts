/**
 * A ring of bytes in shared memory, with one writer and one reader, each in a thread of its own. It carries pieces of text:
 * the length of each in four bytes, then its UTF-8.
 */
import { RING_LENGTH, RING_OFFSET, WORDS } from './shared-words.ts';

const HEAD = 4;

/** Makes the shared memory. */
export function sharedMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(RING_OFFSET + RING_LENGTH);
}

/** The words of shared memory. */
export function wordsOf(memory: SharedArrayBuffer): Int32Array {
  return new Int32Array(memory, 0, RING_OFFSET / Int32Array.BYTES_PER_ELEMENT);
}

/** Puts pieces of text in. */
export class RingWriter {
  readonly #words: Int32Array;
  readonly #ring: Buffer;
  readonly #scratch = Buffer.alloc(HEAD);

  constructor(memory: SharedArrayBuffer) {
    this.#words = wordsOf(memory);
    this.#ring = Buffer.from(memory, RING_OFFSET, RING_LENGTH);
  }

  /** Writes a piece; false where there is no room for it. */
  write(text: string): boolean {
    const length = Buffer.byteLength(text);
    const written = Atomics.load(this.#words, WORDS.written) >>> 0;
    const used = (written - Atomics.load(this.#words, WORDS.read)) >>> 0;
    if (HEAD + length > RING_LENGTH - used) return false;
    this.#scratch.writeUInt32LE(length);
    this.#put(written, this.#scratch);
    const at = (written + HEAD) % RING_LENGTH;
    if (at + length <= RING_LENGTH) this.#ring.write(text, at, length);
    else this.#put(written + HEAD, Buffer.from(text));
    Atomics.store(this.#words, WORDS.written, (written + HEAD + length) | 0);
    return true;
  }

  #put(where: number, bytes: Buffer): void {
    const at = where % RING_LENGTH;
    const fits = Math.min(bytes.length, RING_LENGTH - at);
    bytes.copy(this.#ring, at, 0, fits);
    bytes.copy(this.#ring, 0, fits);
  }
}

/** Takes pieces of text out. */
export class RingReader {
  readonly #words: Int32Array;
  readonly #ring: Buffer;

  constructor(memory: SharedArrayBuffer) {
    this.#words = wordsOf(memory);
    this.#ring = Buffer.from(memory, RING_OFFSET, RING_LENGTH);
  }

  /** True where nothing is in it. */
  get empty(): boolean {
    return Atomics.load(this.#words, WORDS.written) === Atomics.load(this.#words, WORDS.read);
  }

  /** The next piece; undefined where there is none. */
  read(): string | undefined {
    const read = Atomics.load(this.#words, WORDS.read) >>> 0;
    if (Atomics.load(this.#words, WORDS.written) >>> 0 === read) return undefined;
    const length = this.#take(read, HEAD).readUInt32LE();
    const text = this.#take(read + HEAD, length).toString();
    Atomics.store(this.#words, WORDS.read, (read + HEAD + length) | 0);
    return text;
  }

  #take(where: number, length: number): Buffer {
    const at = where % RING_LENGTH;
    if (at + length <= RING_LENGTH) return this.#ring.subarray(at, at + length);
    return Buffer.concat([this.#ring.subarray(at), this.#ring.subarray(0, at + length - RING_LENGTH)]);
  }
}

import { closeSync, createWriteStream, fstatSync, openSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { errorCode } from '../host/error-code.ts';
import { UsageError } from '../usage-error.ts';

/** Where the bytes of a trace go. */
export interface TraceOutput {
  /** Takes bytes, which are the output's from now on; false where there is no room for them now, and they are lost. */
  write(bytes: Uint8Array): boolean;
  /** Settles once everything is written, or cannot be. */
  close(): Promise<void>;
}

/** Bytes that are written to a file at once. */
const CHUNK = 64 * 1024;
/** Longest that bytes for a file wait for more, in milliseconds. */
const LINGER_MS = 200;
/** Most bytes that wait for a reader who is slower than the machine. */
const MOST_WAITING = 8 * 2 ** 20;

/**
 * Opens a file, made anew, for `option`; an ordinary file makes the machine wait until it has taken what it gets, anything else
 * (a pipe, a terminal) is waited for by nobody.
 *
 * @param failed is told once, in one line, why nothing more is written
 * @throws UsageError where the file cannot be written
 */
export function openOutput(option: string, path: string, failed: (line: string) => void): TraceOutput {
  const fd = openForWriting(option, path);
  const tell = (error: unknown) => failed(`${option}: ${path} cannot be written any more (${errorCode(error)})`);
  const kind = fstatSync(fd);
  if (kind.isFile()) return new FileOutput(fd, tell);
  // Not by a thread of the pool, which a reader that stopped reading would keep.
  const isPipe = kind.isFIFO() || kind.isSocket();
  return new StreamOutput(isPipe ? new Socket({ fd, readable: false }) : createWriteStream(path, { fd }), tell);
}

/** A file: takes everything, in the turn it is given. */
class FileOutput implements TraceOutput {
  readonly #fd: number;
  readonly #failed: (error: unknown) => void;
  readonly #buffer = new Uint8Array(CHUNK);
  #length = 0;
  #linger: NodeJS.Timeout | undefined;
  #broken = false;

  constructor(fd: number, failed: (error: unknown) => void) {
    this.#fd = fd;
    this.#failed = failed;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#broken) return false;
    if (this.#length + bytes.length > CHUNK) this.#flush();
    if (bytes.length > CHUNK) this.#put(bytes);
    else {
      this.#buffer.set(bytes, this.#length);
      this.#length += bytes.length;
      this.#linger ??= setTimeout(() => this.#flush(), LINGER_MS).unref();
    }
    return !this.#broken;
  }

  async close(): Promise<void> {
    this.#flush();
    closeSync(this.#fd);
  }

  #flush(): void {
    clearTimeout(this.#linger);
    this.#linger = undefined;
    this.#put(this.#buffer.subarray(0, this.#length));
    this.#length = 0;
  }

  #put(bytes: Uint8Array): void {
    try {
      for (let at = 0; at < bytes.length && !this.#broken; ) at += writeSync(this.#fd, bytes, at);
    } catch (error) {
      this.#broken = true;
      this.#failed(error);
    }
  }
}

/** A stream: takes what fits into a bounded buffer. */
export class StreamOutput implements TraceOutput {
  readonly #stream: Writable;
  #broken = false;

  /** @param failed is told of an error of the stream; absent where the stream is somebody else's, who handles that */
  constructor(stream: Writable, failed?: (error: unknown) => void) {
    this.#stream = stream;
    stream.on('error', (error) => {
      if (!this.#broken) failed?.(error);
      this.#broken = true;
    });
    this.#ends = failed !== undefined;
  }

  readonly #ends: boolean;

  write(bytes: Uint8Array): boolean {
    if (this.#broken || this.#stream.writableLength > MOST_WAITING) return false;
    this.#stream.write(bytes);
    return true;
  }

  close(): Promise<void> {
    if (!this.#ends || this.#broken) return Promise.resolve();
    return new Promise((resolve) => {
      this.#stream.on('error', () => resolve());
      this.#stream.end(() => resolve());
    });
  }
}

/** Opens a file that is made anew. @throws UsageError where that cannot be, as the end of a sentence that begins with the option. */
export function openForWriting(option: string, path: string): number {
  try {
    return openSync(path, 'w');
  } catch (error) {
    const code = errorCode(error);
    const cause = CAUSES[code] ?? `cannot be written (${code})`;
    throw new UsageError(
      `${option}: ${path} ${cause}; name a file that can be written${option === '--trace' ? ', or none for stderr' : ''}`,
    );
  }
}

const CAUSES: Readonly<Record<string, string>> = {
  ENOENT: 'lies in a directory that does not exist',
  ENOTDIR: 'lies in something that is no directory',
  EISDIR: 'is a directory',
  EACCES: 'may not be written by this user',
  EROFS: 'lies on a read-only file system',
  ENOSPC: 'finds no space left on its disk',
};

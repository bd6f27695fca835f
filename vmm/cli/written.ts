import type { Writable } from 'node:stream';

/**
 * Writes to a stream and settles once it took the bytes, or never will; the bytes must not change until then. Whoever
 * waits for it is held back by a slow reader.
 */
export function written(stream: Writable, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed) resolve();
    else stream.write(bytes, () => resolve());
  });
}

import { TraceError } from '../trace-error.ts';

/** Unpacks gzip that says it has `length` bytes; one that has more is refused before they are all there. @throws TraceError */
export async function unpacked(packed: Uint8Array, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let at = 0;
  try {
    const stream = new Blob([packed as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream('gzip'));
    const reader = stream.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (at + value.length > length) {
        await reader.cancel();
        throw new RangeError('it is longer than it says');
      }
      bytes.set(value, at);
      at += value.length;
    }
  } catch (error) {
    throw new TraceError(`a block cannot be unpacked: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (at !== length) throw new TraceError('a block is shorter than it says');
  return bytes;
}

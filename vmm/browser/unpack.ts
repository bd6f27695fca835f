import type { Unpack } from '../boot/compression.ts';

/** Unpacks gzip, which a page can by itself; of a kernel packed in another way, a page needs the vmlinux. See `Unpack`. */
export const unpack: Unpack = async (format, data, length) => {
  if (format !== 'gzip') throw new Error(`a page unpacks gzip only, not ${format}; give the vmlinux`);
  const output = new Uint8Array(length);
  let at = 0;
  // A copy: the library's types ask for bytes that nobody shares.
  const unpacked = new Blob([data.slice()]).stream().pipeThrough(new DecompressionStream('gzip'));
  for await (const bytes of unpacked) {
    if (bytes.length > length - at) throw new RangeError(`it unpacks to more than ${length} bytes`);
    output.set(bytes, at);
    at += bytes.length;
  }
  if (at < length) throw new RangeError(`it unpacks to ${at} bytes instead of ${length}`);
  return output;
};

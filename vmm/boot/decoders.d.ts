/** The parts that we use of packages which bring no types. */

declare module 'seek-bzip' {
  interface ByteSink {
    writeByte(byte: number): void;
  }
  const bzip2: {
    /** Decodes a whole file into `output`; throws on damage and what `writeByte` throws. */
    decode(input: Uint8Array, output: ByteSink): void;
  };
  export default bzip2;
}

declare module 'lzma-native' {
  import type { Transform } from 'node:stream';

  const lzma: {
    createStream(coder: 'streamDecoder' | 'aloneDecoder', options: { memlimit: number }): Transform;
  };
  export default lzma;
}

import { copyIn, copyOut } from '../../bytes/segments.ts';
import { encodeMessage } from '../../ninep/codec.ts';
import type { Segments } from '../../ninep/frame-handler.ts';
import type { StreamHandler } from '../../ninep/stream/stream-connection.ts';
import { tagNumber } from '../../ninep/wire-types.ts';

const TAG_AT = 5;

/** Answers every request with one error, for a client there is no place for: better than a connection that breaks. */
export function refusing(ecode: number, answered: () => void): StreamHandler {
  return {
    msize: 0,
    handle(request: Segments, reply: Segments): number {
      const tag = new Uint8Array(2);
      copyOut(request, TAG_AT, tag, 2);
      const message = encodeMessage('Rlerror', tagNumber(new DataView(tag.buffer).getUint16(0, true)), { ecode });
      answered();
      return copyIn(reply, 0, message, message.length);
    },
    reset: () => Promise.resolve(),
  };
}

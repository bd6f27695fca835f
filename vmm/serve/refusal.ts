import { copyIn, copyOut, totalLength } from '../../bytes/segments.ts';
import { decodeMessage, encodeMessage } from '../../ninep/codec.ts';
import { dialectFor } from '../../ninep/dialects.ts';
import { errnoOf } from '../../ninep/errno.ts';
import type { Segments } from '../../ninep/frame-handler.ts';
import type { StreamHandler } from '../../ninep/stream/stream-connection.ts';
import { tagNumber } from '../../ninep/wire-types.ts';

const TAG_AT = 5;
/** Longer than any request for a version that we know. */
const MOST_READ = 64;

/** Answers every request with one error, for a client there is no place for: better than a connection that breaks. */
export function refusing(ecode: number, answered: () => void): StreamHandler {
  return {
    msize: 0,
    handle(request: Segments, reply: Segments): number {
      const frame = new Uint8Array(Math.min(totalLength(request), MOST_READ));
      copyOut(request, 0, frame, frame.length);
      const tag = tagNumber(new DataView(frame.buffer).getUint16(TAG_AT, true));
      const version = wantedVersion(frame);
      const message =
        version === '9P2000' || version === '9P2000.u'
          ? encodeMessage('Rerror', tag, { ename: errnoOf(ecode).text, errno: ecode }, version)
          : encodeMessage('Rlerror', tag, { ecode });
      answered();
      return copyIn(reply, 0, message, message.length);
    },
    reset: () => Promise.resolve(),
  };
}

/** The dialect a client asks for, so that the error is in its words; undefined for anything but a Tversion. */
function wantedVersion(frame: Uint8Array): string | undefined {
  const decoded = decodeMessage(frame);
  if (!decoded.ok || decoded.codec.name !== 'Tversion') return undefined;
  const { version } = decoded.body;
  return typeof version === 'string' ? dialectFor(version)?.version : undefined;
}

import { ByteWriter } from '../../bytes/cursor.ts';
import { gather } from '../../ninep/client/client.ts';
import { allCodecs, type Codec, decodeMessage } from '../../ninep/codec.ts';
import { stubBackend, stubNode } from '../../ninep/contract/stubs.ts';
import { ERRNO } from '../../ninep/errno.ts';
import { MESSAGES } from '../../ninep/messages.ts';
import { createSession, type Session } from '../../ninep/session.ts';
import { hello } from './requests.ts';

/** What has to hold of the codec for any bytes at all; each throws where it does not. */

/** Frames with the table's own samples, one for each row and sample: where a corpus begins. */
export function sampleFrames(): Uint8Array[] {
  const codecs = new Map([...allCodecs()].map((codec) => [codec.name, codec]));
  return MESSAGES.flatMap((row) => {
    const codec = codecs.get(row.name);
    if (codec === undefined) throw new Error(`no codec for ${row.name}`);
    return [0, 1, 2].map((index) => {
      const fields = Object.entries(row.fields).map(([field, type]) => [
        field,
        type.samples[index % type.samples.length],
      ]);
      return encodeFrame(codec, 0, Object.fromEntries(fields));
    });
  });
}

function encodeFrame(codec: Codec, tag: number, body: Readonly<Record<string, unknown>>): Uint8Array {
  const frame = new Uint8Array(7 + codec.size(body));
  const to = new ByteWriter(frame);
  to.u32(frame.length);
  to.u8(codec.type);
  to.u16(tag);
  codec.encode(to, body);
  if (to.overrun || to.length !== frame.length) throw new Error(`${codec.name} is not as long as its size`);
  return frame;
}

/** Takes a frame through the strict decoder, and a request through a session as well. */
export class CodecTarget {
  private session: Session = fresh();
  private readonly bugs: unknown[] = [];
  private readonly area = new Uint8Array(4096);

  /** Throws if anything is wrong with how these bytes are read. */
  run(bytes: Uint8Array): void {
    const decoded = decodeMessage(bytes);
    if (decoded.ok) {
      const { codec, body, tag } = decoded;
      if (codec.show(body).includes('undefined')) throw new Error(`${codec.name} shows an undefined field`);
      this.compareAgain(bytes, codec, tag, body);
    }
    this.serve(bytes, decoded.ok && decoded.codec.name.startsWith('T'));
  }

  /** What was read, written again, is what came: but that a field old senders leave out is written, and text is UTF-8. */
  private compareAgain(bytes: Uint8Array, codec: Codec, tag: number, body: Readonly<Record<string, unknown>>): void {
    const again = encodeFrame(codec, tag, body);
    if (Buffer.compare(again, bytes) === 0) return;
    const optional = codec.name === 'Tfsync' && again.length === bytes.length + 4;
    if (optional || codec.name.endsWith('version')) return;
    throw new Error(`${codec.name} is ${Buffer.from(again).toString('hex')} when written again`);
  }

  /** The session, which reads a request in place, accepts just what the strict decoder does. */
  private serve(bytes: Uint8Array, valid: boolean): void {
    if (bytes.length < 7 || new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) !== bytes.length) return;
    const cut = 7 + ((bytes[5] ?? 0) % (bytes.length - 6));
    const length = this.session.handle([bytes.subarray(0, cut), bytes.subarray(cut)], [this.area]);
    // Only Tversion and Tflush can wait here, and there is nothing for them to wait for.
    if (typeof length !== 'number') throw new Error('a session over nothing has to wait');
    const reply = decodeMessage(gather([this.area], length));
    if (!reply.ok) throw new Error(`the reply is malformed: ${reply.reason}`);
    const { codec, body } = reply;
    const refused = codec.name === 'Rlerror' && (body.ecode === ERRNO.EPROTO || body.ecode === ERRNO.EOPNOTSUPP);
    if (valid && refused && bytes[4] !== 102) throw new Error(`a good request is ${body.ecode}`);
    if (!valid && !refused) throw new Error(`a bad request is answered with ${codec.name}`);
    if (this.bugs.length > 0) throw this.bugs[0];
    if (bytes[4] === 100 || bytes[4] === 104) this.session = fresh(this.bugs);
  }
}

function fresh(bugs: unknown[] = []): Session {
  const session = createSession(stubBackend(stubNode()), { onBug: (error) => bugs.push(error) });
  for (const frame of hello()) session.handle([frame], [new Uint8Array(4096)]);
  return session;
}

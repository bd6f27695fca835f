import { ByteWriter } from '../../bytes/cursor.ts';
import { text, type WireType } from '../../bytes/wire.ts';
import { gather } from '../../ninep/client/client.ts';
import { type AnyBody, allCodecs, type Codec, type Decoded, decodeMessage } from '../../ninep/codec.ts';
import { stubBackend, stubNode } from '../../ninep/contract/stubs.ts';
import { ERRNO } from '../../ninep/errno.ts';
import { type Fields, MESSAGES } from '../../ninep/messages.ts';
import type { SessionObserver } from '../../ninep/observer.ts';
import { createSession, type Session } from '../../ninep/session.ts';
import { countedStat } from '../../ninep/stat.ts';
import { formIn, VERSIONS, type Version } from '../../ninep/versions.ts';
import { helloIn } from './requests.ts';

/** What has to hold of the codec for any bytes at all, in every dialect; each throws where it does not. */

const FIELDS = new Map<string, Fields>(MESSAGES.map(({ name, fields }) => [name, fields]));

/** Frames with the table's own samples, one for each dialect, row and sample: where a corpus begins. */
export function sampleFrames(): Uint8Array[] {
  return VERSIONS.flatMap((version) =>
    [...allCodecs(version)].flatMap((codec) =>
      [0, 1, 2].map((index) => {
        const fields = Object.entries<WireType<unknown>>(FIELDS.get(codec.name) ?? {}).map(([field, type]) => {
          const { samples } = formIn(type, version);
          return [field, samples[index % samples.length]];
        });
        return encodeFrame(codec, 0, Object.fromEntries(fields));
      }),
    ),
  );
}

function encodeFrame(codec: Codec, tag: number, body: AnyBody): Uint8Array {
  const frame = new Uint8Array(7 + codec.size(body));
  const to = new ByteWriter(frame);
  to.u32(frame.length);
  to.u8(codec.type);
  to.u16(tag);
  codec.encode(to, body);
  if (to.overrun || to.length !== frame.length) throw new Error(`${codec.name} is not as long as its size`);
  return frame;
}

/** Takes a frame through the strict decoder of each dialect, and through a session that speaks it. */
export class CodecTarget {
  private readonly speakers = VERSIONS.map((version) => new Speaker(version));

  /** Throws if anything is wrong with how these bytes are read. */
  run(bytes: Uint8Array): void {
    for (const speaker of this.speakers) speaker.run(bytes);
  }
}

class Speaker {
  private readonly version: Version;
  private readonly bugs: unknown[] = [];
  private readonly area = new Uint8Array(4096);
  private session: Session;
  /** The errno of the last reply. */
  private errno: number | undefined;

  constructor(version: Version) {
    this.version = version;
    this.session = this.begin();
  }

  run(bytes: Uint8Array): void {
    const decoded = decodeMessage(bytes, this.version);
    if (decoded.ok) {
      const { codec, body, tag } = decoded;
      if (codec.show(body).includes('undefined')) throw new Error(`${codec.name} shows an undefined field`);
      this.compareAgain(bytes, codec, tag, body);
    }
    this.serve(bytes, decoded.ok && decoded.codec.name.startsWith('T'));
  }

  /** What was read, written again, is what came: but that a field old senders leave out is written. */
  private compareAgain(bytes: Uint8Array, codec: Codec, tag: number, body: AnyBody): void {
    const again = encodeFrame(codec, tag, body);
    if (Buffer.compare(again, bytes) === 0) return;
    if (codec.name === 'Tfsync' && again.length === bytes.length + 4) return;
    const { name } = codec;
    if (!isNormalized(name, this.version)) throw new Error(`${name} is ${hex(again)} when written again`);
    const second = decodeMessage(again, this.version);
    if (!second.ok) throw new Error(`${name}, written again, is ${hex(again)} and malformed: ${second.reason}`);
    const third = encodeFrame(codec, tag, second.body);
    if (Buffer.compare(third, again) !== 0)
      throw new Error(`${name} is ${hex(again)}, and ${hex(third)} the next time`);
  }

  /** The session, which reads a request in place, accepts just what the strict decoder does. */
  private serve(bytes: Uint8Array, valid: boolean): void {
    if (bytes.length < 7 || new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) !== bytes.length) return;
    const cut = 7 + ((bytes[5] ?? 0) % (bytes.length - 6));
    this.errno = undefined;
    const length = this.session.handle([bytes.subarray(0, cut), bytes.subarray(cut)], [this.area]);
    // Only Tversion and Tflush can wait here, and there is nothing for them to wait for.
    if (typeof length !== 'number') throw new Error('a session over nothing has to wait');
    const reply = this.decodeReply(bytes, gather([this.area], length));
    if (!reply.ok) throw new Error(`the reply is malformed: ${reply.reason}`);
    const { codec, body } = reply;
    if (this.errno !== undefined) requireSameErrno(codec, body, this.errno);
    const refused = this.errno === ERRNO.EPROTO || this.errno === ERRNO.EOPNOTSUPP;
    // The older dialects answer EOPNOTSUPP to modes they cannot make, too.
    const unable = bytes[4] === 102 || (bytes[4] === 114 && this.errno === ERRNO.EOPNOTSUPP);
    if (valid && refused && !unable) throw new Error(`a good request is ${this.errno}`);
    if (!valid && !refused) throw new Error(`a bad request is answered with ${codec.name}`);
    if (this.bugs.length > 0) throw this.bugs[0];
    if (bytes[4] === 100 || bytes[4] === 104) this.session = this.begin();
  }

  /** A Tversion is refused in the dialect it asks for. */
  private decodeReply(bytes: Uint8Array, reply: Uint8Array): Decoded {
    if (bytes[4] !== 100) return decodeMessage(reply, this.version);
    const readings = VERSIONS.map((version) => decodeMessage(reply, version));
    return readings.find(({ ok }) => ok) ?? decodeMessage(reply, this.version);
  }

  private begin(): Session {
    const observer: SessionObserver = {
      reply: (_, answer) => {
        this.errno = answer?.errno;
      },
    };
    const session = createSession(stubBackend(stubNode()), { observer, onBug: (error) => this.bugs.push(error) });
    for (const frame of helloIn(this.version, '')) session.handle([frame], [new Uint8Array(4096)]);
    return session;
  }
}

/** Whether a message can be read in a form it is never written in: text that is no UTF-8, a qid of another dialect. */
function isNormalized(name: string, version: Version): boolean {
  const fields = FIELDS.get(name) ?? {};
  const types = Object.values<WireType<unknown>>(fields);
  if (types.some((type) => type === text || type === countedStat)) return true;
  return version === '9P2000' && Object.keys(fields).some((field) => QIDS.includes(field));
}

const QIDS: readonly string[] = ['qid', 'aqid', 'wqid'];

/** The wire says what the observer is told: as a number, in 9P2000 as some text. */
function requireSameErrno({ name }: Codec, { ecode, errno, ename }: AnyBody, told: number): void {
  const same = name === 'Rlerror' ? ecode === told : ename !== '' && (errno === told || errno === 0);
  if (!same) throw new Error(`${name} ${ecode ?? errno} '${ename}' was meant to be ${told}`);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

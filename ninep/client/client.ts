import { type AnyBody, codecOf, type Decoded, decodeMessage, encodeMessage } from '../codec.ts';
import { ERRNO, Errno, errnoOf, errnoOfText } from '../errno.ts';
import type { FrameHandler, Segments } from '../frame-handler.ts';
import type { MessageBody, MessageName, ReplyBody, RequestBody, RequestName } from '../messages.ts';
import type { Version } from '../versions.ts';
import { NOTAG, type Tag, tagNumber } from '../wire-types.ts';

/** How a client lays out its messages; everything has a default. */
export interface ClientOptions {
  /** Asked for by `version`, in bytes; 65,536 unless given. */
  readonly msize?: number;
  /** Lays a request out in pieces; one piece unless given. */
  readonly split?: (message: Uint8Array) => Segments;
  /** Makes the reply area; one piece of msize bytes unless given. */
  readonly replyArea?: (msize: number) => Segments;
}

/** A request that has been sent. */
export interface Sent<N extends RequestName> {
  readonly tag: Tag;
  /** The reply; rejects with the Errno of an Rlerror or Rerror, with `TakenBack` if a Tflush took the request back. */
  readonly reply: Promise<ReplyBody<N>>;
}

/** The request was taken back before it was answered. */
export class TakenBack extends Error {
  override readonly name = 'TakenBack';
}

/**
 * The other side of a session: it encodes requests, hands them to a frame handler as a transport would, and decodes the
 * replies strictly. It is how tests, tools and the teaching page speak 9P.
 */
export class Client {
  /** Largest message in bytes: what was asked for, then what was agreed. */
  msize: number;
  /** In which messages are written and read. */
  dialect: Version = '9P2000.L';
  private readonly handler: FrameHandler;
  private readonly split: (message: Uint8Array) => Segments;
  private readonly replyArea: (msize: number) => Segments;
  private readonly tags = new Set<Tag>();

  constructor(handler: FrameHandler, options: ClientOptions = {}) {
    this.handler = handler;
    this.msize = options.msize ?? 65_536;
    this.split = options.split ?? ((message) => [message]);
    this.replyArea = options.replyArea ?? ((msize) => [new Uint8Array(msize)]);
  }

  /** Begins a conversation in that dialect; throws if the server speaks something else. */
  async version(version: Version = '9P2000.L'): Promise<void> {
    this.dialect = version;
    const agreed = await this.call('Tversion', { msize: this.msize, version });
    if (agreed.version !== version) throw new Error(`asked for ${version}, the server speaks ${agreed.version}`);
    this.msize = agreed.msize;
  }

  /** Sends a request and waits for its reply. */
  call<N extends RequestName>(name: N, body: RequestBody<N>): Promise<ReplyBody<N>> {
    return this.send(name, body).reply;
  }

  /**
   * Sends a request. The handler has seen it when this returns.
   *
   * @param tag a free one unless given.
   */
  send<N extends RequestName>(name: N, body: RequestBody<N>, tag: Tag = this.freeTag(name)): Sent<N> {
    this.tags.add(tag);
    return { tag, reply: this.exchange(name, body, tag).finally(() => this.tags.delete(tag)) };
  }

  private async exchange<N extends RequestName>(name: N, body: RequestBody<N>, tag: Tag): Promise<ReplyBody<N>> {
    const area = this.replyArea(this.msize);
    const { dialect } = this;
    const length = await this.handler.handle(this.split(encodeMessage(name, tag, body, dialect)), area);
    if (length === 0) throw new TakenBack(`${name} was taken back`);
    const decoded = decodeMessage(gather(area, length), dialect);
    if (!decoded.ok) throw new Error(`the reply to ${name} is malformed: ${decoded.reason}`);
    if (decoded.tag !== tag) throw new Error(`the reply to ${name} has tag ${decoded.tag} instead of ${tag}`);
    if (isMessage('Rlerror', decoded)) throw errnoOf(decoded.body.ecode);
    if (isMessage('Rerror', decoded)) throw errorOf(decoded.body);
    if (!isReplyTo(name, decoded, dialect)) throw new Error(`the reply to ${name} is ${decoded.codec.name}`);
    return decoded.body;
  }

  private freeTag(name: RequestName): Tag {
    if (name === 'Tversion') return NOTAG;
    for (let number = 0; number < NOTAG; number++) {
      const tag = tagNumber(number);
      if (!this.tags.has(tag)) return tag;
    }
    throw new Error('no tag is free');
  }
}

type Good = Extract<Decoded, { ok: true }>;

function isMessage<N extends MessageName>(name: N, decoded: Good): decoded is Good & { readonly body: MessageBody<N> } {
  return decoded.codec.name === name;
}

function isReplyTo<N extends RequestName>(
  name: N,
  decoded: { readonly codec: Good['codec']; readonly body: AnyBody },
  dialect: Version,
): decoded is Good & { readonly body: ReplyBody<N> } {
  return decoded.codec.type === codecOf(name, dialect).type + 1;
}

/** What an Rerror means: a number where there is one, else what its text is known for; EIO for words of its own. */
function errorOf({ ename, errno }: MessageBody<'Rerror'>): Errno {
  const known = errno === 0 ? errnoOfText(ename) : errnoOf(errno);
  return known?.text === ename ? known : new Errno(known?.errno ?? ERRNO.EIO, known?.name ?? 'EIO', ename);
}

/** The first `length` bytes of the segments in memory of their own. */
export function gather(segments: Segments, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const segment of segments) {
    const piece = segment.subarray(0, length - at);
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

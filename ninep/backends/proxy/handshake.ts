import { Channel } from './channel.ts';
import { decodeHello, encodeHello, HELLO_SIZE, type Hello, PROTOCOL_VERSION } from './hello.ts';
import type { Link } from './link.ts';
import { ProtocolError } from './protocol-error.ts';
import type { PulseOptions } from './pulse.ts';

/** A conversation that has begun, and with whom. */
export interface Introduced {
  readonly channel: Channel;
  readonly hello: Hello;
}

/** What a conversation is begun with. */
export interface HandshakeOptions {
  /** Largest message in bytes to ask for. */
  readonly msize: number;
  readonly pulse: PulseOptions;
  /** Is told once why a conversation that had begun has ended. */
  readonly onEnd: (reason: string) => void;
}

const DIALECT = '9P2000.L';

/**
 * Introduces this side to a helper and agrees on version and msize. Rejects, with the link closed, with an Error whose
 * message is one phrase: the helper is none of ours, is of another version, or takes too long.
 */
export async function introduce(link: Link, options: HandshakeOptions): Promise<Introduced> {
  const { pulse } = options;
  const waitMs = pulse.intervalMs * pulse.patience;
  const conversation = new Opening(link, options);
  const late = setTimeout(() => conversation.fail('it does not answer'), waitMs);
  try {
    const hello = await conversation.hello;
    const { channel } = conversation;
    const agreed = await channel.call('Tversion', { msize: channel.msize, version: DIALECT });
    if (agreed.version !== DIALECT || agreed.msize !== channel.msize) {
      throw new ProtocolError(`it offers ${JSON.stringify(agreed.version)} with messages of ${agreed.msize} bytes`);
    }
    conversation.begun = true;
    return { channel, hello };
  } catch (error) {
    conversation.fail('it failed');
    throw error instanceof Error ? error : new Error(conversation.channel.ended ?? 'it refused to begin');
  } finally {
    clearTimeout(late);
  }
}

/** A conversation until it has begun: collects the hello, then leaves all bytes to the channel. */
class Opening {
  readonly channel: Channel;
  readonly hello: Promise<Hello>;
  begun = false;
  private resolve: (hello: Hello) => void = () => {};
  private reject: (error: Error) => void = () => {};
  private readonly frame = new Uint8Array(HELLO_SIZE);
  private filled = 0;

  constructor(link: Link, { msize, pulse, onEnd }: HandshakeOptions) {
    this.hello = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.hello.catch(() => {});
    this.channel = new Channel(link, msize, (reason) => this.over(reason, onEnd), pulse);
    link.listen({
      data: (chunk) => (this.filled < HELLO_SIZE ? this.collect(chunk) : this.channel.receive(chunk)),
      closed: (reason) => this.channel.lose(reason),
    });
    link.send([encodeHello('ask', { protocol: PROTOCOL_VERSION, confined: 0, landlock: 0, readonly: 0 })]);
  }

  /** Ends it, unless it has begun. */
  fail(reason: string): void {
    if (!this.begun) this.channel.lose(reason);
  }

  private over(reason: string, onEnd: (reason: string) => void): void {
    if (this.begun) onEnd(reason);
    else this.reject(new Error(reason));
  }

  private collect(chunk: Uint8Array): void {
    const piece = chunk.subarray(0, HELLO_SIZE - this.filled);
    this.frame.set(piece, this.filled);
    this.filled += piece.length;
    if (this.filled < HELLO_SIZE) return;
    try {
      const hello = decodeHello('answer', this.frame);
      if (hello.protocol !== PROTOCOL_VERSION) {
        throw new ProtocolError(`it speaks version ${hello.protocol} of the protocol and not ${PROTOCOL_VERSION}`);
      }
      this.resolve(hello);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.channel.lose(error.message);
    }
    if (piece.length < chunk.length) this.channel.receive(chunk.subarray(piece.length));
  }
}

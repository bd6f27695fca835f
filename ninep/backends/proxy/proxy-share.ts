import type { Backend, Credential, Node } from '../../backend.ts';
import { DEFAULT_MSIZE } from '../../constants.ts';
import { Attachment } from './attachment.ts';
import type { Channel } from './channel.ts';
import type { Hello } from './hello.ts';
import { Lifeline, USUAL_BACK_OFF_MS } from './lifeline.ts';
import type { Connector } from './link.ts';
import { Place } from './place.ts';
import type { ProxyFile } from './proxy-file.ts';
import { ProxyNode } from './proxy-node.ts';
import { type PulseOptions, USUAL_PULSE } from './pulse.ts';
import { ReadAhead } from './read-entries.ts';
import { Remote } from './remote.ts';

/** What a proxy share is made of. */
export interface ProxyOptions {
  readonly connector: Connector;
  /** Is told in one line each what becomes of the helper. */
  readonly notice?: (line: string) => void;
  /** Judges what a helper says of itself; throws an Error with one phrase if it will not do. */
  readonly accept?: (hello: Hello) => void;
  /** Largest message in bytes, 4096 or more; 4,186,112 unless given. */
  readonly msize?: number;
  /** When silence is death; a look each second and ten in vain unless given. */
  readonly pulse?: PulseOptions;
  /** Before each attempt in a row to have a helper again, in milliseconds; at once, then up to five seconds unless given. */
  readonly backOffMs?: readonly number[];
}

/**
 * Shares a directory through a helper process: the `proxy` driver. The helper does the file operations and is not
 * trusted: whatever it sends, the worst is EIO. When it dies, requests under way fail with EIO and later ones go to the next.
 *
 * @throws Error with one phrase if there is no helper to begin with.
 */
export async function openProxy(options: ProxyOptions): Promise<Backend> {
  const share = new ProxyShare(options);
  try {
    await share.lifeline.open();
  } catch (error) {
    await share.close();
    throw error;
  }
  return share;
}

/** What all nodes and files of one proxy share have in common. */
export class ProxyShare implements Backend {
  readonly driver = 'proxy';
  readonly lifeline: Lifeline;
  readonly readAhead = new ReadAhead();
  private readonly locked = new Set<ProxyFile>();

  constructor(options: ProxyOptions) {
    const { connector, notice = () => {}, accept, msize = DEFAULT_MSIZE } = options;
    const { pulse = USUAL_PULSE, backOffMs = USUAL_BACK_OFF_MS } = options;
    const onConnected = (channel: Channel) => this.revive(channel);
    this.lifeline = new Lifeline({ connector, msize, pulse, backOffMs, notice, accept, onConnected });
  }

  async attach(credential: Credential): Promise<Node> {
    const attachment = new Attachment(this.lifeline, credential);
    const channel = await this.lifeline.use();
    // Held while it is looked up, and by the node from then on.
    attachment.retain();
    try {
      const { fid, qid } = await attachment.find(channel, []);
      return new ProxyNode(this, new Remote(fid, channel, { attachment, place: Place.root().retain(), qid }));
    } finally {
      await attachment.release();
    }
  }

  /** Says whether a file has locks, which must be had again before anybody else gets them. */
  setLocked(file: ProxyFile, locked: boolean): void {
    if (locked) this.locked.add(file);
    else this.locked.delete(file);
  }

  close(): Promise<void> {
    return this.lifeline.close();
  }

  private async revive(channel: Channel): Promise<void> {
    for (const file of this.locked) await file.revive(channel);
  }
}

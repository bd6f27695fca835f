import type { Backend, Credential, MaybeAsync, Node } from '../../backend.ts';
import { LocalNode } from './local-node.ts';
import { type LocalOptions, settingsOf } from './settings.ts';
import { Share } from './share.ts';

/**
 * Shares a directory of the host: the `local` driver. It holds the directory itself, so that may be renamed meanwhile.
 *
 * @throws ShareError if the path is missing, not a directory or unreadable, or the options do not go together: one line for whoever chose it.
 */
export function openLocal(options: LocalOptions): Backend {
  return new LocalBackend(new Share(settingsOf(options), options.descriptors));
}

class LocalBackend implements Backend {
  readonly driver = 'local';
  private readonly share: Share;

  constructor(share: Share) {
    this.share = share;
  }

  attach(credential: Credential): Node {
    const { share } = this;
    return new LocalNode(share, share.root.retain(), share.qidOf(share.statOf(share.root.fd)), credential);
  }

  close(): MaybeAsync<void> {
    this.share.locks.close();
    this.share.handles.close();
    return this.share.root.release();
  }
}

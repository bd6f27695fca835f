import type { Backend, Credential, MaybeAsync, Node } from '../../backend.ts';
import type { Descriptors } from './descriptors.ts';
import { LocalNode } from './local-node.ts';
import { SECURITY_MODELS, type SecurityModelName } from './security-model.ts';
import { Share } from './share.ts';

/** What a local share is made of. */
export interface LocalOptions {
  /** The directory to share; a symbolic link here is followed. */
  readonly path: string;
  readonly securityModel: SecurityModelName;
  /** Whatever would change something is EROFS. */
  readonly readonly?: boolean;
  /** The descriptors this share may hold; by default it shares those of the process with all others. */
  readonly descriptors?: Descriptors;
}

/**
 * Shares a directory of the host: the `local` driver. It holds the directory itself, so that may be renamed meanwhile.
 *
 * @throws ShareError if the path is missing, not a directory or unreadable: one line for whoever chose it.
 */
export function openLocal(options: LocalOptions): Backend {
  const model = SECURITY_MODELS[options.securityModel];
  return new LocalBackend(new Share(options.path, model, options.readonly ?? false, options.descriptors));
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
    return this.share.root.release();
  }
}

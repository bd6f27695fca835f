import type { MaybeAsync } from '../../backend.ts';
import type { Share } from './share.ts';

/**
 * One descriptor for each inode that a client took a name from while objects of it were parked: it keeps the inode, for
 * however many fids, until the last of them is parked no more.
 */
export class Survivors {
  private readonly share: Share;
  private readonly fds = new Map<string, number>();

  constructor(share: Share) {
    this.share = share;
  }

  /** The descriptor that keeps this inode; undefined if it takes none. */
  fdOf(identity: string): number | undefined {
    return this.fds.get(identity);
  }

  /** Takes over `fd`, which is counted already. */
  keep(identity: string, fd: number): void {
    this.fds.set(identity, fd);
  }

  /** Gives up what was kept of this inode, if anything was. `format`: its type, which says how long that may take. */
  drop(identity: string, format: number): MaybeAsync<void> {
    const fd = this.fds.get(identity);
    if (fd === undefined) return;
    this.fds.delete(identity);
    this.share.descriptors.give();
    return this.share.close(fd, format);
  }
}

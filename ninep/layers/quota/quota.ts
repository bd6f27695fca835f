import type { Backend } from '../../backend.ts';
import { ERRNO, errnoOf } from '../../errno.ts';
import { after } from '../../maybe-async.ts';
import { Account } from './account.ts';
import { Ledger, type QuotaLimits } from './ledger.ts';
import { measure, type Slices } from './measure.ts';
import { QuotaNode } from './quota-node.ts';

/** What a share with a quota has in use. */
export interface QuotaUsage {
  readonly bytes: number;
  readonly inodes: number;
}

/** A backend with a quota. */
export interface QuotaBackend extends Backend {
  readonly usage: QuotaUsage;
  /** Resolves when it is known what the share held when it was opened; rejects where that failed or was interrupted. */
  readonly measured: Promise<void>;
  /** Gives up measuring: what waits for it fails with EIO, and so does whatever would change the share from then on. */
  interrupt(): void;
}

/** How long measuring goes on before others have their turn, in milliseconds. */
const SLICE_MS = 4;

/**
 * Limits what clients can store in a share: beyond the limits, what needs room is ENOSPC, and statfs tells of a file system
 * of that size. What is there when the share is opened counts, each object once.
 *
 * Counting begins at once and works in slices. Until it is done, clients can look and read; what changes the share, and
 * statfs, waits. What the host itself changes later is not noticed before a client changes the same object.
 *
 * @throws RangeError for limits that are no whole numbers.
 */
export function withQuota(backend: Backend, limits: QuotaLimits, slices?: Slices): QuotaBackend {
  const ledger = new Ledger(limits);
  const turns = new Turns();
  const measured = measure(backend, slices ?? turns).then(({ bytes, inodes }) => ledger.use(bytes, inodes));
  const ended = measured.catch(() => {});
  const account = new Account(ledger, measured);
  return {
    driver: backend.driver,
    usage: ledger,
    measured,
    attach: (credential) => after(backend.attach(credential), (node) => new QuotaNode(node, account)),
    interrupt: () => turns.interrupt(),
    close() {
      turns.interrupt();
      return ended.then(() => backend.close());
    },
  };
}

/** Works for a few milliseconds at a time. */
class Turns implements Slices {
  private interrupted = false;
  private until = performance.now() + SLICE_MS;

  isOver(): boolean {
    return this.interrupted || performance.now() >= this.until;
  }

  async pause(): Promise<void> {
    if (!this.interrupted) await new Promise((resolve) => setTimeout(resolve, 0));
    if (this.interrupted) throw errnoOf(ERRNO.EIO);
    this.until = performance.now() + SLICE_MS;
  }

  interrupt(): void {
    this.interrupted = true;
  }
}

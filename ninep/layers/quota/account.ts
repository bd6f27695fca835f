import type { FileSystemStatus, MaybeAsync, Node, Request } from '../../backend.ts';
import { ERRNO, errnoOf } from '../../errno.ts';
import { after, attempt } from '../../maybe-async.ts';
import { InodeTable } from './inode-table.ts';
import type { Ledger, Reservation } from './ledger.ts';
import { OneAtATime } from './one-at-a-time.ts';

/** What all nodes and files of a share with a quota have in common. */
export class Account {
  readonly ledger: Ledger;
  readonly inodes: InodeTable;
  /** Names change one at a time, so that what had a name before is known when it is lost. */
  readonly names = new OneAtATime();
  /** Resolves when it is known what the share held when it was opened; undefined from then on. */
  private measured: Promise<void> | undefined;

  constructor(ledger: Ledger, measured: Promise<void>) {
    this.ledger = ledger;
    this.inodes = new InodeTable(ledger);
    this.measured = measured;
    const done = () => {
      this.measured = undefined;
    };
    measured.then(done, () => {});
  }

  /**
   * Runs what changes or reports usage, once that is known. While it waits for that, a Tflush of `request` ends it with
   * EINTR.
   */
  onceMeasured<T>(operation: () => MaybeAsync<T>, request?: Request): MaybeAsync<T> {
    const { measured } = this;
    if (measured === undefined) return operation();
    if (request === undefined) return measured.then(operation);
    const flush = new Promise<never>((_, reject) => {
      request.onFlush(() => reject(errnoOf(ERRNO.EINTR)));
    });
    return Promise.race([measured, flush]).then(operation);
  }

  /** Changes names once usage is known, one change at a time. */
  changeNames<T>(operation: () => MaybeAsync<T>): MaybeAsync<T> {
    return this.onceMeasured(() => this.names.run(operation));
  }

  /** Runs an operation with room reserved for it; ENOSPC where there is none. What it used has to be charged in it. */
  withRoom<T>(bytes: number, inodes: number, operation: () => MaybeAsync<T>): MaybeAsync<T> {
    return this.within(this.ledger.reserve(bytes, inodes), operation);
  }

  /** Runs an operation, and gives a reservation back when it has ended, however it did. */
  within<T>(reservation: Reservation, operation: () => MaybeAsync<T>): MaybeAsync<T> {
    return attempt(
      operation,
      (value) => {
        this.ledger.settle(reservation);
        return value;
      },
      (error) => {
        this.ledger.settle(reservation);
        throw error;
      },
    );
  }

  /** Runs an operation, then looks at what it may have changed, even if it failed halfway. */
  charging<T>(node: ChargedNode, reserved: number, operation: () => MaybeAsync<T>): MaybeAsync<T> {
    const { inode, inner } = node;
    return after(this.inodes.know(inode, inner), () =>
      attempt(
        operation,
        (value) => after(this.inodes.charge(inode, inner, reserved), () => value),
        (error) =>
          after(this.inodes.charge(inode, inner), () => {
            throw error;
          }),
      ),
    );
  }

  /** What statfs tells: the smaller of the host's and the quota's. */
  statusWithin(host: FileSystemStatus): FileSystemStatus {
    return { ...host, ...bytesWithin(host, this.ledger), ...inodesWithin(host, this.ledger) };
  }
}

/** A node behind the quota, and what is charged for it. */
export interface ChargedNode {
  readonly inner: Node;
  readonly inode: ReturnType<InodeTable['hold']>;
}

function bytesWithin(
  { bsize, blocks, bfree, bavail }: FileSystemStatus,
  ledger: Ledger,
): Pick<FileSystemStatus, 'blocks' | 'bfree' | 'bavail'> {
  if (!Number.isFinite(ledger.byteLimit)) return { blocks, bfree, bavail };
  const limit = BigInt(Math.floor(ledger.byteLimit / bsize));
  const free = BigInt(Math.floor(ledger.freeBytes / bsize));
  return { blocks: smaller(blocks, limit), bfree: smaller(bfree, free), bavail: smaller(bavail, free) };
}

/** File systems that make inodes as they need them, such as btrfs, say that they have none. */
function inodesWithin({ files, ffree }: FileSystemStatus, ledger: Ledger): Pick<FileSystemStatus, 'files' | 'ffree'> {
  if (!Number.isFinite(ledger.inodeLimit)) return { files, ffree };
  const limit = BigInt(ledger.inodeLimit);
  const free = BigInt(ledger.freeInodes);
  return files === 0n ? { files: limit, ffree: free } : { files: smaller(files, limit), ffree: smaller(ffree, free) };
}

function smaller(one: bigint, other: bigint): bigint {
  return one < other ? one : other;
}

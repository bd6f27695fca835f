import { O, S, STATX_WORD, type Statx } from 'node-hostfs';
import type { MaybeAsync } from '../../backend.ts';
import { fail } from '../../errno.ts';
import type { Parkable } from './descriptors.ts';
import type { Share } from './share.ts';

const PARKED = -1;

/** A file that was looked at this long ago, in milliseconds, has not grown from few blocks to many since. */
const FRESH_MS = 5;
/** Half of those that take long. */
const FEW_BLOCKS = 65_536;

/**
 * A file system object of the host, held by an O_PATH descriptor: not a path, so it stays the same object however it is
 * renamed or unlinked. Counted references; the last one gone closes the descriptor.
 */
export class HostObject implements Parkable {
  readonly ino: bigint;
  readonly devMajor: number;
  readonly devMinor: number;
  /** Type bits of the mode (`S.IFMT`). They cannot change for an inode in use. */
  readonly format: number;
  used: number;
  private readonly share: Share;
  /** The words of its birth time: seconds, the lower ones first, and nanoseconds. */
  private readonly bornLow: number;
  private readonly bornHigh: number;
  private readonly bornNs: number;
  private descriptor: number;
  /** Until then, by `performance.now`, giving up its blocks cannot take long; a file is often let go of as soon as it was found. */
  private readonly smallUntil: number;
  private references = 1;
  /** Operations in the pool and an open file that use the descriptor. */
  private users = 0;
  /** The descriptor was opened for I/O: it is no O_PATH descriptor. */
  private forIo = false;

  /** Takes over `fd`, also if it fails with EMFILE. `stat` is read at once. */
  constructor(share: Share, fd: number, stat: Statx) {
    this.share = share;
    this.ino = stat.ino;
    this.devMajor = stat.devMajor;
    this.devMinor = stat.devMinor;
    this.format = stat.mode & S.IFMT;
    this.bornLow = birthWord(stat, 0);
    this.bornHigh = birthWord(stat, 1);
    this.bornNs = birthWord(stat, 2);
    this.descriptor = fd;
    this.smallUntil = hasFewBlocks(stat) ? performance.now() + FRESH_MS : 0;
    this.used = share.descriptors.era;
    share.descriptors.take();
    share.kept?.hold(this);
  }

  /**
   * The descriptor, good until this turn ends. If it had to be closed: ESTALE when the object is not found again, EMFILE
   * when there is no descriptor to be had.
   */
  get fd(): number {
    this.used = this.share.descriptors.era;
    return this.descriptor === PARKED ? this.reopen() : this.descriptor;
  }

  get isDirectory(): boolean {
    return this.format === S.IFDIR;
  }

  /** The same for all objects of one inode. */
  get identity(): string {
    return `${this.devMajor}:${this.devMinor}:${this.ino}`;
  }

  /** Whether `stat` describes this very object, and not another that got its inode number later. */
  matches(stat: Statx): boolean {
    if (stat.ino !== this.ino || stat.devMinor !== this.devMinor || stat.devMajor !== this.devMajor) return false;
    return (
      birthWord(stat, 0) === this.bornLow && birthWord(stat, 1) === this.bornHigh && birthWord(stat, 2) === this.bornNs
    );
  }

  isSameAs(other: HostObject): boolean {
    return other.ino === this.ino && other.devMinor === this.devMinor && other.devMajor === this.devMajor;
  }

  /** One more reference, to be released by whoever asked for it. */
  retain(): this {
    this.references++;
    return this;
  }

  release(): MaybeAsync<void> {
    this.references--;
    if (this.references !== 0) {
      if (this.forIo && this.users === 0) this.endIo();
      return;
    }
    const { share, descriptor } = this;
    share.descriptors.forget(this);
    share.kept?.release(this);
    if (descriptor === PARKED) return share.parked.remove(this);
    share.descriptors.give();
    if (this.format !== S.IFREG || performance.now() >= this.smallUntil) return share.close(descriptor, this.format);
    share.hostfs.close(descriptor);
  }

  /** Whether a descriptor of its own keeps the object, so that another may be closed without giving up anything. */
  get isHeld(): boolean {
    return this.descriptor !== PARKED;
  }

  /** Keeps the descriptor open while an operation in the pool uses it. */
  async during<T>(use: (fd: number) => Promise<T>): Promise<T> {
    this.users++;
    try {
      return await use(this.fd);
    } finally {
      this.users--;
    }
  }

  /** Lends the descriptor, which is one for I/O, to an open file, until `giveBack`. */
  lend(): number {
    this.users++;
    this.forIo = true;
    return this.descriptor;
  }

  giveBack(): void {
    this.users--;
  }

  /** Whoever else knows the object does not need to keep the file open, which keeps the host from executing it. */
  private endIo(): void {
    const { hostfs } = this.share;
    const path = hostfs.reopen(this.descriptor, O.PATH);
    if (path < 0) return;
    hostfs.close(this.descriptor);
    this.descriptor = path;
    this.forIo = false;
  }

  park(): boolean {
    if (this.users > 0 || this.descriptor === PARKED) return false;
    if (!this.share.parked.add(this, this.descriptor)) return false;
    this.share.hostfs.close(this.descriptor);
    this.share.descriptors.give();
    this.descriptor = PARKED;
    this.forIo = false;
    return true;
  }

  private reopen(): number {
    const { share } = this;
    share.descriptors.take();
    try {
      this.descriptor = share.parked.open(this) ?? PARKED;
    } finally {
      if (this.descriptor === PARKED) share.descriptors.give();
    }
    if (this.descriptor === PARKED) fail('ESTALE');
    share.descriptors.watch(this);
    return this.descriptor;
  }
}

function birthWord({ words }: Statx, index: number): number {
  return (words[STATX_WORD.btime + index] ?? 0) | 0;
}

function hasFewBlocks({ words }: Statx): boolean {
  return (words[STATX_WORD.blocks] ?? 0) < FEW_BLOCKS && words[STATX_WORD.blocks + 1] === 0;
}

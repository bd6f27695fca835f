import type { Backend, Timestamp } from '../../backend.ts';
import { MODE } from '../../constants.ts';
import { DirectoryInode } from './inode.ts';
import { PathAccess } from './path-access.ts';
import { type Usage, Volume } from './volume.ts';

/** What a tree in memory is made of. */
export interface MemoryOptions {
  /** Bytes of content, symlink targets and extended attributes it can hold; 256 MiB unless given. */
  readonly capacity?: number;
  /** Names it can hold, the root included; 65,536 unless given. */
  readonly inodes?: number;
  /** Permission bits of the root; 0755 unless given. */
  readonly mode?: number;
  /** Owner of the root, and of what a client without a user number makes; 0 unless given. */
  readonly uid?: number;
  readonly gid?: number;
  /** The present time; the system's clock, in milliseconds, unless given. */
  readonly clock?: () => Timestamp;
}

/** A tree in memory: a backend, with a way in for the program that made it. */
export interface Memory extends PathAccess {
  readonly driver: 'memory';
  /** What is in use now. */
  readonly usage: Usage;
  /** The tree stays as it is, and goes when nothing refers to it any more. */
  close(): void;
}

const CAPACITY = 256 * 1024 * 1024;
const INODES = 65_536;

/**
 * Makes an empty tree in memory: the `memory` driver. It behaves as a POSIX file system whose client decides about
 * access: owners and modes are kept and reported, but nothing is refused for their sake.
 *
 * @param options a capacity, number of inodes (at least 1) or mode that is no whole number in range throws a RangeError.
 */
export function createMemory(options: MemoryOptions = {}): Memory {
  const { capacity = CAPACITY, inodes = INODES, mode = 0o755, uid = 0, gid = 0, clock = systemClock } = options;
  requireWithin('capacity', capacity, 0, Number.MAX_SAFE_INTEGER);
  requireWithin('inodes', inodes, 1, Number.MAX_SAFE_INTEGER);
  requireWithin('mode', mode, 0, MODE.permissions);
  const volume = new Volume({ capacity, inodes, uid, gid, clock });
  const root = new DirectoryInode(volume, { permissions: mode, uid, gid, attributes: [] }, undefined);
  return new MemoryBackend(volume, root);
}

class MemoryBackend extends PathAccess implements Memory, Backend {
  readonly driver = 'memory';
  readonly usage: Usage;

  constructor(volume: Volume, root: DirectoryInode) {
    super(root);
    this.usage = volume;
  }

  close(): void {}
}

function systemClock(): Timestamp {
  const ms = Date.now();
  const seconds = Math.floor(ms / 1000);
  return { seconds: BigInt(seconds), nanoseconds: (ms - seconds * 1000) * 1_000_000 };
}

function requireWithin(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`${name} of a memory tree is ${value}; it must be a whole number from ${least} to ${most}`);
}

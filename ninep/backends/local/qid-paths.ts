import type { Hostfs } from 'node-hostfs';
import { fail } from '../../errno.ts';
import { fileSystemId } from './file-system-id.ts';

/** What to do about other file systems mounted within a share. @spec QEMU 9psetup, multidevs */
export type Multidevs = 'warn' | 'remap' | 'forbid';

/** A device, and one object on it: what statx says of it, or what is held of it. */
interface OnDevice {
  readonly devMajor: number;
  readonly devMinor: number;
}

interface Options {
  readonly multidevs: Multidevs;
  readonly path: string;
  readonly notice: (line: string) => void;
}

/** Inode numbers below it keep their value, with the tag of their device above it. */
const LOW_BITS = 48n;
const LOW = (1n << LOW_BITS) - 1n;
const TAG_BIT = 1n << 63n;
const TAGS = 1 << 15;

/** Constants of the splitmix64 generator's output function. */
const MULTIPLIER_1 = 0xbf58476d1ce4e5b9n;
const MULTIPLIER_2 = 0x94d049bb133111ebn;
const GAMMA = 0x9e3779b97f4a7c15n;

/** A device other than the root's. */
interface Device {
  /** What stays the same when the host restarts, and is no other device's. */
  readonly key: string;
  readonly number: bigint;
  /** The tags of its inode numbers, by what these have beyond 48 bits. */
  readonly tags: Map<bigint, bigint>;
}

/**
 * How a file's device and inode become the 64 bits of a qid's path. On the device of the share's root the path is the inode
 * number. What it is on any other (something is mounted within the share) is chosen by `multidevs`:
 *
 * - `warn`: the inode number, keyed by the device number and scrambled by a one-to-one function. Two files of different
 *   devices have the same path by a chance of 1 in 2^64, and the paths are the same for as long as the host keeps its
 *   device numbers. A notice says so once.
 * - `remap`: the inode number below a tag of 15 bits for the device (and for what the number has beyond 48 bits), never the
 *   same for two files. The tag is a hash of the file system's own identification, so a restart of the host does not
 *   change it, unless two tags are the same by chance: then the one met later gets the next. ENFILE when all are in use.
 * - `forbid`: there is no such file: ENODEV.
 */
export class QidPaths {
  private readonly hostfs: Hostfs;
  private readonly root: OnDevice;
  private readonly options: Options;
  private readonly devices = new Map<string, Device>();
  private readonly keys = new Set<string>();
  private readonly tags = new Set<number>();
  /** The inode numbers of the root's device that would look as if they had a tag. */
  private readonly rootTags = new Map<bigint, bigint>();

  /** `root`: of the share. */
  constructor(hostfs: Hostfs, root: OnDevice, options: Options) {
    this.hostfs = hostfs;
    this.root = root;
    this.options = options;
  }

  /** Whether two files have different paths with certainty, whatever it costs. */
  get isExact(): boolean {
    return this.options.multidevs === 'remap';
  }

  /** Gets to know the device of an object behind a descriptor. Fails with ENODEV where there may be but one. */
  meet(fd: number, stat: OnDevice): void {
    if (this.isOfRoot(stat.devMajor, stat.devMinor)) return;
    const { multidevs, notice, path } = this.options;
    if (multidevs === 'forbid') fail('ENODEV');
    const name = `${stat.devMajor}:${stat.devMinor}`;
    if (this.devices.has(name)) return;
    if (multidevs === 'warn' && this.devices.size === 0) {
      const remedy = 'multidevs=remap keeps them apart and stable, multidevs=forbid hides them';
      notice(
        `${JSON.stringify(path)} holds more than one file system: the guest sees made-up inode numbers; ${remedy}`,
      );
    }
    const number = (BigInt(stat.devMajor) << 32n) | BigInt(stat.devMinor);
    const key = multidevs === 'remap' ? this.keyOf(fd, stat, name) : name;
    this.devices.set(name, { key, number, tags: new Map() });
  }

  /** The qid path of inode `ino` on a device: the root's, or one that was met. ENFILE when there is none left for it. */
  path(major: number, minor: number, ino: bigint): bigint {
    const ofRoot = this.isOfRoot(major, minor);
    if (ofRoot && (ino < TAG_BIT || !this.isExact)) return ino;
    const device = ofRoot ? undefined : this.devices.get(`${major}:${minor}`);
    if (this.isExact) return this.tagFor(device?.key ?? '', device?.tags ?? this.rootTags, ino) | (ino & LOW);
    const number = device?.number ?? (BigInt(major) << 32n) | BigInt(minor);
    return scramble(ino ^ scramble(number + GAMMA));
  }

  /** Whether the path of whatever is listed on that device is its inode number, without looking. */
  isInode(major: number, minor: number): boolean {
    return this.isOfRoot(major, minor) && !this.isExact;
  }

  private isOfRoot(major: number, minor: number): boolean {
    return major === this.root.devMajor && minor === this.root.devMinor;
  }

  /** A copy of a file system, a snapshot for one, has the identification of its original: such are told apart by device. */
  private keyOf(fd: number, stat: OnDevice, name: string): string {
    const id = fileSystemId(this.hostfs, fd, stat);
    const key = id === undefined || this.keys.has(id) ? `${id ?? 'device'} ${name}` : id;
    this.keys.add(key);
    return key;
  }

  private tagFor(key: string, known: Map<bigint, bigint>, ino: bigint): bigint {
    const prefix = ino >> LOW_BITS;
    let tag = known.get(prefix);
    if (tag === undefined) {
      tag = this.freeTag(key, prefix);
      known.set(prefix, tag);
    }
    return TAG_BIT | (tag << LOW_BITS);
  }

  private freeTag(key: string, prefix: bigint): bigint {
    if (this.tags.size === TAGS) fail('ENFILE');
    let tag = Number(scramble(hash(key) + prefix) % BigInt(TAGS));
    while (this.tags.has(tag)) tag = (tag + 1) % TAGS;
    this.tags.add(tag);
    return BigInt(tag);
  }
}

function hash(text: string): bigint {
  let value = GAMMA;
  for (const byte of Buffer.from(text)) value = scramble(value + BigInt(byte));
  return value;
}

function scramble(value: bigint): bigint {
  let z = BigInt.asUintN(64, value);
  z = BigInt.asUintN(64, (z ^ (z >> 30n)) * MULTIPLIER_1);
  z = BigInt.asUintN(64, (z ^ (z >> 27n)) * MULTIPLIER_2);
  return z ^ (z >> 31n);
}

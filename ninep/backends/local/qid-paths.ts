/** Constants of the splitmix64 generator's output function. */
const MULTIPLIER_1 = 0xbf58476d1ce4e5b9n;
const MULTIPLIER_2 = 0x94d049bb133111ebn;
const GAMMA = 0x9e3779b97f4a7c15n;

/**
 * How a file's device and inode become the 64 bits of a qid's path.
 *
 * On the device of the share's root, the path is the inode number. On any other device (something is mounted within the
 * share) it is the inode number, keyed by the device number and scrambled by a one-to-one function. So two files of one device
 * never collide; two of different devices do so by a chance of about 1 in 2^64 for each pair. There is no table: the same
 * file has the same path for every client and after every restart, for as long as the host keeps its device number.
 */
export class QidPaths {
  private readonly rootMajor: number;
  private readonly rootMinor: number;

  /** `rootMajor` and `rootMinor` name the device of the share's root. */
  constructor(rootMajor: number, rootMinor: number) {
    this.rootMajor = rootMajor;
    this.rootMinor = rootMinor;
  }

  /** The qid path of inode `ino` on the given device. */
  path(major: number, minor: number, ino: bigint): bigint {
    if (major === this.rootMajor && minor === this.rootMinor) return ino;
    return scramble(ino ^ scramble(((BigInt(major) << 32n) | BigInt(minor)) + GAMMA));
  }
}

function scramble(value: bigint): bigint {
  let z = BigInt.asUintN(64, value);
  z = BigInt.asUintN(64, (z ^ (z >> 30n)) * MULTIPLIER_1);
  z = BigInt.asUintN(64, (z ^ (z >> 27n)) * MULTIPLIER_2);
  return z ^ (z >> 31n);
}

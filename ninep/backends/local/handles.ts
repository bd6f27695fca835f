import { AT, FileHandle, type Hostfs, O } from 'node-hostfs';
import { Errno } from '../../errno.ts';
import type { Descriptors } from './descriptors.ts';

const NONE = -1;
const ITSELF = new Uint8Array(0);

/**
 * Objects by what their file system calls them, which stays the same however the host renames and moves them. Where the
 * rights (CAP_DAC_READ_SEARCH) or the file system do not allow it, nothing has a handle.
 *
 * Handles are made here of descriptors held, and never come from a client. One is as good as the descriptor it stands
 * for, and no better: whoever opens it compares the object, and an object on another mount than the root has none, since
 * it would come back without the restrictions of that mount.
 */
export class Handles {
  private readonly hostfs: Hostfs;
  private readonly descriptors: Descriptors;
  private readonly answer = new FileHandle();
  private readonly mountId: number = NONE;
  /** A descriptor that stands for the mount; an O_PATH one, as the root has, does not. */
  private mount: number = NONE;

  /** Tries it on the root. */
  constructor(hostfs: Hostfs, rootFd: number, descriptors: Descriptors) {
    this.hostfs = hostfs;
    this.descriptors = descriptors;
    if (this.ask(rootFd) < 0) return;
    const mount = hostfs.reopen(rootFd, O.RDONLY | O.DIRECTORY);
    if (mount < 0) return;
    const again = hostfs.openByHandleAt(mount, this.answer.handle, O.PATH);
    if (again >= 0) hostfs.close(again);
    if (again < 0 || !counted(descriptors)) {
      hostfs.close(mount);
      return;
    }
    this.mountId = this.answer.mountId;
    this.mount = mount;
  }

  /** Whether anything can have a handle here. */
  get available(): boolean {
    return this.mount !== NONE;
  }

  /** The handle of what a descriptor holds, its bytes as Latin-1: a few dozen, kept by the thousand. Undefined if it has none. */
  of(fd: number): string | undefined {
    if (!this.available || this.ask(fd) < 0 || this.answer.mountId !== this.mountId) return undefined;
    return Buffer.from(this.answer.handle).toString('latin1');
  }

  /** @returns an O_PATH descriptor, or a negative errno. What it holds is to be compared. */
  open(handle: string): number {
    if (!this.available) return NONE;
    return this.hostfs.openByHandleAt(this.mount, Buffer.from(handle, 'latin1'), O.PATH | O.NOFOLLOW);
  }

  /** From here on nothing has a handle. */
  close(): void {
    if (!this.available) return;
    this.hostfs.close(this.mount);
    this.descriptors.give();
    this.mount = NONE;
  }

  private ask(fd: number): number {
    return this.hostfs.nameToHandleAt(fd, ITSELF, this.answer.bytes, AT.EMPTY_PATH);
  }
}

/** Counts one descriptor more, if there is one to be had. */
function counted(descriptors: Descriptors): boolean {
  try {
    descriptors.take();
    return true;
  } catch (error) {
    if (error instanceof Errno) return false;
    throw error;
  }
}

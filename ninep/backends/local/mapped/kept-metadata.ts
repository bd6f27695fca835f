import type { Hostfs } from 'node-hostfs';
import type { Descriptors } from '../descriptors.ts';
import type { HostObject } from '../host-object.ts';

/** An inode of which some object is held, and its metadata if that has lost the name it is found by. */
interface Held {
  objects: number;
  fd: number;
}

const NONE = -1;

/**
 * The metadata of objects that are still in use after a name of theirs was removed: no directory leads to it any more, so
 * it is held open. A hard link left elsewhere has the same metadata file, so both keep saying the same.
 */
export class KeptMetadata {
  private readonly hostfs: Hostfs;
  private readonly descriptors: Descriptors;
  private readonly held = new Map<string, Held>();

  constructor(hostfs: Hostfs, descriptors: Descriptors) {
    this.hostfs = hostfs;
    this.descriptors = descriptors;
  }

  /** One more object of this inode. */
  hold({ identity }: HostObject): void {
    const held = this.held.get(identity);
    if (held === undefined) this.held.set(identity, { objects: 1, fd: NONE });
    else held.objects++;
  }

  /** One less; with the last, what was kept is given up. */
  release({ identity }: HostObject): void {
    const held = this.held.get(identity);
    if (held === undefined || --held.objects > 0) return;
    this.held.delete(identity);
    if (held.fd === NONE) return;
    this.hostfs.close(held.fd);
    this.descriptors.give();
  }

  /** Whether any object of this inode is in use, and nothing kept of it yet. */
  wants(identity: string): boolean {
    return this.held.get(identity)?.fd === NONE;
  }

  /** What is kept of the object's inode, or undefined: then its metadata is where its name is. */
  fdOf({ identity }: HostObject): number | undefined {
    const fd = this.held.get(identity)?.fd;
    return fd === NONE ? undefined : fd;
  }

  /** Takes over `fd`, open for reading and writing, for an inode that `wants` it. Fails with EMFILE, and takes nothing. */
  keep(identity: string, fd: number): void {
    const held = this.held.get(identity);
    if (held === undefined || held.fd !== NONE) throw new Error('metadata to keep for nobody');
    this.descriptors.take();
    held.fd = fd;
  }
}

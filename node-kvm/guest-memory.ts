import { closedError, translated } from './error.ts';
import { addon, type NativeGuestMemory } from './native.ts';
import { checkInteger } from './struct.ts';

/** Bytes a page has, and what size and offsets must be multiples of. */
export const pageSize = 4096;

const gibibyte = 1024 ** 3;

/**
 * Windows start at every GiB and are two GiB long, so that any range of up to one GiB lies within one of them, while
 * no ArrayBuffer reaches the 4 GiB that Node 20 allows at most.
 */
const windowStride = gibibyte;
const windowLength = 2 * gibibyte;

/** The longest range {@link GuestMemory.view} gives, in bytes. */
export const longestView = gibibyte;

const nativeOf = new WeakMap<GuestMemory, NativeGuestMemory>();

/** What guest memory is made of. */
export interface GuestMemoryOptions {
  /**
   * `memfd`, unless given: a sealed file that another process can map by its descriptor. `anonymous`: pages of this process
   * alone, which is where most hosts have huge pages (see `/sys/kernel/mm/transparent_hugepage`), so that touching it
   * first, by the host or by the guest, costs far less.
   */
  readonly backing?: 'memfd' | 'anonymous';
}

/** Memory for a guest, which JavaScript sees without a copy. Pages are zero and take no host memory until they are touched. */
export class GuestMemory {
  /** In bytes. */
  readonly size: number;
  readonly backing: 'memfd' | 'anonymous';
  readonly #windows = new Map<number, ArrayBuffer>();

  /**
   * Makes `size` bytes, a positive multiple of 4096.
   * Throws RangeError for another size, TypeError for another backing, {@link KvmError} where the kernel refuses.
   */
  constructor(size: number, { backing = 'memfd' }: GuestMemoryOptions = {}) {
    checkInteger(size, pageSize, Number.MAX_SAFE_INTEGER, 'size');
    if (size % pageSize !== 0) throw new RangeError(`size: ${size} is not a multiple of ${pageSize}`);
    if (backing !== 'memfd' && backing !== 'anonymous')
      throw new TypeError("backing: 'memfd' or 'anonymous' is needed");
    const { GuestMemory: Native } = addon();
    nativeOf.set(
      this,
      translated(() => new Native(size, backing === 'anonymous')),
    );
    this.size = size;
    this.backing = backing;
  }

  /** The memfd, which stays this object's. Throws {@link KvmError} EBADF once closed, TypeError for anonymous memory. */
  get fd(): number {
    const { fd } = nativeMemory(this, 'memfd_create');
    if (fd < 0) throw new TypeError("fd: anonymous memory has none; leave out backing: 'anonymous'");
    return fd;
  }

  get closed(): boolean {
    return !nativeOf.has(this);
  }

  /**
   * The bytes from `offset` on, in place: what the guest writes appears in them and the other way round. Any range of
   * up to 1 GiB can be had. After `close()` the view has length 0.
   * Throws RangeError for a range outside the memory, {@link KvmError} EBADF once closed.
   */
  view(offset: number, length: number): Uint8Array<ArrayBuffer> {
    checkInteger(offset, 0, this.size, 'offset');
    checkInteger(length, 0, Math.min(longestView, this.size - offset), 'length');
    const last = this.size <= windowLength ? 0 : Math.floor((this.size - 1) / windowStride);
    const index = Math.min(Math.floor(offset / windowStride), last);
    return new Uint8Array(this.#window(index), offset - index * windowStride, length);
  }

  #window(index: number): ArrayBuffer {
    const cached = this.#windows.get(index);
    if (cached !== undefined) return cached;
    const start = index * windowStride;
    const native = nativeMemory(this, 'mmap');
    const window = translated(() => native.window(start, Math.min(windowLength, this.size - start)));
    this.#windows.set(index, window);
    return window;
  }

  /**
   * Detaches every view and gives the memory back; where a VM has it in a slot, that happens once the VM and its vCPUs
   * are closed. Descriptors and views handed to system calls on other threads must be done with it before.
   * Closing twice is harmless.
   */
  close(): void {
    nativeOf.get(this)?.close();
    nativeOf.delete(this);
    this.#windows.clear();
  }
}

/** The addon's half of `memory`, for the VM. Throws TypeError for another object, {@link KvmError} EBADF once closed. */
export function nativeMemory(memory: GuestMemory, operation: string): NativeGuestMemory {
  if (typeof memory !== 'object' || memory === null || !(memory instanceof GuestMemory)) {
    throw new TypeError('memory: a GuestMemory is needed');
  }
  const native = nativeOf.get(memory);
  if (native === undefined) throw closedError(operation, 'GuestMemory');
  return native;
}

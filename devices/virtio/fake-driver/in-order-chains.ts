import { DeviceMisbehaved, type UsedEntry } from './driver-virtqueue.ts';

interface Place {
  readonly id: number;
  /** Bytes the device could write. */
  readonly writableLength: number;
}

/**
 * What a driver that negotiated VIRTIO_F_IN_ORDER knows of its chains: one used entry may stand for several, all but the
 * last of which were then written completely.
 *
 * @spec virtio 1.2 §2.7.9 In-order use of descriptors
 */
export class InOrderChains {
  /** In the order in which they were made available. */
  readonly #places: Place[] = [];
  /** The used entry being taken apart. */
  #batch: UsedEntry | undefined;

  /** Chains that a used entry already read announces are left to be taken. */
  get inBatch(): boolean {
    return this.#batch !== undefined;
  }

  add(place: Place): void {
    this.#places.push(place);
  }

  /**
   * The next chain used. `read` gives the next used entry, and `most` is how many chains it can stand for.
   *
   * @throws DeviceMisbehaved when that names a chain not in flight, or one whose turn has not come.
   */
  take(read: () => UsedEntry, most: number): UsedEntry {
    this.#batch ??= this.#check(read(), most);
    const end = this.#batch;
    const place = this.#places.shift();
    if (place === undefined || place.id === end.id) {
      this.#batch = undefined;
      return end;
    }
    return { id: place.id, len: place.writableLength };
  }

  #check(entry: UsedEntry, most: number): UsedEntry {
    const position = this.#places.findIndex(({ id }) => id === entry.id);
    if (position < 0) throw new DeviceMisbehaved(`used entry for chain ${entry.id}, which is not in flight`);
    if (position >= most) {
      throw new DeviceMisbehaved(`chain ${entry.id} is used out of order: ${position} before it, ${most} used`);
    }
    return entry;
  }
}

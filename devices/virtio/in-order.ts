/**
 * VIRTIO_F_IN_ORDER for devices that know nothing of it: chains come back in any order, and are used in the order in which
 * they were made available. What is held back until its turn is no longer the device's.
 *
 * @spec virtio 1.2 §2.7.9 In-order use of descriptors
 * @spec virtio 1.2 §2.8.8 In-order use of descriptors
 */
import type { Chain } from './virtqueue.ts';

/** Chains that one used entry announces: the last one is named with its length, the others were written completely. */
export interface UsedBatch<Taken extends Chain> {
  readonly last: Taken;
  /** Bytes written to the last chain. */
  readonly writtenLength: number;
  /** All of the batch, the oldest first. */
  readonly chains: readonly Taken[];
}

interface Place<Taken extends Chain> {
  readonly chain: Taken;
  /** Undefined while the device has it. */
  writtenLength: number | undefined;
}

/** The chains of one queue that the driver has not got back, in the order in which it made them available. */
export class InOrder<Taken extends Chain> {
  readonly #places = new Map<number, Place<Taken>>();

  /** Whether a chain of this head waits for its turn, or is with the device. */
  has(head: number): boolean {
    return this.#places.has(head);
  }

  /** The device took a chain; `has` said that there is none of its head. */
  take(chain: Taken): void {
    this.#places.set(chain.head, { chain, writtenLength: undefined });
  }

  /**
   * The device gave a chain back. Returns what may be used now, in order: nothing while an older chain is out.
   *
   * A driver takes the chains that a used entry skips for written completely, so a chain that was not ends its batch.
   */
  giveBack(chain: Taken, writtenLength: number): readonly UsedBatch<Taken>[] {
    const place = this.#places.get(chain.head);
    if (place !== undefined) place.writtenLength = writtenLength;
    const batches: UsedBatch<Taken>[] = [];
    let chains: Taken[] = [];
    let end: Omit<UsedBatch<Taken>, 'chains'> | undefined;
    // A map lists its entries in the order in which they came.
    for (const [head, { chain: last, writtenLength: written }] of this.#places) {
      if (written === undefined) break;
      this.#places.delete(head);
      chains.push(last);
      end = { last, writtenLength: written };
      if (written === last.writableLength) continue;
      batches.push({ ...end, chains });
      chains = [];
      end = undefined;
    }
    if (end !== undefined) batches.push({ ...end, chains });
    return batches;
  }
}

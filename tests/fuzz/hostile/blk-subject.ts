import { BlkDevice } from '../../../devices/virtio/blk-device.ts';
import { BLK_REQUESTS, BLK_STATUS, HEADER_LENGTH } from '../../../devices/virtio/blk-requests.ts';
import { type BlockStore, SECTOR } from '../../../devices/virtio/block-store.ts';
import { MemoryBlockStore } from '../../../devices/virtio/memory-block-store.ts';
import type { Random } from '../../support/random.ts';
import type { Request, Subject, SubjectParts } from './subjects.ts';

const SECTORS = 64;
const TYPES = [...BLK_REQUESTS.keys()];
const ID_LENGTH = 20;
const RANGE_LENGTH = 16;
/** Calls of the store, to one that takes until it is released. */
const SLOW = 4;
/** Disks, to one that cannot be written. */
const READ_ONLY = 6;

/** A virtio block device over a small disk in memory, some of whose work takes until it is released. */
export class BlkSubject implements Subject {
  readonly device: BlkDevice;
  readonly probe = {
    queue: 0,
    readable: header(0, 0n),
    writable: SECTOR + 1,
    judge: (answer: Uint8Array) =>
      answer.length === SECTOR + 1 && answer[SECTOR] === BLK_STATUS.OK ? undefined : 'is no sector',
  };
  readonly #store: SlowStore;

  constructor({ defer, random, interfere, isGood }: SubjectParts) {
    const store = new MemoryBlockStore(new Uint8Array(SECTORS * SECTOR), { readonly: random.oneIn(READ_ONLY) });
    this.#store = new SlowStore(store, random, { interfere, isGood });
    this.device = new BlkDevice({
      store: this.#store,
      serial: 'hostile',
      writethrough: random.oneIn(2),
      defer,
    });
  }

  request(random: Random): Request {
    const type = random.oneIn(20) ? random.next() : random.pick(TYPES);
    const sectors = random.below(4);
    const sector = random.oneIn(20) ? BigInt(random.next()) << 32n : BigInt(random.below(SECTORS + 2));
    const [from, into] = lengths(type, sectors, random);
    const readable = new Uint8Array(HEADER_LENGTH + from);
    readable.set(header(type, sector));
    for (let at = HEADER_LENGTH; at + RANGE_LENGTH <= readable.length; at += RANGE_LENGTH)
      new DataView(readable.buffer).setUint32(at + 8, random.below(random.oneIn(10) ? 2 ** 32 : 4), true);
    return {
      queue: 0,
      readable: random.oneIn(30) ? readable.subarray(0, random.below(readable.length)) : readable,
      writable: random.oneIn(40) ? random.below(30) : into + 1,
    };
  }

  release(random: Random): boolean {
    return this.#store.release(random);
  }

  leaked(): string | undefined {
    return this.#store.held === 0 ? undefined : `${this.#store.held} calls of the store have not ended`;
  }
}

/** How much a request of this type has to be written, and to be filled. */
function lengths(type: number, sectors: number, random: Random): readonly [from: number, into: number] {
  const name = BLK_REQUESTS.get(type)?.name ?? '';
  if (random.oneIn(20)) return [random.below(1500), random.below(1500)];
  if (name.endsWith('_IN')) return [0, sectors * SECTOR];
  if (name.endsWith('_OUT')) return [sectors * SECTOR, 0];
  if (name.endsWith('_ID')) return [0, ID_LENGTH];
  return [name.endsWith('FLUSH') ? 0 : RANGE_LENGTH * (1 + random.below(3)), 0];
}

function header(type: number, sector: bigint): Uint8Array {
  const bytes = new Uint8Array(HEADER_LENGTH);
  const words = new DataView(bytes.buffer);
  words.setUint32(0, type, true);
  words.setBigUint64(8, sector, true);
  return bytes;
}

/** A store that holds some calls until it is told to go on, and lets some fail. */
class SlowStore implements BlockStore {
  readonly length: number;
  readonly readonly: boolean;
  readonly discards: boolean;
  readonly #store: MemoryBlockStore;
  readonly #random: Random;
  readonly #parts: Pick<SubjectParts, 'interfere' | 'isGood'>;
  readonly #held: (() => void)[] = [];

  constructor(store: MemoryBlockStore, random: Random, parts: Pick<SubjectParts, 'interfere' | 'isGood'>) {
    this.#store = store;
    this.#random = random;
    this.#parts = parts;
    this.length = store.length;
    this.readonly = store.readonly;
    this.discards = store.discards;
  }

  /** Calls that are held. */
  get held(): number {
    return this.#held.length;
  }

  read(into: readonly Uint8Array[], at: number): void | Promise<void> {
    return this.#do(() => this.#store.read(into, at));
  }

  write(from: readonly Uint8Array[], at: number): void | Promise<void> {
    return this.#do(() => this.#store.write(from, at));
  }

  flush(): void | Promise<void> {
    return this.#do(() => this.#store.flush());
  }

  discard(at: number, length: number): void | Promise<void> {
    return this.#do(() => this.#store.discard(at, length));
  }

  writeZeroes(at: number, length: number): void | Promise<void> {
    return this.#do(() => this.#store.writeZeroes(at, length));
  }

  close(): void {}

  release(random: Random): boolean {
    const [go] = this.#held.splice(random.below(this.#held.length), 1);
    go?.();
    return go !== undefined;
  }

  #do(work: () => void): void | Promise<void> {
    this.#parts.interfere();
    if (!this.#random.oneIn(SLOW)) {
      work();
      return undefined;
    }
    return new Promise((resolve, reject) => {
      const fails = !this.#parts.isGood() && this.#random.oneIn(8);
      this.#held.push(() => {
        if (fails) {
          reject(new Error('the medium is worn out'));
          return;
        }
        work();
        resolve();
      });
    });
  }
}

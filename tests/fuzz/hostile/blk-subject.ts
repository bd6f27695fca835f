import { BlkDevice } from '../../../devices/virtio/blk-device.ts';
import { type BlockStore, SECTOR } from '../../../devices/virtio/block-store.ts';
import { MemoryBlockStore } from '../../../devices/virtio/memory-block-store.ts';
import type { Random } from '../../support/random.ts';
import type { Request, Subject, SubjectParts } from './subjects.ts';

const SECTORS = 32;
const TYPES: readonly number[] = [0, 1, 4, 8, 11, 13];
const SERIAL = 'fuzzed';

/** A disk whose store is slow now and then, and watches that nobody reaches past its end. */
export class BlkSubject implements Subject {
  readonly device: BlkDevice;
  readonly probe = {
    queue: 0,
    readable: header(8, 0n, 0),
    writable: 21,
    judge: (answer: Uint8Array) =>
      answer[20] === 0 && new TextDecoder().decode(answer.subarray(0, SERIAL.length)) === SERIAL
        ? undefined
        : 'is not the identity of the disk',
  };
  readonly #random: Random;
  readonly #interfere: () => void;
  readonly #pending: (() => void)[] = [];
  #wrong: string | undefined;

  constructor({ defer, random, interfere }: SubjectParts) {
    this.#random = random;
    this.#interfere = interfere;
    this.device = new BlkDevice({ store: this.#store(), serial: SERIAL, defer });
  }

  request(random: Random): Request {
    const type = random.oneIn(16) ? random.below(2 ** 32) : (TYPES[random.below(TYPES.length)] ?? 0);
    const sector = random.oneIn(8) ? BigInt(random.below(2 ** 32)) << 31n : BigInt(random.below(SECTORS + 2));
    const length = random.oneIn(6) ? random.below(3000) : SECTOR * random.below(4);
    if (type === 11 || type === 13) return { queue: 0, readable: ranges(type, random), writable: 1 };
    const reads = type === 0 || type === 8;
    const writable = type === 8 ? 20 : length;
    return { queue: 0, readable: header(type, sector, reads ? 0 : length), writable: reads ? writable + 1 : 1 };
  }

  release(random: Random): boolean {
    const [next] = this.#pending.splice(random.below(Math.max(this.#pending.length, 1)), 1);
    next?.();
    return next !== undefined;
  }

  leaked(): string | undefined {
    return this.#wrong ?? (this.#pending.length > 0 ? `${this.#pending.length} calls of the store` : undefined);
  }

  #store(): BlockStore {
    const memory = new MemoryBlockStore(new Uint8Array(SECTORS * SECTOR));
    const slowly = (at: number, length: number, work: () => void): void | Promise<void> => {
      const whole = at % SECTOR === 0 && length % SECTOR === 0;
      if (!whole || at < 0 || at + length > memory.length) this.#wrong ??= `${length} bytes at ${at} of the store`;
      this.#interfere();
      if (!this.#random.oneIn(3)) return work();
      return new Promise<void>((resolve) => this.#pending.push(resolve)).then(work);
    };
    const sum = (pieces: readonly Uint8Array[]) => pieces.reduce((total, { length }) => total + length, 0);
    return {
      length: memory.length,
      readonly: false,
      discards: true,
      read: (into, at) => slowly(at, sum(into), () => memory.read(into, at)),
      write: (from, at) => slowly(at, sum(from), () => memory.write(from, at)),
      flush: () => slowly(0, 0, () => {}),
      discard: (at, length) => slowly(at, length, () => memory.discard(at, length)),
      writeZeroes: (at, length) => slowly(at, length, () => memory.writeZeroes(at, length)),
      close: () => {},
    };
  }
}

function header(type: number, sector: bigint, dataLength: number): Uint8Array {
  const bytes = new Uint8Array(16 + dataLength);
  const words = new DataView(bytes.buffer);
  words.setUint32(0, type, true);
  words.setBigUint64(8, sector, true);
  return bytes;
}

function ranges(type: number, random: Random): Uint8Array {
  const count = random.below(random.oneIn(8) ? 20 : 3);
  const bytes = header(type, 0n, 16 * count);
  const words = new DataView(bytes.buffer);
  for (let at = 16; at < bytes.length; at += 16) {
    words.setBigUint64(at, BigInt(random.below(SECTORS + 1)), true);
    words.setUint32(at + 8, random.oneIn(8) ? random.below(2 ** 32) : random.below(4), true);
    words.setUint32(at + 12, random.below(random.oneIn(4) ? 4 : 1), true);
  }
  return bytes;
}

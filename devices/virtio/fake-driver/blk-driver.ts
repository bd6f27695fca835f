/** The requests of a block device's driver, whole or broken, over any transport. */
import type { DriverTransport } from './driver-transport.ts';
import type { DriverBuffer, DriverVirtqueue } from './driver-virtqueue.ts';
import type { Arena } from './guest-ram.ts';

/** Types of requests. @spec virtio 1.2 §5.2.6 Device Operation */
export const BLK_TYPE = { IN: 0, OUT: 1, FLUSH: 4, GET_ID: 8, DISCARD: 11, WRITE_ZEROES: 13 } as const;

/** A status no device gives: it says that none was written. */
const NO_STATUS = 0xff;

/** One request as a driver words it. */
export interface DriverRequest {
  readonly type: number;
  readonly sector?: bigint | number;
  /** Data for the device. */
  readonly from?: Uint8Array;
  /** Bytes of room for data of the device. */
  readonly room?: number;
  /** Lengths the readable and the writable part are cut into; each in one piece by default, in two where it has data. */
  readonly cut?: { readonly readable: readonly number[]; readonly writable: readonly number[] };
}

/** What came back. */
export interface DriverReply {
  readonly status: number;
  /** Bytes the device says it wrote. */
  readonly length: number;
  readonly data: Uint8Array;
}

/** Plays the driver of a block device, one request or several at a time. */
export class BlkDriver {
  readonly #transport: DriverTransport;
  readonly #queue: DriverVirtqueue;
  readonly #arena: Arena;
  readonly #waiting = new Map<number, (length: number) => void>();

  /** Takes over the transport's interrupts. */
  constructor(transport: DriverTransport, queue: DriverVirtqueue, arena: Arena) {
    this.#transport = transport;
    this.#queue = queue;
    this.#arena = arena;
    transport.onQueueInterrupt = () => this.#collect();
  }

  /** Offers a request; resolves when the device has returned it. */
  send({ type, sector = 0, from = new Uint8Array(0), room = 0, cut }: DriverRequest): Promise<DriverReply> {
    const arena = this.#arena;
    const readable = new Uint8Array(16 + from.length);
    const words = new DataView(readable.buffer);
    words.setUint32(0, type, true);
    words.setBigUint64(8, BigInt(sector), true);
    readable.set(from, 16);
    const [out, back] = [arena.allocate(readable.length), arena.allocate(room + 1)];
    arena.bytes(out, readable.length).set(readable);
    const reply = arena.bytes(back, room + 1);
    reply[room] = NO_STATUS;
    const whole = { readable: [16, from.length], writable: [room, 1] };
    const { readable: outCuts, writable: backCuts } = cut ?? whole;
    return new Promise((resolve) => {
      const id = this.#queue.add(pieces(out, outCuts), pieces(back, backCuts));
      if (id === undefined) throw new RangeError('the queue has no room for another request');
      this.#waiting.set(id, (length) =>
        resolve({ status: reply[room] ?? NO_STATUS, length, data: reply.slice(0, room) }),
      );
      if (this.#queue.publish()) this.#transport.kick(0);
    });
  }

  #collect(): void {
    do {
      for (let used = this.#queue.takeUsed(); used !== undefined; used = this.#queue.takeUsed()) {
        const done = this.#waiting.get(used.id);
        this.#waiting.delete(used.id);
        done?.(used.len);
      }
    } while (this.#queue.allowInterrupts());
  }
}

/** Ranges as discard and write zeroes requests carry them. @spec virtio 1.2 §5.2.6 Device Operation */
export function blkRanges(...ranges: readonly (readonly [sector: bigint | number, sectors: number, flags?: number])[]) {
  const words = new DataView(new ArrayBuffer(16 * ranges.length));
  ranges.forEach(([sector, sectors, flags = 0], index) => {
    words.setBigUint64(16 * index, BigInt(sector), true);
    words.setUint32(16 * index + 8, sectors, true);
    words.setUint32(16 * index + 12, flags, true);
  });
  return new Uint8Array(words.buffer);
}

function pieces(address: DriverBuffer['address'], lengths: readonly number[]): DriverBuffer[] {
  let at = address;
  return lengths.flatMap((length) => {
    if (length === 0) return [];
    const piece = { address: at, length };
    at = (at + length) as DriverBuffer['address'];
    return [piece];
  });
}

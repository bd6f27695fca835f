/**
 * The part of a virtio-9p driver that carries frames: a request goes into the readable part of a chain, its reply comes
 * back in the writable part. Several may be under way at once.
 */
import type { Gpa } from '../../ports.ts';
import type { DriverBuffer, DriverVirtqueue } from './driver-virtqueue.ts';
import type { Arena } from './guest-ram.ts';

/** How a frame driver uses its queue. */
export interface FrameDriverOptions {
  /** Rings for the queue. */
  readonly kick: () => void;
  /** Requests under way at once; more wait for their turn. 8 by default. */
  readonly depth?: number;
  /** Longest request and longest reply in bytes, the msize to negotiate. 8192 by default. */
  readonly room?: number;
  /** Bytes in one descriptor at most; the whole frame by default. */
  readonly piece?: number;
}

/** Two buffers for one request and its reply. */
interface Slot {
  readonly request: Gpa;
  readonly reply: Gpa;
}

interface Pending {
  readonly slot: Slot;
  readonly resolve: (reply: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

/** Sends frames through one queue. Buffers are taken from the arena once and used again. */
export class FrameDriver {
  readonly room: number;
  readonly #queue: DriverVirtqueue;
  readonly #arena: Arena;
  readonly #kick: () => void;
  readonly #piece: number;
  readonly #free: Slot[] = [];
  readonly #pending = new Map<number, Pending>();
  readonly #waiting: { readonly start: () => void; readonly reject: (error: Error) => void }[] = [];

  constructor(queue: DriverVirtqueue, arena: Arena, options: FrameDriverOptions) {
    this.#queue = queue;
    this.#arena = arena;
    this.#kick = options.kick;
    this.room = options.room ?? 8192;
    this.#piece = options.piece ?? this.room;
    for (let i = 0; i < (options.depth ?? 8); i += 1) {
      this.#free.push({ request: arena.allocate(this.room), reply: arena.allocate(this.room) });
    }
  }

  /**
   * Sends a frame of at most `room` bytes and resolves with a copy of its reply; an empty one when the request was taken
   * back. `replyRoom` offers the device less room than there is.
   *
   * Rejects when `abandon` is called before.
   */
  send(frame: Uint8Array, replyRoom = this.room): Promise<Uint8Array> {
    if (frame.length > this.room || replyRoom > this.room)
      throw new RangeError(`frames have ${this.room} bytes at most`);
    return new Promise((resolve, reject) => {
      const start = (): void => {
        const slot = this.#free.pop();
        if (slot === undefined) {
          this.#waiting.push({ start, reject });
          return;
        }
        this.#arena.bytes(slot.request, frame.length).set(frame);
        const head = this.#queue.add(this.#pieces(slot.request, frame.length), this.#pieces(slot.reply, replyRoom));
        if (head === undefined) {
          this.#free.push(slot);
          this.#waiting.push({ start, reject });
          return;
        }
        this.#pending.set(head, { slot, resolve, reject });
        if (this.#queue.publish()) this.#kick();
      };
      start();
    });
  }

  /** Serves one request as a 9P frame handler would, so that whatever speaks to one can speak through the ring. */
  async handle(request: readonly Uint8Array[], reply: readonly Uint8Array[]): Promise<number> {
    const length = request.reduce((sum, part) => sum + part.length, 0);
    const frame = new Uint8Array(length);
    let at = 0;
    for (const part of request) {
      frame.set(part, at);
      at += part.length;
    }
    const room = Math.min(
      reply.reduce((sum, part) => sum + part.length, 0),
      this.room,
    );
    const answer = await this.send(frame, room);
    let rest = answer;
    for (const part of reply) {
      part.set(rest.subarray(0, part.length));
      rest = rest.subarray(part.length);
    }
    return answer.length;
  }

  /** Takes every reply that is there; called at an interrupt, or to poll. */
  interrupt(): void {
    this.#queue.suppressInterrupts();
    do {
      for (let used = this.#queue.takeUsed(); used !== undefined; used = this.#queue.takeUsed()) {
        const pending = this.#pending.get(used.id);
        if (pending === undefined) continue;
        this.#pending.delete(used.id);
        this.#free.push(pending.slot);
        pending.resolve(this.#arena.bytes(pending.slot.reply, used.len).slice());
        this.#waiting.shift()?.start();
      }
    } while (this.#queue.allowInterrupts());
  }

  /** Gives up on every request under way or waiting: the device was reset, or asks for it. */
  abandon(why: string): void {
    for (const { reject } of [...this.#pending.values(), ...this.#waiting]) reject(new Error(why));
    this.#pending.clear();
    this.#waiting.length = 0;
  }

  #pieces(address: Gpa, length: number): DriverBuffer[] {
    const pieces: DriverBuffer[] = [];
    for (let at = 0; at < length; at += this.#piece) {
      pieces.push({ address: (address + at) as Gpa, length: Math.min(this.#piece, length - at) });
    }
    return pieces;
  }
}

import { MINIMUM_MSIZE } from '../constants.ts';
import { FrameError, type FrameHandler } from '../frame-handler.ts';
import { AreaPool } from './area-pool.ts';
import { Inlet } from './inlet.ts';
import { replyRoom } from './reply-room.ts';

/** Bytes of requests and replies in hand above which a client has to wait. */
const WINDOW = 16 << 20;
/** Bytes of reply areas kept for the next requests: what a client has under way who reads large pieces ahead. */
const MOST_KEPT = 8 << 20;
/** Requests served in one turn, so that a client that sends without pause does not keep the others waiting. */
const REQUESTS_PER_TURN = 64;

/** The outgoing half of a byte stream, and the brake of its incoming half. */
export interface BytePipe {
  /** Sends bytes in the order of the calls. They may change once `sent` is called, which happens even if sending fails. */
  send(bytes: Uint8Array, sent: () => void): void;
  /** Delivers no more until `release`. */
  hold(): void;
  release(): void;
  /** Calls `work` in a later turn, after others had theirs. */
  defer(work: () => void): void;
  /** The conversation is over: for a `reason` where the client broke a rule, else because it has all its answers. */
  end(reason: string | undefined): void;
}

/** The session behind a connection. */
export interface StreamHandler extends FrameHandler {
  /** Largest message as negotiated; 0 before that. */
  readonly msize: number;
}

/**
 * Carries 9P over a byte stream: messages as they come are served at once, their replies sent as they are ready, in any
 * order. A client that sends faster than it is served, or does not take its replies, is held back: the requests in hand
 * and their reply areas stay within 16 MiB and one exchange.
 */
export class StreamConnection {
  private readonly handler: StreamHandler;
  private readonly pipe: BytePipe;
  /** Where the bytes that come go, while the connection is not held. */
  readonly inlet: Inlet;
  private readonly areas = new AreaPool(MOST_KEPT);
  /** Bytes of requests under way and of reply areas not sent yet. */
  private inHand = 0;
  private exchanges = 0;
  private unsent = 0;
  private held = false;
  private turnDue = false;
  private serving = false;
  /** The client sends no more. */
  private inputEnded = false;
  /** Nothing more is taken from the client. */
  private leaving = false;
  private ended = false;

  /** @param pool memory for what comes in, which connections may share. */
  constructor(handler: StreamHandler, pipe: BytePipe, pool: AreaPool) {
    this.inlet = new Inlet(pool);
    this.handler = handler;
    this.pipe = pipe;
  }

  /** Requests that have no answer yet, or whose answers are not sent yet. */
  get outstanding(): number {
    return this.exchanges;
  }

  /** Every request has its answer, sent or not. */
  get isAnswered(): boolean {
    return this.exchanges === this.unsent && !this.turnDue;
  }

  /** It is the client's turn: to send the rest of a message, or to take replies. */
  get waitsForClient(): boolean {
    return this.unsent > 0 || (this.inlet.pending > 0 && !this.held && !this.turnDue);
  }

  /** Takes in bytes that have come into `inlet`, which was prepared for them. */
  received(count: number): void {
    if (this.ended || this.leaving) return;
    this.inlet.took(count);
    if (!this.held) this.serve();
  }

  /** The client sends no more: what has come is answered, then `end` is called. */
  finish(): void {
    if (this.ended || this.leaving) return;
    this.inputEnded = true;
    if (!this.held) this.serve();
  }

  /** Takes no further request; what is under way is answered, then `end` is called. */
  drain(): void {
    if (this.ended) return;
    this.leaving = true;
    this.hold();
    if (!this.serving) this.endWhenAnswered();
  }

  /** The stream is gone: ends every request. Resolves when nothing is left of the conversation. */
  close(): Promise<void> {
    this.ended = true;
    this.inlet.drop();
    return this.handler.reset();
  }

  /** Gives back memory kept for further requests. */
  trim(): void {
    this.areas.trim();
  }

  private serve(): void {
    this.serving = true;
    const outcome = this.serveTurn();
    this.serving = false;
    if (this.ended) return;
    if (this.leaving) this.endWhenAnswered();
    else if (outcome === 'full') this.hold();
    else if (outcome === 'turn over') this.later();
    else if (this.inputEnded) this.endWhenAnswered();
    else if (this.held) {
      this.held = false;
      this.pipe.release();
    }
  }

  private serveTurn(): 'full' | 'turn over' | 'empty' {
    for (let left = REQUESTS_PER_TURN; !this.ended && !this.leaving; left--) {
      if (this.isFull) return 'full';
      if (left === 0) return 'turn over';
      let frame: Uint8Array | undefined;
      try {
        // Before Tversion nothing longer than the smallest msize has any business here.
        frame = this.inlet.next(this.handler.msize || MINIMUM_MSIZE);
      } catch (error) {
        this.end(error instanceof FrameError ? error.message : `internal error: ${error}`);
      }
      if (frame === undefined) return 'empty';
      this.handle(frame);
    }
    return 'empty';
  }

  private hold(): void {
    if (this.held) return;
    this.held = true;
    this.pipe.hold();
  }

  private later(): void {
    this.hold();
    this.turnDue = true;
    this.pipe.defer(() => {
      this.turnDue = false;
      if (!this.ended && !this.leaving) this.serve();
    });
  }

  /** More is in hand than a client may have; what unfinished requests keep from other use counts too. */
  private get isFull(): boolean {
    return this.inHand + this.inlet.waste > WINDOW;
  }

  private handle(frame: Uint8Array): void {
    const request = [frame];
    const area = this.areas.take(replyRoom(request, this.handler.msize || MINIMUM_MSIZE));
    const { length } = frame;
    this.inHand += length + area.length;
    this.exchanges++;
    let answer: number | Promise<number>;
    try {
      answer = this.handler.handle(request, [area]);
    } catch (error) {
      this.end(`internal error: ${error}`);
      return;
    }
    if (typeof answer === 'number') {
      this.answer(area, length, answer);
      return;
    }
    const letGo = this.inlet.keep();
    answer.then(
      (size) => {
        letGo();
        this.answer(area, length, size);
      },
      (error) => this.end(`internal error: ${error}`),
    );
  }

  /** Sends an answer of `size` bytes; 0 when the client took the request back and gets none. */
  private answer(area: Uint8Array, requestLength: number, size: number): void {
    this.inHand -= requestLength;
    if (size === 0 || this.ended) {
      this.letGo(area);
      return;
    }
    this.unsent++;
    this.pipe.send(area.subarray(0, size), () => {
      this.unsent--;
      this.letGo(area);
    });
  }

  private letGo(area: Uint8Array): void {
    this.inHand -= area.length;
    this.exchanges--;
    this.areas.give(area);
    if (this.ended || this.serving || this.turnDue) return;
    if (this.leaving) this.endWhenAnswered();
    else if (this.held && !this.isFull) this.later();
    else if (this.inputEnded && !this.held) this.endWhenAnswered();
  }

  private endWhenAnswered(): void {
    if (this.exchanges > 0) return;
    const cutOff = this.inlet.pending > 0 && !this.leaving;
    this.end(cutOff ? 'the stream ended within a message' : undefined);
  }

  private end(reason: string | undefined): void {
    if (this.ended) return;
    this.ended = true;
    this.pipe.end(reason);
  }
}

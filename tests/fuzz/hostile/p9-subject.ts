import { P9Device } from '../../../devices/virtio/p9-device.ts';
import { createMemory, type Memory } from '../../../ninep/backends/memory/memory.ts';
import { decodeMessage } from '../../../ninep/codec.ts';
import type { FrameHandler, Segments } from '../../../ninep/frame-handler.ts';
import { createSession, type Session } from '../../../ninep/session.ts';
import { VERSIONS } from '../../../ninep/versions.ts';
import { steadyPoller } from '../../support/polling.ts';
import type { Random } from '../../support/random.ts';
import { KnownFids } from '../known-fids.ts';
import { anyFrame, helloIn, type Situation } from '../requests.ts';
import type { Request, Subject, SubjectParts } from './subjects.ts';

const TARGETS: readonly Uint8Array[] = ['a', '/', '../x'].map((text) => Buffer.from(text));
const HELLO = helloIn('9P2000.L', '');
/** Requests made that a session answers at once, to one that it answers when it is let. */
const SLOW = 4;
const POLL_US = 200;

/** A virtio-9p device over a tree in memory, some of whose answers take until they are released. */
export class P9Subject implements Subject {
  readonly device: P9Device;
  readonly probe = {
    queue: 0,
    readable: HELLO[0] ?? new Uint8Array(),
    writable: 4096,
    judge(answer: Uint8Array) {
      const decoded = decodeMessage(answer);
      return decoded.ok && decoded.codec.name === 'Rversion' ? undefined : 'is no Rversion';
    },
  };
  readonly #memory: Memory;
  readonly #session: Session;
  readonly #slow: SlowHandler;
  readonly #fids = new KnownFids();
  readonly #bugs: unknown[] = [];
  #greeting = 0;

  constructor({ defer, random, interfere }: SubjectParts) {
    this.#memory = createMemory({ capacity: 1 << 20, inodes: 500 });
    this.#memory.writeFile('file', 'content');
    this.#session = createSession(this.#memory, {
      maxFids: 20,
      onBug: (error) => this.#bugs.push(error),
      observer: {
        request: interfere,
        reply: ({ name, body }, answer) => {
          interfere();
          if (name === undefined || body === undefined || answer === undefined) return;
          this.#fids.learn(name, body, answer.errno === undefined ? answer.body : undefined);
        },
      },
    });
    this.#slow = new SlowHandler(this.#session, random);
    const polling = random.oneIn(2) ? steadyPoller(defer).upTo(POLL_US) : undefined;
    this.device = new P9Device({ mountTag: 'hostile', handler: this.#slow, defer, polling });
  }

  request(random: Random): Request {
    const writable = random.oneIn(6) ? random.below(200) : 1024 + random.below(8000);
    return { queue: 0, readable: this.#frame(random), writable };
  }

  release(random: Random): boolean {
    return this.#slow.release(random);
  }

  leaked(): string | undefined {
    const { handles } = this.#memory.usage;
    const [bug] = this.#bugs;
    if (bug !== undefined) return bug instanceof Error ? bug.stack : String(bug);
    if (handles > 0) return `${handles} handles of the tree are still held`;
    const { fidCount, outstanding } = this.#session;
    return fidCount + outstanding === 0 ? undefined : `${fidCount} fids and ${outstanding} requests are left`;
  }

  #frame(random: Random): Uint8Array {
    const version = VERSIONS.find((known) => known === this.#session.version);
    if (version === undefined && !random.oneIn(8)) this.#greeting = 0;
    const greeting = this.#greeting < HELLO.length ? HELLO[this.#greeting] : undefined;
    if (greeting !== undefined) {
      this.#greeting += 1;
      return greeting;
    }
    const situation: Situation = { random, fids: this.#fids, live: [], version, targets: TARGETS };
    return anyFrame(situation);
  }
}

/** Holds some requests, and some resets, until it is told to go on. */
class SlowHandler implements FrameHandler {
  readonly #inner: FrameHandler;
  readonly #random: Random;
  readonly #held: { readonly go: () => void; readonly drop: () => void }[] = [];
  readonly #resets: (() => void)[] = [];

  constructor(inner: FrameHandler, random: Random) {
    this.#inner = inner;
    this.#random = random;
  }

  handle(request: Segments, reply: Segments): number | Promise<number> {
    if (!this.#random.oneIn(SLOW)) return this.#inner.handle(request, reply);
    return new Promise<number>((resolve, reject) => {
      const go = (): void => {
        try {
          resolve(this.#inner.handle(request, reply));
        } catch (error) {
          reject(error);
        }
      };
      this.#held.push({ go, drop: () => resolve(0) });
    });
  }

  async reset(): Promise<void> {
    for (const { drop } of this.#held.splice(0)) drop();
    if (this.#random.oneIn(2)) await new Promise<void>((resolve) => this.#resets.push(resolve));
    await this.#inner.reset();
  }

  release(random: Random): boolean {
    const reset = this.#resets.shift();
    if (reset !== undefined) {
      reset();
      return true;
    }
    const [held] = this.#held.splice(random.below(this.#held.length), 1);
    held?.go();
    return held !== undefined;
  }
}

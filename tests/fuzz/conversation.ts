import { gather } from '../../ninep/client/client.ts';
import { type AnyBody, decodeMessage } from '../../ninep/codec.ts';
import { type Counting, counting } from '../../ninep/contract/counting.ts';
import { errnoName } from '../../ninep/errno.ts';
import { isPending } from '../../ninep/maybe-async.ts';
import { createSession, type Session } from '../../ninep/session.ts';
import { Random } from '../support/random.ts';
import { SECRET } from './canary.ts';
import { KnownFids } from './known-fids.ts';
import { ReplyAreas } from './reply-areas.ts';
import { anyFrame, hello, type Situation } from './requests.ts';
import type { Target } from './targets.ts';

/** What a conversation came to. */
export interface Tally {
  messages: number;
  replies: number;
  takenBack: number;
  /** Error replies by the name of their number. */
  readonly errors: Map<string, number>;
}

/** A promise of the server that did not hold, and the requests that came before. */
export class Broken extends Error {
  override readonly name = 'Broken';
}

/** Frames shown with a failure. */
const REMEMBERED = 30;
/** Requests under way at once. */
const MOST_LIVE = 12;
/** How long a request may stay unanswered unless told otherwise. */
const PATIENCE_MS = 30_000;

/**
 * One client's conversation of `length` requests with a target. Throws `Broken` if anything it promises does not hold:
 * each request ends once and with its own reply or an error, nobody writes into a reply area afterwards, nothing outside
 * the share is read, and in the end everything has been given back.
 */
export class Conversation {
  private readonly target: Target;
  private readonly tally: Tally;
  private readonly random: Random;
  private readonly fids = new KnownFids();
  private readonly areas = new ReplyAreas();
  private readonly counted: Counting;
  private readonly session: Session;
  private readonly live = new Map<number, { frame: Uint8Array; ended: Promise<void> }>();
  private readonly tags: number[] = [];
  private readonly recent: Uint8Array[] = [];
  private readonly bugs: unknown[] = [];
  private readonly under = new Set<number>();
  private readonly patienceMs: number;
  private count = 0;

  /** @param patienceMs how long a request may stay unanswered. */
  constructor(target: Target, seed: number, series: number, tally: Tally, patienceMs = PATIENCE_MS) {
    this.patienceMs = patienceMs;
    this.target = target;
    this.tally = tally;
    this.random = new Random(seed, series);
    this.counted = counting(target.backend);
    this.session = createSession(this.counted, {
      maxFids: 20,
      onBug: (error) => this.bugs.push(error),
      observer: {
        request: ({ id }) => this.under.add(id),
        reply: ({ id }) => {
          if (!this.under.delete(id)) this.bugs.push(new Error(`request ${id} ended twice, or without having come`));
        },
      },
    });
  }

  async run(length: number): Promise<void> {
    const targets = ['a', '../outside/secret', '/', ...(this.target.canary?.targets ?? [])].map((text) =>
      Buffer.from(text),
    );
    const { random } = this;
    const situation: Situation = { random, fids: this.fids, live: this.tags, targets };
    for (const frame of hello()) this.send(frame);
    for (let i = 0; i < length; i++) {
      this.send(anyFrame(situation));
      // A Tversion on the way has ended everything.
      if (this.fids.isEmpty && random.oneIn(6)) for (const frame of hello()) this.send(frame);
      if (this.bugs.length > 0) break;
      if (this.live.size >= MOST_LIVE) await this.oneEnds();
      else if (i % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    while (this.live.size > 0) await this.oneEnds();
    await withPatience(this.patienceMs, this.session.reset(), () => this.broken('reset does not end'));
    this.judge();
  }

  private send(frame: Uint8Array): void {
    const { random } = this;
    if (this.recent.length >= REMEMBERED) this.recent.shift();
    this.recent.push(frame);
    this.tally.messages++;
    const area = this.areas.take();
    const room = random.oneIn(25) ? random.pick([11, 12, 24, 100, 4096]) : area.length;
    const cut = 7 + random.below(room - 10);
    const reply = random.oneIn(3) ? [area.subarray(0, cut), area.subarray(cut, room)] : [area.subarray(0, room)];
    const split = random.below(frame.length);
    const request = random.oneIn(3) ? [frame.subarray(0, split), frame.subarray(split)] : [frame];
    const length = this.session.handle(request, reply);
    if (!isPending(length)) {
      this.ended(frame, area, reply, length);
      return;
    }
    const number = this.count++;
    const tag = (frame[5] ?? 0) | ((frame[6] ?? 0) << 8);
    this.tags.push(tag);
    const ended = length.then((bytes) => {
      this.live.delete(number);
      this.tags.splice(this.tags.indexOf(tag), 1);
      this.ended(frame, area, reply, bytes);
    });
    this.live.set(number, { frame, ended });
  }

  private ended(frame: Uint8Array, area: Uint8Array, reply: readonly Uint8Array[], length: number): void {
    try {
      this.check(frame, reply, length);
    } catch (error) {
      this.bugs.push(error);
    }
    this.areas.giveBack(area);
  }

  private check(frame: Uint8Array, reply: readonly Uint8Array[], length: number): void {
    if (length === 0) {
      this.tally.takenBack++;
      return;
    }
    this.tally.replies++;
    const decoded = decodeMessage(gather(reply, length));
    const type = frame[4] ?? 0;
    if (!decoded.ok) throw new Error(`the reply to ${show(frame)} is malformed: ${decoded.reason}`);
    if (decoded.tag !== ((frame[5] ?? 0) | ((frame[6] ?? 0) << 8)))
      throw new Error(`the reply to ${show(frame)} has another tag`);
    const { codec, body } = decoded;
    if (codec.name !== 'Rlerror' && codec.type !== type + 1) throw new Error(`${codec.name} answers ${show(frame)}`);
    if (codec.name === 'Rlerror') {
      const name = errnoName(Number(body.ecode));
      this.tally.errors.set(name, (this.tally.errors.get(name) ?? 0) + 1);
      if (name === 'EIO') throw new Error(`${show(frame)} is EIO`);
    }
    this.guardSecret(frame, body);
    const request = decodeMessage(frame);
    if (request.ok) this.fids.learn(request.codec.name, request.body, codec.name === 'Rlerror' ? undefined : body);
  }

  /** No reply shows anything that is outside of the share. */
  private guardSecret(frame: Uint8Array, { data, qid, wqid }: AnyBody): void {
    const { canary } = this.target;
    if (canary === undefined) return;
    if (isPayload(data)) {
      const bytes = gather(data.segments, data.length);
      if (Buffer.from(bytes.buffer).includes(SECRET)) throw new Error(`${show(frame)} read what is outside the share`);
    }
    for (const found of Array.isArray(wqid) ? wqid : [qid]) {
      if (isQid(found) && canary.inodes.has(found.path))
        throw new Error(`${show(frame)} found what is outside the share`);
    }
  }

  private async oneEnds(): Promise<void> {
    const all = [...this.live.values()].map(({ ended }) => ended);
    await withPatience(this.patienceMs, Promise.race(all), () => {
      const waiting = [...this.live.values()].map(({ frame }) => show(frame));
      this.broken(`no answer for ${this.patienceMs / 1000} s to ${waiting.join('; ')}`);
    });
  }

  private judge(): void {
    const { nodes, files } = this.counted.tally;
    const [bug] = this.bugs;
    if (bug !== undefined) this.broken(bug instanceof Error ? (bug.stack ?? bug.message) : String(bug));
    if (this.under.size > 0) this.broken(`${this.under.size} requests never ended`);
    if (this.session.outstanding > 0 || this.session.fidCount > 0)
      this.broken('the session has not let go of everything');
    if (nodes > 0 || files > 0) this.broken(`${nodes} nodes and ${files} open files were not released`);
    if (!this.areas.untouched()) this.broken('somebody wrote into the reply area of a request that had ended');
    for (const wrong of [this.target.leaked(), this.target.canary?.changed()])
      if (wrong !== undefined) this.broken(wrong);
  }

  private broken(what: string): never {
    throw new Broken(`${what}\nafter\n  ${this.recent.map(show).join('\n  ')}`);
  }
}

async function withPatience<T>(patienceMs: number, promise: Promise<T>, giveUp: () => void): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), patienceMs);
  });
  const first = await Promise.race([promise, late]);
  clearTimeout(timer);
  if (first === 'late') giveUp();
}

function show(frame: Uint8Array): string {
  const decoded = decodeMessage(frame);
  if (!decoded.ok) return `${Buffer.from(frame.subarray(0, 100)).toString('hex')} (${decoded.reason})`;
  return `${decoded.codec.name} tag ${decoded.tag} ${decoded.codec.show(decoded.body)}`;
}

function isPayload(value: unknown): value is { segments: readonly Uint8Array[]; length: number } {
  return typeof value === 'object' && value !== null && 'segments' in value;
}

function isQid(value: unknown): value is { path: bigint } {
  return typeof value === 'object' && value !== null && 'path' in value;
}

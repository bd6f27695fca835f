import { gather } from '../../ninep/client/client.ts';
import { decodeMessage } from '../../ninep/codec.ts';
import type { ExportTable } from '../../ninep/connection.ts';
import { counting, type Tally as Held } from '../../ninep/contract/counting.ts';
import { errnoName } from '../../ninep/errno.ts';
import { isPending } from '../../ninep/maybe-async.ts';
import type { Exchange } from '../../ninep/observer.ts';
import { createSession, type Session } from '../../ninep/session.ts';
import { VERSIONS, type Version } from '../../ninep/versions.ts';
import { Random } from '../support/random.ts';
import { Broken } from './broken.ts';
import { KnownFids } from './known-fids.ts';
import { leakIn } from './leaks.ts';
import { ReplyAreas } from './reply-areas.ts';
import { anyFrame, hello, type Situation } from './requests.ts';
import { decodeReply, leastRoom, type Sent, show } from './sent.ts';
import type { Target } from './targets.ts';

/** What a conversation came to. */
export interface Tally {
  messages: number;
  replies: number;
  takenBack: number;
  /** Error replies by the name of their number. */
  readonly errors: Map<string, number>;
  /** Replies by the dialect they came in; those to Tversion, and those before one is agreed, are in none. */
  readonly dialects: Map<Version, number>;
}

/** Nothing yet. */
export function emptyTally(): Tally {
  return { messages: 0, replies: 0, takenBack: 0, errors: new Map(), dialects: new Map() };
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
  private readonly held: Held = { nodes: 0, files: 0 };
  private readonly session: Session;
  private readonly live = new Map<number, { sent: Sent; ended: Promise<void> }>();
  private readonly tags: number[] = [];
  private readonly recent: Sent[] = [];
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
    this.session = createSession(this.counted(target.exported), {
      maxFids: 20,
      onBug: (error) => this.bugs.push(error),
      observer: {
        request: ({ id }) => this.under.add(id),
        reply: (exchange, answer) => {
          const { id } = exchange;
          if (!this.under.delete(id)) this.bugs.push(new Error(`request ${id} ended twice, or without having come`));
          if (answer?.errno !== undefined) this.failed(exchange, errnoName(answer.errno));
        },
      },
    });
  }

  async run(length: number): Promise<void> {
    const targets = ['a', '../outside/secret', '/', ...this.target.canaries.flatMap((canary) => canary.targets)].map(
      (text) => Buffer.from(text),
    );
    const { random } = this;
    const situation: Omit<Situation, 'version'> = { random, fids: this.fids, live: this.tags, targets };
    await this.introduce();
    for (let i = 0; i < length; i++) {
      this.send(anyFrame({ ...situation, version: this.version }));
      // A Tversion on the way has ended everything.
      if (this.fids.isEmpty && random.oneIn(4)) await this.introduce();
      if (this.bugs.length > 0) break;
      if (this.live.size >= MOST_LIVE) await this.oneEnds();
      else if (i % 64 === 0 || this.version === undefined) await new Promise((resolve) => setImmediate(resolve));
    }
    while (this.live.size > 0) await this.oneEnds();
    await withPatience(this.patienceMs, this.session.reset(), () => this.broken('reset does not end'));
    await this.judge();
  }

  /** Says hello, and waits where the server takes its time: what follows needs a fid. */
  private async introduce(): Promise<void> {
    for (const frame of hello(this.random)) this.send(frame);
    while (this.fids.isEmpty && this.live.size > 0) await this.oneEnds();
  }

  /** The backends, each of whose nodes and files count. */
  private counted(exported: Target['exported']): Target['exported'] {
    if (!('select' in exported)) return counting(exported, this.held);
    const table: ExportTable = { select: (credential) => counting(exported.select(credential), this.held) };
    return table;
  }

  /** The dialect in force. */
  private get version(): Version | undefined {
    return VERSIONS.find((version) => version === this.session.version);
  }

  private failed({ codec, body }: Exchange, errno: string): void {
    this.tally.errors.set(errno, (this.tally.errors.get(errno) ?? 0) + 1);
    if (errno === 'EIO') this.bugs.push(new Error(`${codec?.name} ${body && codec?.show(body)} is EIO`));
  }

  private send(frame: Uint8Array): void {
    const { random } = this;
    const sent: Sent = { frame, version: this.version };
    if (this.recent.length >= REMEMBERED) this.recent.shift();
    this.recent.push(sent);
    this.tally.messages++;
    const area = this.areas.take();
    const room = random.oneIn(25) ? random.pick([leastRoom(sent.version), 13, 24, 100, 4096]) : area.length;
    const cut = random.below(room);
    const reply = random.oneIn(3) ? [area.subarray(0, cut), area.subarray(cut, room)] : [area.subarray(0, room)];
    const split = random.below(frame.length);
    const request = random.oneIn(3) ? [frame.subarray(0, split), frame.subarray(split)] : [frame];
    const length = this.session.handle(request, reply);
    if (!isPending(length)) {
      this.ended(sent, area, reply, length);
      return;
    }
    const number = this.count++;
    const tag = (frame[5] ?? 0) | ((frame[6] ?? 0) << 8);
    this.tags.push(tag);
    const ended = length.then((bytes) => {
      this.live.delete(number);
      this.tags.splice(this.tags.indexOf(tag), 1);
      this.ended(sent, area, reply, bytes);
    });
    this.live.set(number, { sent, ended });
  }

  private ended(sent: Sent, area: Uint8Array, reply: readonly Uint8Array[], length: number): void {
    try {
      this.check(sent, reply, length);
    } catch (error) {
      this.bugs.push(error);
    }
    this.areas.giveBack(area);
  }

  private check(sent: Sent, reply: readonly Uint8Array[], length: number): void {
    if (length === 0) {
      this.tally.takenBack++;
      return;
    }
    this.tally.replies++;
    const { frame, version } = sent;
    const decoded = decodeReply(sent, gather(reply, length));
    if (!decoded.ok) throw new Error(`the reply to ${show(sent)} is malformed: ${decoded.reason}`);
    if (decoded.tag !== ((frame[5] ?? 0) | ((frame[6] ?? 0) << 8)))
      throw new Error(`the reply to ${show(sent)} has another tag`);
    const { codec, body } = decoded;
    const isError = codec.name === 'Rlerror' || codec.name === 'Rerror';
    if (!isError && codec.type !== (frame[4] ?? 0) + 1) throw new Error(`${codec.name} answers ${show(sent)}`);
    const leak = leakIn(body, this.target);
    if (leak !== undefined) throw new Error(`${show(sent)} ${leak}`);
    if (version !== undefined) this.tally.dialects.set(version, (this.tally.dialects.get(version) ?? 0) + 1);
    const request = decodeMessage(frame, version);
    if (request.ok) this.fids.learn(request.codec.name, request.body, isError ? undefined : body);
  }

  private async oneEnds(): Promise<void> {
    const all = [...this.live.values()].map(({ ended }) => ended);
    await withPatience(this.patienceMs, Promise.race(all), () => {
      const waiting = [...this.live.values()].map(({ sent }) => show(sent));
      this.broken(`no answer for ${this.patienceMs / 1000} s to ${waiting.join('; ')}`);
    });
  }

  private async judge(): Promise<void> {
    const { nodes, files } = this.held;
    const [bug] = this.bugs;
    if (bug !== undefined) this.broken(bug instanceof Error ? (bug.stack ?? bug.message) : String(bug));
    if (this.under.size > 0) this.broken(`${this.under.size} requests never ended`);
    if (this.session.outstanding > 0 || this.session.fidCount > 0)
      this.broken('the session has not let go of everything');
    if (nodes > 0 || files > 0) this.broken(`${nodes} nodes and ${files} open files were not released`);
    if (!this.areas.untouched()) this.broken('somebody wrote into the reply area of a request that had ended');
    for (const wrong of [await this.target.leaked(), ...this.target.canaries.map((canary) => canary.changed())])
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

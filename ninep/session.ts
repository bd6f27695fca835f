import { ByteWriter } from '../bytes/cursor.ts';
import { copyIn } from '../bytes/segments.ts';
import type { Backend, Credential, MaybeAsync } from './backend.ts';
import { Call } from './call.ts';
import { type AnyBody, type Codec, payloadLength } from './codec.ts';
import { Budget, type Connection, type ExportTable } from './connection.ts';
import { DEFAULT_MSIZE, LARGEST_MSIZE, MINIMUM_MSIZE } from './constants.ts';
import { DIALECT_L, type Dialect, dialectFor, type Operation } from './dialects.ts';
import { ERRNO, Errno, errnoOf, fail } from './errno.ts';
import { type Fid, FidTable } from './fids.ts';
import type { FrameHandler, Segments } from './frame-handler.ts';
import { isPending } from './maybe-async.ts';
import type { Answer, SessionObserver } from './observer.ts';
import type { Tag } from './wire-types.ts';

/** What can be chosen about a session; everything has a default. */
export interface SessionOptions {
  /** Largest message in bytes we agree to, 4096 to 16 MiB; 4,186,112 unless given. */
  readonly msize?: number;
  /** Most fids at once, 1,048,576 unless given; one more is answered ENFILE. */
  readonly maxFids?: number;
  /** Most requests waiting at once, 1024 unless given; one more is answered EAGAIN. Tflush is always taken. */
  readonly maxOutstanding?: number;
  /** Most bytes of extended attributes held by fids, 16 MiB unless given; more is answered ENOMEM. */
  readonly maxXattrBytes?: number;
  /**
   * Whether `blksize` in Rgetattr grows to what one message carries (the default). A server behind another one leaves
   * that to the one in front, which knows its client's msize.
   */
  readonly scaleBlockSize?: boolean;
  /** Is shown every request and reply. */
  readonly observer?: SessionObserver;
  /**
   * Is told of anything a backend threw that is no Errno; the client gets EIO. Must not throw. Printed to the console
   * unless given.
   */
  readonly onBug?: (error: unknown) => void;
}

/** One client's conversation with one or more exports. */
export interface Session extends FrameHandler {
  /** Largest message in bytes as negotiated; 0 before Tversion. */
  readonly msize: number;
  /** The dialect in use; undefined before Tversion. */
  readonly version: string | undefined;
  readonly fidCount: number;
  /** Requests that have come and are not answered yet. */
  readonly outstanding: number;
  flushAll(): void;
}

/**
 * Serves 9P to one client.
 *
 * @param exported a backend, or a table that picks one for each attach. It stays the caller's: `reset` gives back all
 *   nodes, and closing it is up to the caller.
 * @spec Plan 9 intro(5), 9P2000.L
 */
export function createSession(exported: Backend | ExportTable, options: SessionOptions = {}): Session {
  return new NinepSession(exported, options);
}

const TVERSION = 100;
const TFLUSH = 108;
const USUAL_REPLY = 4096;
const LARGEST_HEAD = 128 * 1024;
const KEPT_CALLS = 128;

class NinepSession implements Session, Connection {
  readonly fids: FidTable;
  readonly xattrBudget: Budget;
  readonly scaleBlockSize: boolean;
  msize = 0;
  private dialect: Dialect | undefined = undefined;
  /** The dialect in use or, before one is agreed, that in which requests are read and refused. */
  private speaking: Dialect = DIALECT_L;
  private readonly exported: Backend | ExportTable;
  private readonly maxMsize: number;
  private readonly maxOutstanding: number;
  private readonly observer: SessionObserver | undefined;
  private readonly onBug: (error: unknown) => void;
  /** Requests under way, by tag. One that is answered in its own turn never enters it. */
  private readonly live = new Map<Tag, Call>();
  /** Releases of nodes and files under way. */
  private readonly releases = new Set<Promise<void>>();
  private readonly idle: Call[] = [];
  private count = 0;
  private readonly scratch = new Uint8Array(USUAL_REPLY);
  private readonly scratchWriter = new ByteWriter(this.scratch);

  constructor(exported: Backend | ExportTable, options: SessionOptions) {
    const { msize = DEFAULT_MSIZE, maxFids = 1 << 20, maxOutstanding = 1024, maxXattrBytes = 16 << 20 } = options;
    if (!(msize >= MINIMUM_MSIZE && msize <= LARGEST_MSIZE)) {
      throw new RangeError(`msize ${msize} is not from ${MINIMUM_MSIZE} to ${LARGEST_MSIZE}`);
    }
    this.exported = exported;
    this.maxMsize = msize;
    this.maxOutstanding = maxOutstanding;
    this.scaleBlockSize = options.scaleBlockSize ?? true;
    this.observer = options.observer;
    this.onBug = options.onBug ?? ((error) => console.error('tsvmm: a bug in the 9P server:', error));
    this.fids = new FidTable(maxFids);
    this.xattrBudget = new Budget(maxXattrBytes);
  }

  get version(): string | undefined {
    return this.dialect?.version;
  }

  get fidCount(): number {
    return this.fids.size;
  }

  get outstanding(): number {
    return this.live.size;
  }

  handle(request: Segments, reply: Segments): number | Promise<number> {
    const call = this.idle.pop() ?? new Call(this);
    const { speaking } = this;
    call.receive(++this.count, request, reply, speaking.error.codec.minimum);
    const operation = speaking.operations[call.type];
    let body: MaybeAsync<AnyBody>;
    try {
      if (operation === undefined) return this.end(call, this.refuseUnknown(call));
      const length = this.begin(call, operation);
      if (length > 0) return this.end(call, length);
      body = this.run(call, operation);
    } catch (error) {
      return this.end(call, this.refuse(call, error));
    }
    const codec = operation.reply;
    return isPending(body) ? this.wait(call, codec, body) : this.end(call, this.answer(call, codec, body));
  }

  flushAll(): void {
    for (const call of this.live.values()) call.flush();
  }

  async reset(): Promise<void> {
    await this.restart(undefined);
    if (this.dialect === undefined) this.speaking = DIALECT_L;
  }

  select(credential: Credential): Backend {
    return 'select' in this.exported ? this.exported.select(credential) : this.exported;
  }

  findCall(tag: Tag): Call | undefined {
    return this.live.get(tag);
  }

  report(error: unknown): void {
    this.onBug(error);
  }

  restart(keep: Call | undefined): MaybeAsync<void> {
    this.dialect = undefined;
    this.msize = 0;
    const ends: Promise<void>[] = [];
    for (const call of this.live.values()) {
      if (call === keep) continue;
      call.dropped = true;
      ends.push(call.ended());
      call.flush();
    }
    return ends.length === 0 ? this.clunkAll() : Promise.all(ends).then(() => this.clunkAll());
  }

  negotiate(msize: number, version: string): { msize: number; version: string } {
    const dialect = dialectFor(version);
    // A client that is refused reads the refusal in the dialect it asked for.
    this.speaking = dialect ?? DIALECT_L;
    if (msize < MINIMUM_MSIZE) fail('EMSGSIZE');
    const agreed = Math.min(msize, this.maxMsize);
    this.dialect = dialect;
    if (this.dialect === undefined) return { msize: agreed, version: 'unknown' };
    this.msize = agreed;
    return { msize: agreed, version: this.dialect.version };
  }

  settle(fid: Fid): MaybeAsync<void> {
    if (fid.users > 0) return;
    if (fid.xattr !== undefined) this.xattrBudget.give(fid.xattr.value.length);
    let released: MaybeAsync<void>;
    try {
      released = fid.dispose();
    } catch (error) {
      return this.releaseFailed(error);
    }
    if (!isPending(released)) return;
    const tracked: Promise<void> = released
      .catch((error: unknown) => this.releaseFailed(error))
      .then(() => {
        this.releases.delete(tracked);
      });
    this.releases.add(tracked);
    return tracked;
  }

  /** Copies the fields of a request, and serves it from them if that can be done: the length of the reply, or 0. */
  private begin(call: Call, { request, reply, direct }: Operation): number {
    const limit = this.messageLimit;
    call.replyLimit = Math.min(call.replyLimit, limit);
    call.codec = request;
    if (call.size > limit) return 0;
    call.copyFields(request);
    if (direct === undefined || this.observer !== undefined || reply.minimum > call.replyLimit) return 0;
    return this.admits(call) ? direct(call) : 0;
  }

  /** Decodes a request and serves it if it may be served now. */
  private run(call: Call, operation: Operation): MaybeAsync<AnyBody> {
    const limit = this.messageLimit;
    const body = call.decode(operation.request);
    call.body = body;
    this.observer?.request?.(call);
    if (call.type !== TVERSION) this.admit(call);
    if (call.size > limit) fail('EMSGSIZE');
    if (body === undefined) fail('EPROTO');
    // Known before anything is done: a reply that cannot be sent would leave the client ignorant of what happened.
    if (operation.reply.minimum > call.replyLimit) fail('EMSGSIZE');
    return operation.run(call, body);
  }

  /** Answers a request of a type that the dialect does not have. */
  private refuseUnknown(call: Call): number {
    this.observer?.request?.(call);
    this.admit(call);
    return this.refuse(call, errnoOf(ERRNO.EOPNOTSUPP));
  }

  /** Largest message in bytes: ours until another is agreed. */
  private get messageLimit(): number {
    return this.msize === 0 ? this.maxMsize : this.msize;
  }

  /** EPROTO before Tversion and for a tag already in use; EAGAIN for too many requests at once. */
  private admit(call: Call): void {
    if (this.dialect === undefined) fail('EPROTO');
    if (this.live.size === 0) return;
    if (this.live.has(call.tag)) fail('EPROTO');
    if (this.live.size >= this.maxOutstanding && call.type !== TFLUSH) fail('EAGAIN');
  }

  /** Whether `admit` would let it pass. */
  private admits(call: Call): boolean {
    const { live } = this;
    if (this.dialect === undefined) return false;
    return live.size === 0 || (live.size < this.maxOutstanding && !live.has(call.tag));
  }

  private wait(call: Call, codec: Codec, pending: Promise<AnyBody>): Promise<number> {
    const { tag } = call;
    this.live.set(tag, call);
    return new Promise((resolve) => {
      const finish = (length: number): void => {
        if (this.live.get(tag) === call) this.live.delete(tag);
        // First the answer, then those who wait for it: a Tflush is answered after its target.
        resolve(length);
        this.end(call, length);
      };
      pending.then(
        (body) => finish(this.answer(call, codec, body)),
        (error: unknown) => finish(this.refuse(call, error)),
      );
    });
  }

  /** Writes a reply and returns its length; a body that cannot be sent becomes an error. */
  private answer(call: Call, codec: Codec, body: AnyBody): number {
    if (call.dropped) return this.takeBack(call);
    let length: number;
    try {
      length = this.encode(call, codec, body);
    } catch (error) {
      return this.refuse(call, error);
    }
    if (this.observer !== undefined) this.show(call, { name: codec.name, codec, body, length });
    return length;
  }

  /** Writes the reply to a request that failed, and returns its length. */
  private refuse(call: Call, error: unknown): number {
    if (!(error instanceof Errno)) this.report(error);
    const reason = error instanceof Errno ? error : errnoOf(ERRNO.EIO);
    if (call.dropped || (call.flushed && reason.errno === ERRNO.EINTR)) return this.takeBack(call);
    const { codec, body } = this.speaking.error;
    const fields = body(reason, call.replyLimit - codec.minimum);
    const length = this.encode(call, codec, fields);
    if (this.observer !== undefined) {
      this.show(call, { name: codec.name, codec, body: fields, length, errno: reason.errno });
    }
    return length;
  }

  private takeBack(call: Call): number {
    this.show(call, undefined);
    return 0;
  }

  private show(call: Call, answer: Answer | undefined): void {
    try {
      this.observer?.reply?.(call, answer);
    } catch (error) {
      this.report(error);
    }
  }

  private encode(call: Call, codec: Codec, body: AnyBody): number {
    let head = this.scratch;
    let to = this.scratchWriter;
    encodeHead(to, call.tag, codec, body);
    if (to.overrun) {
      head = new Uint8Array(LARGEST_HEAD);
      to = new ByteWriter(head);
      encodeHead(to, call.tag, codec, body);
      if (to.overrun) throw new Error(`${codec.name} is longer than any reply can be`);
    }
    const { payloadField } = codec;
    const length = to.length + (payloadField === undefined ? 0 : payloadLength(body[payloadField]));
    if (length > call.replyLimit) fail('EMSGSIZE');
    to.patchU32(0, length);
    copyIn(call.reply, 0, head, to.length);
    return length;
  }

  /** The one end of every request: it lets go of its fids and segments, and the call may serve again. */
  private end(call: Call, length: number): number {
    const reusable = call.end();
    if (reusable && this.idle.length < KEPT_CALLS) this.idle.push(call);
    return length;
  }

  private clunkAll(): MaybeAsync<void> {
    for (const fid of this.fids.all()) {
      this.fids.retire(fid);
      this.settle(fid);
    }
    if (this.releases.size > 0) return Promise.all(this.releases).then(() => undefined);
  }

  /** A file system that cannot close properly (ENOSPC at last write-back) has no way left to tell a client. */
  private releaseFailed(error: unknown): void {
    if (!(error instanceof Errno)) this.report(error);
  }
}

/** Header and fields; the size at the start is still to be filled in. */
function encodeHead(to: ByteWriter, tag: Tag, codec: Codec, body: AnyBody): void {
  to.rewind(0);
  to.u32(0);
  to.u8(codec.type);
  to.u16(tag);
  codec.encodeHead(to, body);
}

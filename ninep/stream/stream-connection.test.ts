import { describe, expect, test } from '@jest/globals';
import { copyIn } from '../../bytes/segments.ts';
import { createSynth } from '../backends/synth/synth.ts';
import { gather } from '../client/client.ts';
import { decodeMessage, encodeMessage } from '../codec.ts';
import { ATTACH } from '../contract/sessions.ts';
import { Gate } from '../contract/stubs.ts';
import { ERRNO, errnoOf } from '../errno.ts';
import type { Segments } from '../frame-handler.ts';
import { createSession, type Session } from '../session.ts';
import { fidNumber, NOTAG, type Tag, tagNumber } from '../wire-types.ts';
import { AreaPool } from './area-pool.ts';
import { type BytePipe, StreamConnection, type StreamHandler } from './stream-connection.ts';

/** The far end of a connection: keeps what is sent until the test takes it. */
class FakePipe implements BytePipe {
  readonly sent: { readonly bytes: Uint8Array; readonly taken: () => void }[] = [];
  readonly deferred: (() => void)[] = [];
  readonly ends: (string | undefined)[] = [];
  held = false;
  /** Whether the client takes what is sent at once. */
  reads = true;

  send(bytes: Uint8Array, taken: () => void): void {
    this.sent.push({ bytes: bytes.slice(), taken: this.reads ? () => {} : taken });
    if (this.reads) taken();
  }

  hold(): void {
    this.held = true;
  }

  release(): void {
    this.held = false;
  }

  defer(work: () => void): void {
    this.deferred.push(work);
  }

  end(reason: string | undefined): void {
    this.ends.push(reason);
  }

  /** Runs one later turn; says whether there was one. */
  turn(): boolean {
    const work = this.deferred.shift();
    work?.();
    return work !== undefined;
  }

  /** The names and tags of all replies, in order. */
  get replies(): string[] {
    return this.sent.map(({ bytes }) => {
      const decoded = decodeMessage(bytes);
      return decoded.ok ? `${decoded.codec.name} ${decoded.tag}` : decoded.reason;
    });
  }
}

/** Answers each request as the test says, with a reply of so many bytes. */
class FakeHandler implements StreamHandler {
  msize = 1 << 20;
  readonly requests: number[] = [];
  readonly gates: Gate<number>[] = [];
  resets = 0;
  answer: (reply: Segments) => number | Promise<number> = (reply) => copyIn(reply, 0, RCLUNK, RCLUNK.length);

  handle(request: Segments, reply: Segments): number | Promise<number> {
    this.requests.push(request.reduce((sum, { length }) => sum + length, 0));
    return this.answer(reply);
  }

  async reset(): Promise<void> {
    this.resets++;
  }

  /** From now on requests wait for the test. */
  wait(): void {
    this.answer = () => {
      const gate = new Gate<number>();
      this.gates.push(gate);
      return gate.promise;
    };
  }
}

/** Has bytes come. */
function pour(connection: StreamConnection, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    const { inlet } = connection;
    inlet.prepare();
    const count = Math.min(bytes.length - at, inlet.to - inlet.from);
    inlet.bytes.set(bytes.subarray(at, at + count), inlet.from);
    connection.received(count);
    at += count;
  }
}

const RCLUNK = encodeMessage('Rclunk', tagNumber(1), {});
const CLUNK = encodeMessage('Tclunk', tagNumber(1), { fid: fidNumber(1) });
const settled = () => new Promise(setImmediate);

function fake() {
  const [handler, pipe] = [new FakeHandler(), new FakePipe()];
  return { handler, pipe, connection: new StreamConnection(handler, pipe, new AreaPool(0)) };
}

function many(count: number, frame = CLUNK): Uint8Array {
  return gather(Array(count).fill(frame), count * frame.length);
}

/** A whole session with a file that waits, which a client has opened as fid 1. */
function attached() {
  const reads: Gate<number>[] = [];
  const synth = createSynth();
  synth.root.special('slow', {
    read: (_offset, _into, request) => {
      const gate = new Gate<number>();
      reads.push(gate);
      request.onFlush(() => gate.reject(errnoOf(ERRNO.EINTR)));
      return gate.promise;
    },
  });
  const session: Session = createSession(synth, { msize: 65_536 });
  const pipe = new FakePipe();
  const connection = new StreamConnection(session, pipe, new AreaPool(0));
  const say = (...messages: Uint8Array[]): void => {
    for (const message of messages) pour(connection, message);
  };
  const [root, file] = [fidNumber(0), fidNumber(1)];
  say(encodeMessage('Tversion', NOTAG, { msize: 65_536, version: '9P2000.L' }));
  say(encodeMessage('Tattach', tagNumber(0), ATTACH));
  say(encodeMessage('Twalk', tagNumber(0), { fid: root, newfid: file, wname: [new TextEncoder().encode('slow')] }));
  say(encodeMessage('Tlopen', tagNumber(0), { fid: file, flags: 0 }));
  const read = (tag: Tag) => encodeMessage('Tread', tag, { fid: file, offset: 0n, count: 10 });
  return { session, pipe, connection, say, read, reads };
}

describe('a connection', () => {
  test('answers requests in the order in which they are ready', async () => {
    const { pipe, say, read, reads } = attached();
    expect(pipe.replies).toEqual(['Rversion 65535', 'Rattach 0', 'Rwalk 0', 'Rlopen 0']);
    say(read(tagNumber(1)), read(tagNumber(2)), read(tagNumber(3)));
    reads[2]?.resolve(0);
    await settled();
    reads[0]?.resolve(0);
    reads[1]?.resolve(0);
    await settled();
    expect(pipe.replies.slice(4)).toEqual(['Rread 3', 'Rread 1', 'Rread 2']);
  });

  test('sends nothing for a request that a Tflush took back', async () => {
    const { pipe, connection, say, read } = attached();
    say(read(tagNumber(1)), encodeMessage('Tflush', tagNumber(2), { oldtag: tagNumber(1) }));
    await settled();
    expect(pipe.replies.slice(4)).toEqual(['Rflush 2']);
    expect(connection.outstanding).toBe(0);
  });

  test('a message longer than the agreed msize ends it with the reason', () => {
    const { pipe, say } = attached();
    say(Uint8Array.of(1, 0, 1, 0, 116));
    expect(pipe.ends).toEqual(['a message of 65537 bytes is longer than the 65536 allowed']);
    say(read0());
    expect(pipe.sent).toHaveLength(4);
  });

  test('before Tversion only short messages are taken', () => {
    const pipe = new FakePipe();
    const connection = new StreamConnection(createSession(createSynth()), pipe, new AreaPool(0));
    pour(connection, Uint8Array.of(1, 16, 0, 0));
    expect(pipe.ends).toEqual(['a message of 4097 bytes is longer than the 4096 allowed']);
  });

  test('answers what came before the message that breaks the rules', () => {
    const { handler, pipe, connection } = fake();
    pour(connection, gather([CLUNK, CLUNK, Uint8Array.of(3, 0, 0, 0), CLUNK], CLUNK.length * 3 + 4));
    expect(handler.requests).toEqual([CLUNK.length, CLUNK.length]);
    expect(pipe.replies).toHaveLength(2);
    expect(pipe.ends).toEqual(['a message of 3 bytes is shorter than its header']);
  });

  test('a bug of the handler ends it', async () => {
    const broken = fake();
    broken.handler.answer = () => {
      throw new Error('a bug');
    };
    pour(broken.connection, CLUNK);
    const later = fake();
    later.handler.answer = () => Promise.reject(new Error('a bug'));
    pour(later.connection, CLUNK);
    await settled();
    expect([...broken.pipe.ends, ...later.pipe.ends]).toEqual(Array(2).fill('internal error: Error: a bug'));
  });
});

function read0(): Uint8Array {
  return encodeMessage('Tread', tagNumber(9), { fid: fidNumber(1), offset: 0n, count: 10 });
}

describe('a client in a hurry', () => {
  test('lets others have their turn after 64 requests', () => {
    const { handler, pipe, connection } = fake();
    pour(connection, many(150));
    expect([handler.requests.length, pipe.held]).toEqual([64, true]);
    pipe.turn();
    expect([handler.requests.length, pipe.held]).toEqual([128, true]);
    pipe.turn();
    expect([handler.requests.length, pipe.held]).toEqual([150, false]);
    expect([pipe.turn(), pipe.sent.length]).toEqual([false, 150]);
  });

  test('that does not take its replies is held back, and goes on when it does', () => {
    const { handler, pipe, connection } = fake();
    pipe.reads = false;
    pour(connection, many(5000));
    while (pipe.turn());
    const { length } = handler.requests;
    expect(pipe.held).toBe(true);
    expect(connection.waitsForClient).toBe(true);
    // A reply area of 8 KiB each, in a window of 16 MiB.
    expect(length * 8192).toBeGreaterThan(16 << 20);
    expect(length * 8192).toBeLessThan((16 << 20) + 65_536);
    for (let taken = 0; taken < pipe.sent.length; taken++) {
      pipe.sent[taken]?.taken();
      while (pipe.turn());
    }
    expect([handler.requests.length, pipe.sent.length, pipe.held]).toEqual([5000, 5000, false]);
    expect([connection.outstanding, connection.waitsForClient]).toEqual([0, false]);
  });

  test('that asks for large replies is held back by their size', () => {
    const { handler, pipe, connection } = fake();
    handler.wait();
    const read = encodeMessage('Tread', tagNumber(1), { fid: fidNumber(1), offset: 0n, count: 1 << 20 });
    pour(connection, many(40, read));
    while (pipe.turn());
    expect([handler.requests.length, pipe.held]).toEqual([16, true]);
  });

  test('may always have one request under way, however large', async () => {
    const { handler, pipe, connection } = fake();
    handler.msize = 16 << 20;
    handler.wait();
    const read = encodeMessage('Tread', tagNumber(1), { fid: fidNumber(1), offset: 0n, count: 16 << 20 });
    pour(connection, many(3, read));
    expect([handler.requests.length, pipe.held]).toEqual([1, true]);
    handler.gates[0]?.resolve(7);
    await settled();
    pipe.turn();
    expect(handler.requests).toHaveLength(2);
  });
});

describe('the end of a connection', () => {
  test('half closed: what has come is answered first', async () => {
    const { handler, pipe, connection } = fake();
    handler.wait();
    pour(connection, many(2));
    connection.finish();
    expect(pipe.ends).toEqual([]);
    handler.gates[0]?.resolve(0);
    handler.gates[1]?.resolve(7);
    await settled();
    expect([pipe.sent.length, pipe.ends]).toEqual([1, [undefined]]);
  });

  test('half closed while it is held back: the rest is served all the same', () => {
    const { handler, pipe, connection } = fake();
    pour(connection, many(100));
    connection.finish();
    expect([handler.requests.length, pipe.ends]).toEqual([64, []]);
    pipe.turn();
    expect([handler.requests.length, pipe.sent.length, pipe.ends]).toEqual([100, 100, [undefined]]);
  });

  test('half closed within a message: that is said', () => {
    const { pipe, connection } = fake();
    pour(connection, CLUNK.subarray(0, 6));
    expect(connection.waitsForClient).toBe(true);
    connection.finish();
    expect(pipe.ends).toEqual(['the stream ended within a message']);
  });

  test('drained: nothing more is taken, what is under way is answered', async () => {
    const { handler, pipe, connection } = fake();
    handler.wait();
    pour(connection, gather([CLUNK, CLUNK], CLUNK.length + 3));
    connection.drain();
    pour(connection, CLUNK);
    expect([handler.requests.length, pipe.held, pipe.ends]).toEqual([1, true, []]);
    handler.gates[0]?.resolve(7);
    await settled();
    expect([pipe.sent.length, pipe.ends]).toEqual([1, [undefined]]);
  });

  test('drained by its own request: that one is answered, the next not served', () => {
    const { handler, pipe, connection } = fake();
    handler.answer = (reply) => {
      connection.drain();
      return copyIn(reply, 0, RCLUNK, RCLUNK.length);
    };
    pour(connection, many(3));
    expect([handler.requests.length, pipe.sent.length, pipe.ends]).toEqual([1, 1, [undefined]]);
  });

  test('closed: requests under way are ended and their answers not sent', async () => {
    const { pipe, connection, say, read, session } = attached();
    say(read(tagNumber(1)));
    await connection.close();
    expect([session.outstanding, session.fidCount, pipe.sent.length, pipe.ends]).toEqual([0, 0, 4, []]);
  });
});

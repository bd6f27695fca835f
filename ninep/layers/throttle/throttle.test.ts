import { describe, expect, test } from '@jest/globals';
import type { Request } from '../../backend.ts';
import { createMemory } from '../../backends/memory/memory.ts';
import { TakenBack } from '../../client/client.ts';
import { Tree } from '../../client/tree.ts';
import { attached, errno } from '../../contract/sessions.ts';
import { isPending } from '../../maybe-async.ts';
import type { Clock } from './clock.ts';
import { checkThrottling, type Throttling } from './limits.ts';
import { type Direction, Throttle } from './throttle.ts';
import { throttled } from './throttled.ts';

/** A clock that a test sets. */
class TestClock implements Clock {
  private time = 1000;
  private timers: { readonly at: number; readonly callback: () => void }[] = [];

  now(): number {
    return this.time;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.time + ms, callback };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  /** How many timers run. */
  get running(): number {
    return this.timers.length;
  }

  /** Lets time pass, and timers fire in their order. */
  async pass(ms: number): Promise<void> {
    const end = this.time + ms;
    for (;;) {
      const next = this.timers.filter(({ at }) => at <= end).sort((one, other) => one.at - other.at)[0];
      if (next === undefined) break;
      this.time = next.at;
      this.timers = this.timers.filter((other) => other !== next);
      next.callback();
      await Promise.resolve();
    }
    this.time = end;
    await Promise.resolve();
  }
}

const PATIENT: Request = { onFlush() {} };

/** A throttle, and the times at which what was asked of it has passed, in ms from the start. */
function running(throttling: Throttling) {
  const clock = new TestClock();
  const throttle = new Throttle(throttling, clock);
  const passed: (string | number)[] = [];
  const ask = (size: number, direction: Direction = 'read', name?: string) => {
    const note = () => passed.push(name ?? clock.now() - 1000);
    const admitted = throttle.admit(direction, size, PATIENT);
    if (isPending(admitted)) void admitted.then(note);
    else note();
  };
  return { clock, passed, ask };
}

describe('a limit without bursts', () => {
  test('lets a tenth of a second pass beforehand, then holds to the rate', async () => {
    const { clock, passed, ask } = running({ bps: { total: { rate: 1000 } } });
    for (let index = 0; index < 6; index++) ask(100);
    await clock.pass(10_000);
    // 100 fit, the next is poured on top, and each after that waits until the level is back at 100.
    expect(passed).toEqual([0, 0, 100, 200, 300, 400]);
  });

  test('counts operations, large ones as several where a size is given', async () => {
    const plain = running({ iops: { total: { rate: 10 } } });
    for (let index = 0; index < 4; index++) plain.ask(1 << 20);
    await plain.clock.pass(10_000);
    expect(plain.passed).toEqual([0, 0, 100, 200]);
    const sized = running({ iops: { total: { rate: 10 } }, iopsSize: 1000 });
    for (let index = 0; index < 3; index++) sized.ask(2500);
    await sized.clock.pass(10_000);
    expect(sized.passed).toEqual([0, 150, 400]);
  });

  test('of one direction leaves the other alone; of both holds both', async () => {
    const reads = running({ bps: { read: { rate: 1000 } } });
    for (const direction of ['read', 'read', 'read', 'write', 'write', 'write'] as const)
      reads.ask(1000, direction, direction);
    expect(reads.passed).toEqual(['read', 'write', 'write', 'write']);
    const both = running({ bps: { total: { rate: 1000 } } });
    both.ask(1000, 'read', 'read');
    both.ask(1000, 'write', 'write');
    await both.clock.pass(899);
    expect(both.passed).toEqual(['read']);
    await both.clock.pass(1);
    expect(both.passed).toEqual(['read', 'write']);
  });
});

describe('a burst', () => {
  test('of a second may be that large at once, then the rate holds', async () => {
    const { clock, passed, ask } = running({ bps: { total: { rate: 1000, burst: 5000 } } });
    for (let index = 0; index < 8; index++) ask(1000);
    await clock.pass(10_000);
    expect(passed).toEqual([0, 0, 0, 0, 0, 0, 1000, 2000]);
  });

  test('of several seconds is held to its own rate while it lasts', async () => {
    const { clock, passed, ask } = running({ bps: { total: { rate: 100, burst: 1000, burstSeconds: 3 } } });
    for (let index = 0; index < 40; index++) ask(100);
    await clock.pass(60_000);
    const inFirst = (ms: number) => passed.filter((at) => Number(at) <= ms).length;
    // 1000 a second in the burst of 3 s, that is ten of these; 100 a second afterwards.
    expect(inFirst(1000)).toBe(12);
    expect(inFirst(3000)).toBe(32);
    expect(inFirst(5000)).toBe(36);
    expect(passed.at(-1)).toBe(9000);
  });
});

describe('behind a session', () => {
  /** A share of 1000 bytes a second with two files, whose first read has used up what may pass at once. */
  async function share() {
    const clock = new TestClock();
    const memory = createMemory();
    memory.writeFile('/a', new Uint8Array(5000));
    memory.writeFile('/b', new Uint8Array(5000));
    const { client, session, bugs } = await attached(throttled(memory, { bps: { read: { rate: 1000 } } }, clock));
    const tree = await Tree.attach(client, { firstFid: 100 });
    const fid = await tree.open('a');
    await tree.read(fid, 0n, 2000);
    return { clock, client, session, bugs, tree, fid };
  }

  test('a read that waits holds up neither other requests nor writes', async () => {
    const { client, tree, session, clock, fid } = await share();
    const read = client.send('Tread', { fid, offset: 0n, count: 1000 });
    let done = false;
    void read.reply.then(() => {
      done = true;
    });
    await tree.mkdir('d');
    await tree.writeFile('c', new Uint8Array(5000));
    expect((await tree.getattr('b')).size).toBe(5000n);
    expect([done, session.outstanding]).toEqual([false, 1]);
    await clock.pass(1900);
    expect((await read.reply).data.length).toBe(1000);
  });

  test('a Tflush ends the wait at once, and the next in the queue does not wait longer for it', async () => {
    const { client, clock, fid, session, bugs } = await share();
    const first = client.send('Tread', { fid, offset: 0n, count: 4000 });
    const second = client.send('Tread', { fid, offset: 0n, count: 10 });
    const ended = expect(first.reply).rejects.toBeInstanceOf(TakenBack);
    await client.call('Tflush', { oldtag: first.tag });
    await ended;
    await clock.pass(1900);
    expect((await second.reply).data.length).toBe(10);
    expect(clock.running).toBe(0);
    expect(session.outstanding).toBe(0);
    expect(bugs).toEqual([]);
  });

  test('a reset ends all waits and leaves no timer', async () => {
    const { client, clock, fid, session } = await share();
    const reads = [1, 2, 3].map(() => client.call('Tread', { fid, offset: 0n, count: 4000 }));
    const ended = Promise.all(reads.map((read) => expect(read).rejects.toBeInstanceOf(TakenBack)));
    await session.reset();
    await ended;
    expect(clock.running).toBe(0);
  });

  test('the file may be clunked while its read waits', async () => {
    const { client, clock, fid, tree } = await share();
    const read = client.call('Tread', { fid, offset: 0n, count: 1000 });
    await tree.clunk(fid);
    await expect(tree.read(fid, 0n, 1)).rejects.toBe(errno('EBADF'));
    await clock.pass(1900);
    expect((await read).data.length).toBe(1000);
  });
});

describe('limits that contradict each other', () => {
  test.each<[Throttling, string]>([
    [
      { bps: { total: { rate: 1 }, read: { rate: 1 } } },
      'bps-total and bps-read cannot go together; give the total, or read and write',
    ],
    [
      { iops: { total: { rate: 1 }, write: { rate: 1 } } },
      'iops-total and iops-write cannot go together; give the total, or read and write',
    ],
    [{ bps: { read: { rate: 0, burst: 5 } } }, 'bps-read-max is the rate in a burst; add bps-read=N, the rate after'],
    [{ bps: { read: { rate: 6, burst: 5 } } }, 'bps-read-max is below bps-read; it is the higher one'],
    [
      { bps: { read: { rate: 1, burstSeconds: 2 } } },
      'bps-read-max-length is the length of a burst; add bps-read-max=N, the rate in it',
    ],
    [{ bps: { read: { rate: 1, burst: 2, burstSeconds: 0 } } }, 'bps-read-max-length is 0; it is 1 or more seconds'],
    [
      { bps: { read: { rate: 1, burst: 1e14, burstSeconds: 11 } } },
      'bps-read-max-length is too long for that bps-read-max; their product is at most 1000000000000000',
    ],
    [{ bps: { write: { rate: 1e16 } } }, 'bps-write is 10000000000000000; it goes from 0 to 1000000000000000'],
    [{ bps: { write: { rate: Number.NaN } } }, 'bps-write is NaN; it goes from 0 to 1000000000000000'],
    [
      { bps: { read: { rate: 1 } }, iopsSize: 512 },
      'iops-size says how operations are counted, and none are limited; add iops-total=N',
    ],
  ])('%j', (throttling, line) => {
    expect(() => checkThrottling(throttling)).toThrow(new RangeError(line));
  });

  test('others go together', () => {
    checkThrottling({
      bps: { total: { rate: 5, burst: 5, burstSeconds: 9 } },
      iops: { read: { rate: 1 }, write: { rate: 2 } },
      iopsSize: 1,
    });
    checkThrottling({ bps: { total: { rate: 0 }, read: { rate: 1 } } });
  });
});

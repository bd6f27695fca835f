import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FrameError } from '../frame-handler.ts';
import { AreaPool } from './area-pool.ts';
import { Inlet } from './inlet.ts';

const LIMIT = 1 << 20;
const BLOCK = 128 << 10;

/** A message of so many bytes, which differ from those of any other number. */
function message(length: number, number: number): Uint8Array {
  const bytes = new Uint8Array(length).map((_, at) => (number * 7 + at * 13) % 251);
  new DataView(bytes.buffer).setUint32(0, length, true);
  return bytes;
}

/** Has `bytes` come, at most `most` at a time; calls `each` after each piece. */
function pour(inlet: Inlet, bytes: Uint8Array, most: number, each: () => void): void {
  for (let at = 0; at < bytes.length; ) {
    inlet.prepare();
    const count = Math.min(most, bytes.length - at, inlet.to - inlet.from);
    if (count < 1) throw new Error('no room');
    inlet.bytes.set(bytes.subarray(at, at + count), inlet.from);
    inlet.took(count);
    at += count;
    each();
  }
}

/** A pool that counts what is out. */
class CountingPool extends AreaPool {
  readonly out = new Set<Uint8Array>();

  override take(room: number): Uint8Array {
    const area = super.take(room);
    this.out.add(area);
    return area;
  }

  override ready(room: number): Uint8Array | undefined {
    const area = super.ready(room);
    if (area !== undefined) this.out.add(area);
    return area;
  }

  override give(area: Uint8Array): void {
    if (!this.out.delete(area)) throw new Error('an area is given back that was not out');
    area.fill(0xee);
    super.give(area);
  }
}

describe('an inlet', () => {
  test('gives out every message whole, however it comes and however long each is kept', () => {
    const lengths = fc.array(
      fc.oneof(
        { weight: 6, arbitrary: fc.integer({ min: 7, max: 300 }) },
        { weight: 2, arbitrary: fc.integer({ min: 300, max: 70_000 }) },
        { weight: 1, arbitrary: fc.integer({ min: BLOCK - 8, max: BLOCK + 8 }) },
        { weight: 1, arbitrary: fc.integer({ min: BLOCK, max: LIMIT }) },
      ),
      { maxLength: 25 },
    );
    const most = fc.oneof(
      fc.integer({ min: 1, max: 200 }).map((n) => n * 97),
      fc.constant(1 << 24),
    );
    fc.assert(
      fc.property(lengths, most, fc.integer({ min: 0, max: 5 }), (all, piece, kept) => {
        const pool = new CountingPool(1 << 20);
        const inlet = new Inlet(pool);
        const messages = all.map(message);
        const held: { frame: Uint8Array; number: number; letGo: () => void }[] = [];
        const check = (frame: Uint8Array, number: number) => {
          if (Buffer.compare(frame, messages[number] ?? new Uint8Array(0)) !== 0) throw new Error(`message ${number}`);
        };
        let count = 0;
        const takeAll = () => {
          for (let frame = inlet.next(LIMIT); frame !== undefined; frame = inlet.next(LIMIT)) {
            const number = count++;
            check(frame, number);
            if (number % (kept + 1) !== 0) held.push({ frame, number, letGo: inlet.keep() });
            if (held.length <= kept) continue;
            const [oldest] = held.splice((number * 5) % held.length, 1);
            if (oldest === undefined) continue;
            check(oldest.frame, oldest.number);
            oldest.letGo();
          }
        };
        pour(inlet, Buffer.concat(messages), piece, takeAll);
        expect([count, inlet.pending]).toEqual([messages.length, 0]);
        for (const { frame, number, letGo } of held) {
          check(frame, number);
          letGo();
        }
        expect([pool.out.size, inlet.waste]).toEqual([0, 0]);
      }),
      { numRuns: 60, seed: 3 },
    );
  });

  test('holds nothing between two messages, nor after a message that is dropped', () => {
    const pool = new CountingPool(0);
    const inlet = new Inlet(pool);
    for (const length of [20, BLOCK + 1]) {
      pour(inlet, message(length, 1), 10_000, () => inlet.next(LIMIT));
      inlet.next(LIMIT);
      expect(pool.out.size).toBe(0);
    }
    pour(inlet, message(20, 1).subarray(0, 19), 100, () => inlet.next(LIMIT));
    expect(pool.out.size).toBe(1);
    inlet.drop();
    expect([pool.out.size, inlet.pending]).toEqual([0, 0]);
  });

  test('takes no more memory for a long message than four times what has come of it', () => {
    const pool = new CountingPool(0);
    const inlet = new Inlet(pool);
    let came = 0;
    pour(inlet, message(LIMIT, 1), 30_000, () => {
      inlet.next(LIMIT);
      came += 30_000;
      for (const area of pool.out) expect(area.length).toBeLessThanOrEqual(Math.max(4 * BLOCK, 4 * came));
      expect(pool.out.size).toBeLessThanOrEqual(1);
    });
  });

  test('says how much memory is kept from other use by what is kept', () => {
    const inlet = new Inlet(new CountingPool(0));
    const held: (() => void)[] = [];
    for (let round = 0; round < 3; round++) {
      pour(inlet, message(100, 1), 1000, () => inlet.next(LIMIT) && held.push(inlet.keep()));
      for (let filled = 0; filled < BLOCK; filled += 60_000)
        pour(inlet, message(60_000, 2), 1 << 20, () => inlet.next(LIMIT));
    }
    expect(inlet.waste).toBe(3 * (BLOCK - 100));
    for (const letGo of held) letGo();
    expect(inlet.waste).toBe(0);
  });

  test.each([
    [6, 'a message of 6 bytes is shorter than its header'],
    [1001, 'a message of 1001 bytes is longer than the 1000 allowed'],
    [0xffff_ffff, 'a message of 4294967295 bytes is longer than the 1000 allowed'],
  ])('refuses a message of %d bytes', (length, why) => {
    const inlet = new Inlet(new AreaPool(0));
    const size = new Uint8Array(4);
    new DataView(size.buffer).setUint32(0, length, true);
    expect(() => pour(inlet, size, 4, () => inlet.next(1000))).toThrow(new FrameError(why));
  });
});

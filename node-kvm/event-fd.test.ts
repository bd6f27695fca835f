import { readdirSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { EventFd } from './event-fd.ts';
import { within } from './test-support/deadline.ts';

const nextTurns = () => new Promise((resolve) => setTimeout(resolve, 10));

describe('EventFd', () => {
  test('counts signals until they are read', () => {
    const eventfd = new EventFd();
    expect(eventfd.read()).toBe(0n);
    eventfd.signal();
    eventfd.signal(41n);
    expect(eventfd.read()).toBe(42n);
    expect(eventfd.read()).toBe(0n);
    eventfd.close();
  });

  test('takes the largest count and says where one more would overflow', () => {
    const eventfd = new EventFd();
    eventfd.signal(0xffff_ffff_ffff_fffen);
    expect(() => eventfd.signal()).toThrow(
      expect.objectContaining({ name: 'KvmError', code: 'EAGAIN', ioctl: 'write' }),
    );
    expect(eventfd.read()).toBe(0xffff_ffff_ffff_fffen);
    eventfd.close();
  });

  test.each([0n, -1n, 2n ** 64n - 1n, 2n ** 64n])('refuses to signal %p', (count) => {
    const eventfd = new EventFd();
    expect(() => eventfd.signal(count)).toThrow(RangeError);
    expect(() => eventfd.signal(1 as never)).toThrow(TypeError);
    eventfd.close();
  });

  test('calls back with the count, emptied, and again at the next signal', async () => {
    const eventfd = new EventFd();
    const counts: bigint[] = [];
    let seen: () => void = () => {};
    eventfd.onSignal((count) => {
      counts.push(count);
      seen();
    });
    const next = () =>
      new Promise<void>((resolve) => {
        seen = resolve;
      });
    eventfd.signal(2n);
    eventfd.signal(3n);
    await within('the first call', next());
    eventfd.signal();
    await within('the second call', next());
    expect(counts).toEqual([5n, 1n]);
    expect(eventfd.read()).toBe(0n);
    eventfd.close();
  });

  test('does not call back once the callback is taken away, or the eventfd closed', async () => {
    const eventfd = new EventFd();
    let calls = 0;
    const count = () => calls++;
    eventfd.onSignal(count);
    eventfd.signal();
    eventfd.onSignal(undefined);
    await nextTurns();
    expect(calls).toBe(0);
    expect(eventfd.read()).toBe(1n);

    eventfd.onSignal(count);
    eventfd.signal();
    eventfd.close();
    await nextTurns();
    expect(calls).toBe(0);
  });

  test('a callback may replace itself, and close its eventfd', async () => {
    const eventfd = new EventFd();
    const order: string[] = [];
    const done = new Promise<void>((resolve) => {
      eventfd.onSignal(() => {
        order.push('first');
        eventfd.onSignal(() => {
          order.push('second');
          eventfd.close();
          resolve();
        });
        eventfd.signal();
      });
    });
    eventfd.signal();
    await within('both calls', done);
    await nextTurns();
    expect(order).toEqual(['first', 'second']);
    expect(eventfd.closed).toBe(true);
  });

  test('refuses everything once closed, and closes twice', () => {
    const eventfd = new EventFd();
    eventfd.close();
    eventfd.close();
    eventfd.ref().unref();
    for (const use of [
      () => eventfd.fd,
      () => eventfd.read(),
      () => eventfd.signal(),
      () => eventfd.onSignal(() => {}),
    ]) {
      expect(use).toThrow(expect.objectContaining({ name: 'KvmError', code: 'EBADF' }));
    }
  });

  test('refuses a callback that is none', () => {
    const eventfd = new EventFd();
    expect(() => eventfd.onSignal(5 as never)).toThrow(TypeError);
    eventfd.close();
  });

  test('1000 of them, listening, leave no descriptor behind', async () => {
    const before = readdirSync('/proc/self/fd').length;
    for (let round = 0; round < 1000; round++) {
      const eventfd = new EventFd();
      eventfd.onSignal(() => {});
      eventfd.close();
    }
    await nextTurns();
    expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before);
  });
});

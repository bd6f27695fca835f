import { expect, test } from '@jest/globals';
import { joinPackedQueue, joinQueue, type QueuePair } from './fake-driver/queue-pair.ts';
import type { Chain, PopOutcome } from './virtqueue.ts';

function chainOf(outcome: PopOutcome): Chain {
  if (outcome === 'empty' || outcome.kind === 'fault') throw new Error('no chain');
  return outcome;
}

const buffer = ({ arena }: Pick<QueuePair, 'arena'>) => ({ address: arena.allocate(16), length: 16 });

test('without EVENT_IDX used_event means nothing, and flags 0 a notification for each burst', () => {
  const pair = joinQueue({ size: 8 });
  for (const event of [0, 1, 5, 100, 65535]) {
    for (const flags of [0, 1, 0]) {
      pair.driver.ring.usedEvent = event;
      pair.driver.ring.availFlags = flags;
      pair.driver.add([], [buffer(pair)]);
      pair.driver.publish();
      pair.device.push(chainOf(pair.device.pop()), 1);
      pair.driver.takeUsed();
      expect([event, flags, pair.device.takeInterrupt()]).toEqual([event, flags, flags === 0]);
    }
  }
});

test('packed buffers are taken in the order of the ring and used in the order in which they end', () => {
  const pair = joinPackedQueue({ size: 8 });
  const ids = [1, 2, 1, 3].map((count) =>
    pair.driver.add(
      [],
      new Array(count).fill(0).map(() => buffer(pair)),
    ),
  );
  pair.driver.publish();
  const chains = ids.map(() => chainOf(pair.device.pop()));
  expect(chains.map(({ head }) => head)).toEqual(ids);
  expect(chains.map(({ writableLength }) => writableLength)).toEqual([16, 32, 16, 48]);
  const ended = [2, 0, 3, 1];
  for (const which of ended) pair.device.push(chains[which] as Chain, which + 1);
  // Each used descriptor stands behind as many entries as the buffer before it had: 1, 1, 3.
  expect([0, 1, 2, 5].map((slot) => pair.driver.ring.used(slot))).toEqual(
    ended.map((which) => ({ id: ids[which], len: which + 1 })),
  );
});

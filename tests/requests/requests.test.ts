import { describe, expect, jest, test } from '@jest/globals';
import { SplitVirtqueue } from '../../devices/virtio/split-virtqueue.ts';
import { campaign } from './campaign.ts';
import { TRANSPORTS, VARIANTS, type Variant, variantName } from './variants.ts';

test('there is a variant for all that the specification allows', () => {
  // Five modern transports with five switches, three legacy ones with two.
  expect(VARIANTS).toHaveLength(5 * 2 ** 5 + 3 * 2 ** 2);
  expect(new Set(VARIANTS.map(variantName)).size).toBe(VARIANTS.length);
});

test('every variant carries requests, and every checksum is right', async () => {
  const requests = 6_880;
  const outcome = await campaign({ requests, seed: 3 });
  expect(outcome.requests).toBeGreaterThanOrEqual(requests);
  expect([...outcome.byTransport.keys()]).toEqual(Object.keys(TRANSPORTS));
  expect(outcome.queueResets).toBeGreaterThan(5 * 2 ** 5 * 2);
  // Completions share interrupts.
  expect(outcome.interrupts).toBeLessThan(outcome.requests);
}, 300_000);

test.each([false, true])(
  'polling spares kicks and loses no request (slow backend: %s)',
  async (slow) => {
    const run = (pollUs: number) =>
      campaign({ requests: 4000, seed: 5, variants: VARIANTS.slice(0, 8), habits: { slow, pollUs } });
    // Longer than the slow backend mostly takes; turns of the event loop are the clock of both.
    const [without, withPolling] = [await run(0), await run(400)];
    expect(withPolling.requests).toBeGreaterThanOrEqual(4000);
    expect(withPolling.kicks).toBeLessThan(without.kicks / 5);
  },
  300_000,
);

test('the same seed makes the same run', async () => {
  const runs = [1, 2].map(() => campaign({ requests: 2000, seed: 8, variants: VARIANTS.slice(0, 4) }));
  const [one, two] = await Promise.all(runs);
  expect([one?.requests, one?.interrupts]).toEqual([two?.requests, two?.interrupts]);
});

describe('what goes wrong is found', () => {
  const plain = VARIANTS[0] as Variant;
  const run = () => campaign({ requests: 2000, seed: 1, variants: [plain] });

  test('a wake-up that is lost', async () => {
    const allowKicks = jest.spyOn(SplitVirtqueue.prototype, 'allowKicks');
    try {
      // Kicks are never asked for again.
      allowKicks.mockReturnValue(false);
      await expect(run()).rejects.toThrow('pci, messages: plain: 8 requests wait');
    } finally {
      allowKicks.mockRestore();
    }
  });

  test('a device that polls and goes to sleep without asking for kicks', async () => {
    const begin = jest.spyOn(SplitVirtqueue.prototype, 'allowKicks');
    try {
      begin.mockReturnValue(false);
      const habits = { slow: false, pollUs: 200 };
      await expect(campaign({ requests: 2000, seed: 1, variants: [plain], habits })).rejects.toThrow('requests wait');
    } finally {
      begin.mockRestore();
    }
  });

  test('an interrupt that is lost', async () => {
    let asked = 0;
    const { takeInterrupt } = SplitVirtqueue.prototype;
    const spy = jest.spyOn(SplitVirtqueue.prototype, 'takeInterrupt');
    try {
      spy.mockImplementation(function (this: SplitVirtqueue) {
        asked += 1;
        return takeInterrupt.call(this) && asked < 100;
      });
      await expect(run()).rejects.toThrow('a wake-up was lost');
    } finally {
      spy.mockRestore();
    }
  });

  test('bytes that are wrong', async () => {
    const { push } = SplitVirtqueue.prototype;
    const spy = jest.spyOn(SplitVirtqueue.prototype, 'push');
    try {
      let pushed = 0;
      spy.mockImplementation(function (this: SplitVirtqueue, chain, length) {
        const last = chain.writable[0];
        pushed += 1;
        // Far in, so that it is the data of a read.
        if (pushed > 200 && length > 500 && last !== undefined) last[300] = (last[300] ?? 0) ^ 1;
        push.call(this, chain, length);
      });
      await expect(run()).rejects.toThrow('other bytes came back');
    } finally {
      spy.mockRestore();
    }
  });
});

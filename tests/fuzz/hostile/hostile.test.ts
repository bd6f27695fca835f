import { describe, expect, test } from '@jest/globals';
import type { DeviceContext, VirtioDevice } from '../../../devices/virtio/device.ts';
import type { Chain, Virtqueue } from '../../../devices/virtio/virtqueue.ts';
import { Broken } from '../broken.ts';
import { campaign } from './campaign.ts';
import { emptyTally, Sessions } from './session.ts';
import { narrate, shrink } from './shrink.ts';
import { SUBJECTS, type Subject, type SubjectMaker } from './subjects.ts';
import { TRANSPORTS, type TransportRow } from './transports.ts';
import { TARGETS, type Target } from './world.ts';

describe('a hostile driver', () => {
  test.each([...TARGETS.keys()])(
    'of %s breaks nothing',
    async (target) => {
      const { operations, popped, returned, faults, interrupts } = await campaign({
        target,
        operations: 5000,
        seed: 7,
      });
      expect(operations).toBeGreaterThanOrEqual(5000);
      // It gets somewhere: chains are taken, answered, announced, and rules are broken.
      expect([popped > 30, returned > 30, interrupts > 5, faults.size > 5]).toEqual([true, true, true, true]);
    },
    300_000,
  );

  test('does the same again with the same seed, and something else with another', async () => {
    const run = (seed: number) => campaign({ target: '9p/pci-transitional/packed', operations: 5000, seed });
    const [one, same, other] = [await run(3), await run(3), await run(4)];
    expect(same).toEqual(one);
    expect(other).not.toEqual(one);
  });
});

/** What a device does with a chain, or when it is reset; what is left out is done as it should be. */
interface Habits {
  serve?(chain: Chain, queue: Virtqueue, parts: { later(work: () => void): void; context: DeviceContext }): void;
  reset?(): Promise<void>;
  readConfig?(): number;
  leaked?(): string;
}

/** A small device with bad habits. */
function sloppy(habits: Habits): SubjectMaker {
  return ({ defer }): Subject => {
    let context: DeviceContext | undefined;
    const serve = (chain: Chain, queue: Virtqueue, given: DeviceContext): void => {
      if (habits.serve !== undefined) habits.serve(chain, queue, { later: defer, context: given });
      else {
        queue.push(chain, 0);
        given.notifyUsed(queue);
      }
    };
    const notify = (): void => {
      const queue = context?.queue(0);
      if (context === undefined || queue === undefined) return;
      for (let left = 64; left > 0; left -= 1) {
        const outcome = queue.pop();
        if (outcome === 'empty') return;
        if (outcome.kind === 'fault') {
          context.needsReset(outcome.message);
          return;
        }
        serve(outcome, queue, context);
      }
    };
    const device: VirtioDevice = {
      name: 'sloppy',
      deviceId: 9,
      pciClass: 0,
      features: 0n,
      queueSizes: [16],
      configLength: 4,
      readConfig: habits.readConfig ?? (() => 0),
      writeConfig: () => {},
      activate(given) {
        context = given;
      },
      queueNotify: notify,
      reset: async () => {
        context = undefined;
        await habits.reset?.();
      },
    };
    const readable = Uint8Array.of(1, 2, 3);
    return {
      device,
      request: (random) => ({ queue: 0, readable, writable: random.below(100) }),
      release: () => false,
      probe: { queue: 0, readable, writable: 8, judge: () => undefined },
      leaked: () => habits.leaked?.(),
    };
  };
}

/** A transport whose queues were tampered with before anybody watches them. */
function tampered(tamper: (queue: Virtqueue) => Partial<Virtqueue>): TransportRow {
  const direct = TRANSPORTS.direct as TransportRow;
  return {
    ...direct,
    make(parts) {
      const made = new Map<Virtqueue, Changed>();
      const activate = (context: DeviceContext): void =>
        parts.device.activate({
          ...context,
          queue(index) {
            const queue = context.queue(index);
            if (queue === undefined) return undefined;
            const known = made.get(queue) ?? new Changed(queue, tamper(queue));
            made.set(queue, known);
            return known;
          },
          notifyUsed: (queue) => context.notifyUsed(queue instanceof Changed ? queue.real : queue),
        });
      const { device } = parts;
      const wrapped: VirtioDevice = {
        ...device,
        readConfig: (offset, width) => device.readConfig(offset, width),
        writeConfig: (offset, width, value) => device.writeConfig(offset, width, value),
        activate,
        queueNotify: (index) => device.queueNotify(index),
        reset: () => device.reset(),
      };
      return direct.make({ ...parts, device: wrapped });
    },
  };
}

class Changed implements Virtqueue {
  readonly real: Virtqueue;
  readonly #with: Partial<Virtqueue>;

  constructor(real: Virtqueue, changes: Partial<Virtqueue>) {
    this.real = real;
    this.#with = changes;
  }

  get index(): number {
    return this.real.index;
  }

  get size(): number {
    return this.real.size;
  }

  get inFlight(): number {
    return this.real.inFlight;
  }

  pop(): ReturnType<Virtqueue['pop']> {
    return this.#with.pop?.() ?? this.real.pop();
  }

  hasNext(): boolean {
    return this.real.hasNext();
  }

  push(chain: Chain, length: number): void {
    (this.#with.push ?? ((one, written) => this.real.push(one, written)))(chain, length);
  }

  takeInterrupt(): boolean {
    return this.real.takeInterrupt();
  }

  suppressKicks(): void {
    this.real.suppressKicks();
  }

  allowKicks(): boolean {
    return this.real.allowKicks();
  }

  detach(): void {
    this.real.detach();
  }

  drained(): Promise<void> {
    return this.real.drained();
  }
}

describe('a defect is found', () => {
  const target = (subject: SubjectMaker, transport = TRANSPORTS.direct as TransportRow): Target => ({
    subject,
    transport,
    format: 'split',
  });
  const verdict = async (fuzzed: Target) => {
    const sessions = new Sessions();
    for (let series = 0; series < 6; series += 1)
      await sessions.play({ target: fuzzed, seed: 1, series }, emptyTally());
  };

  test('none where there is none', async () => {
    await verdict(target(sloppy({})));
    await verdict(
      target(
        sloppy({}),
        tampered(() => ({})),
      ),
    );
  });

  const HABITS: readonly (readonly [string, Habits, RegExp])[] = [
    ['it throws', { serve: () => JSON.parse('{') }, /SyntaxError/],
    ['a chain is returned twice', { serve: returnTwice }, /twice/],
    [
      'a length is too large',
      { serve: (chain, queue) => queue.push(chain, chain.writableLength + 1) },
      /bytes written/,
    ],
    ['what is to be read is written', { serve: spoil(({ readable }) => readable[0]) }, /the device wrote/],
    [
      'more is written than was given',
      { serve: spoil(({ writable: [view] }) => view && beyond(view)) },
      /the device wrote/,
    ],
    ['what was given back is written later', { serve: writeLater() }, /the device wrote/],
    [
      'work piles up',
      { serve: (chain, queue, { later }) => pile(later, () => queue.push(chain, 0)) },
      /put off at once/,
    ],
    ['a good driver is not answered', { serve: () => {} }, /does not answer a good driver/],
    [
      'a good driver is not told',
      { serve: (chain, queue) => queue.push(chain, 0) },
      /does not interrupt a good driver/,
    ],
    ['a reset does not end', { reset: () => new Promise(() => {}) }, /a reset of the device does not end/],
    ['something is left behind', { leaked: () => '3 handles' }, /^3 handles/],
  ];

  test.each(HABITS)('%s', async (_, habits, message) => {
    await expect(verdict(target(sloppy(habits)))).rejects.toThrow(message);
  });

  test('a register reads what is no number of its width', async () => {
    const fuzzed = target(sloppy({ readConfig: () => -1 }), TRANSPORTS.mmio);
    await expect(verdict(fuzzed)).rejects.toThrow(/gave -1/);
  });

  const TAMPERINGS: readonly (readonly [string, (queue: Virtqueue) => Partial<Virtqueue>, RegExp])[] = [
    ['another head is given out', wrongHead, /instead of head/],
    ['a chain is given out twice', twice, /gives out chain where there is empty|instead of head/],
    ['what is not RAM is given out', notRam, /bytes that are not RAM/],
    [
      'a buffer is left out',
      (queue) => given(queue, () => ({ readable: [] })),
      /other readable pieces|0 and \d+ bytes/,
    ],
    ['a chain is lost', () => ({ pop: () => 'empty' }), /gives out empty where there is/],
    ['a broken chain is given out', mended, /gives out \w+ where there is fault/],
    ['nothing comes into the ring', () => ({ push: () => {} }), /the ring says/],
    ['a wrong length comes into the ring', (queue) => ({ push: (chain) => queue.push(chain, 0) }), /the ring says/],
  ];

  test.each(TAMPERINGS)('%s', async (_, tamper, message) => {
    const echo = sloppy({ serve: (chain, queue) => queue.push(chain, chain.writableLength) });
    await expect(verdict(target(echo, tampered(tamper)))).rejects.toThrow(message);
  });

  test('and the session is made as short as it can be, and told', async () => {
    const habits: Habits = { serve: (chain, queue) => queue.push(chain, chain.writableLength + 1) };
    const name = { target: target(sloppy(habits)), seed: 1, series: 0 };
    const { moves, error } = await shrink(name);
    expect(error).toBeInstanceOf(Broken);
    // One to bring the device up, one to offer a chain; the good driver at the end makes the kick.
    expect(moves.length).toBeLessThan(6);
    const lines = await narrate(name, moves);
    expect(lines.at(-1)).toBe('broken here');
  });

  test('by the command that plays it again', async () => {
    const known = Object.keys(SUBJECTS);
    expect(known).toContain('9p');
    await expect(campaign({ target: 'nothing', operations: 1, seed: 1 })).rejects.toThrow(/no target 'nothing'/);
  });
});

function spoil(choose: (chain: Chain) => Uint8Array | undefined): NonNullable<Habits['serve']> {
  return (chain, queue, { context }) => {
    choose(chain)?.fill(0xee);
    queue.push(chain, 0);
    context.notifyUsed(queue);
  };
}

function beyond({ buffer, byteOffset, length }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset + length, 4);
}

function writeLater(): NonNullable<Habits['serve']> {
  const served: Chain[] = [];
  return (chain, queue, { context }) => {
    served.push(chain);
    served.at(-12)?.writable[0]?.fill(0xee);
    queue.push(chain, 0);
    context.notifyUsed(queue);
  };
}

function returnTwice(chain: Chain, queue: Virtqueue): void {
  queue.push(chain, 0);
  queue.push(chain, 0);
}

function pile(later: (work: () => void) => void, work: () => void): void {
  for (let i = 0; i < 4; i += 1) later(i === 0 ? work : () => {});
}

/** Gives out chains with something changed. */
function given(queue: Virtqueue, change: (chain: Chain) => Partial<Chain>): Partial<Virtqueue> {
  return {
    pop() {
      const outcome = queue.pop();
      return outcome === 'empty' || outcome.kind === 'fault' ? outcome : { ...outcome, ...change(outcome) };
    },
  };
}

function wrongHead(queue: Virtqueue): Partial<Virtqueue> {
  return given(queue, () => ({ head: 999 }));
}

/** Says that there is nothing where a rule was broken. */
function mended(queue: Virtqueue): Partial<Virtqueue> {
  return {
    pop() {
      const outcome = queue.pop();
      return outcome !== 'empty' && outcome.kind === 'fault' ? 'empty' : outcome;
    },
  };
}

function twice(queue: Virtqueue): Partial<Virtqueue> {
  let before: Chain | undefined;
  return {
    pop() {
      if (before !== undefined) return before;
      const outcome = queue.pop();
      if (outcome !== 'empty' && outcome.kind === 'chain') before = outcome;
      return outcome;
    },
  };
}

function notRam(queue: Virtqueue): Partial<Virtqueue> {
  return given(queue, ({ writable }) => ({ writable: writable.map((view) => view.slice()) }));
}

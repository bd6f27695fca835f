import { once } from 'node:events';
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { afterEach, describe, expect, test } from '@jest/globals';
import { EventStream } from '../../trace/event-stream.ts';
import { EventPace } from './event-pace.ts';
import { RingReader, sharedMemory, wordsOf } from './event-ring.ts';
import { MachineSide, type SideSurroundings } from './machine-side.ts';
import { type MachineNews, type Order, RING_LENGTH, WORDS } from './shared-words.ts';

const open: MessagePort[] = [];
afterEach(() => {
  for (const port of open.splice(0)) port.close();
});

interface SideOptions {
  readonly wait?: boolean;
  /** Runs when the thread begins to stand, from when on signals are answered. */
  readonly still?: () => void;
  /** Runs when it has stood. */
  readonly whenStood?: () => void;
  readonly pace?: EventPace;
  /** Microseconds, for what depends on them. */
  readonly clock?: () => number;
}

/** A device thread's side, with the inspector's played by the test. */
function side({ wait = false, still = () => {}, whenStood = () => {}, pace, clock }: SideOptions = {}) {
  const memory = sharedMemory();
  const words = wordsOf(memory);
  const { port1, port2 } = new MessageChannel();
  open.push(port1, port2);
  const news: MachineNews[] = [];
  port2.on('message', (it: MachineNews) => news.push(it));
  const notices: string[] = [];
  const steps: string[] = [];
  const around: SideSurroundings = {
    memory,
    port: port1,
    wait,
    ...(pace && { pace }),
    notice: (line) => notices.push(line),
    keepStill: (block) => {
      steps.push('still');
      still();
      block();
      whenStood();
      return 'over';
    },
  };
  const it = new MachineSide(around);
  const stream = new EventStream({ ...(clock && { clock }) });
  stream.add(it);
  const reader = new RingReader(memory);
  return {
    it,
    stream,
    words,
    news,
    notices,
    steps,
    order: (order: Order) => {
      port2.postMessage(order);
      Atomics.add(words, WORDS.orders, 1);
    },
    /** Everything handed over since the last time. */
    events() {
      const all: { id: number; kind: string; count?: number; first?: number }[] = [];
      for (let text = reader.read(); text !== undefined; text = reader.read()) all.push(...JSON.parse(`[${text}]`));
      return all;
    },
    /** What it has said meanwhile, in the same turn. */
    hear: () => receiveMessageOnPort(port2)?.message as MachineNews | undefined,
    told: async () => {
      await once(port2, 'message');
      await new Promise((resolve) => setImmediate(resolve));
      return news;
    },
  };
}

const kick = (stream: EventStream, device = 'host') => stream.emit(device, 'kick', { queue: 0 });
/** Longer than events wait for more. */
const moment = () => new Promise((resolve) => setTimeout(resolve, 50));

describe('handing over', () => {
  test('events wait a moment for more, go together, and wake a thread that sleeps', async () => {
    const { stream, events, words, told } = side();
    Atomics.store(words, WORDS.asleep, 1);
    for (let count = 0; count < 5; count++) kick(stream);
    expect(events()).toEqual([]);
    expect(await told()).toEqual([{ kind: 'wake' }]);
    expect(events().map(({ id }) => id)).toEqual([1, 2, 3, 4, 5]);
    expect(Atomics.load(words, WORDS.asleep)).toBe(0);
  });

  test('of a flood that nobody takes, what does not fit is counted, and the machine goes on', async () => {
    const { stream, events } = side();
    const count = Math.floor(RING_LENGTH / 500);
    for (let done = 0; done < count; done++) stream.emit('', 'guest-fault', { message: 'x'.repeat(1000) });
    await moment();
    const all = events();
    kick(stream);
    await moment();
    all.push(...events());
    expect(all.length).toBeGreaterThan(7000);
    expect(all.length).toBeLessThan(8500);
    expect(all.some(({ kind }) => kind === 'dropped')).toBe(true);
    let next = 1;
    for (const { id, kind, count: missing = 0, first } of all) {
      if (kind === 'dropped') expect([first, id]).toEqual([next, next + missing - 1]);
      else expect(id).toBe(next);
      next = id + 1;
    }
    expect(next).toBe(count + 2);
  });

  test('of more than anybody could follow, runs are shown whole, and what is between them is counted', async () => {
    let now = 0;
    const { stream, events } = side({
      pace: new EventPace({ burst: 300, perSecond: 1_000, run: 100 }),
      clock: () => now,
    });
    let setUps = 0;
    for (; now < 400_000; now += 2_000) {
      for (let count = 0; count < 50; count++) kick(stream);
      stream.emit('host', 'status', { from: 'here', to: 'there', value: setUps++ });
    }
    await moment();
    const all = events();
    const shown = all.filter(({ kind }) => kind === 'kick').length;
    const missing = all.reduce((sum, { count = 0 }) => sum + count, 0);
    expect(all.length - all.filter(({ kind }) => kind === 'dropped').length + missing).toBe(stream.count);
    expect(shown).toBeGreaterThanOrEqual(300);
    expect(shown).toBeLessThanOrEqual(300 + 1_000);
    expect(all.filter(({ kind }) => kind === 'status').length).toBe(setUps);
    // Set-up passes singly; what else is shown comes in runs.
    const runs: number[] = [];
    for (const { kind } of all.slice(300)) {
      if (kind === 'dropped' && runs.at(-1) !== 0) runs.push(0);
      if (kind === 'kick') runs.push((runs.pop() ?? 0) + 1);
    }
    const whole = runs.slice(1, -1);
    expect(whole.length).toBeGreaterThan(0);
    expect(Math.min(...whole)).toBeGreaterThanOrEqual(100);
    let next = 1;
    for (const { id, kind, count = 0, first } of all) {
      if (kind === 'dropped') expect([first, id]).toEqual([next, next + count - 1]);
      else expect(id).toBe(next);
      next = id + 1;
    }
    expect(next).toBe(stream.count + 1);
  });

  test('long messages are cut, shorter in the midst of a flood', async () => {
    const { stream, events } = side({ pace: new EventPace({ burst: 10_000, perSecond: 1_000, run: 2 }) });
    const bytes = new Uint8Array(4096).fill(65);
    const request = { name: 'Tread', tag: 1, type: 116, size: 4096, fids: [], text: '', bytes };
    const lengths = async () => {
      stream.emit('host', 'request', request);
      await moment();
      return (events() as unknown as { readonly bytes?: string }[]).flatMap(({ bytes: shown }) =>
        shown === undefined ? [] : [Buffer.from(shown, 'base64').length],
      );
    };
    expect(await lengths()).toEqual([256]);
    for (let count = 0; count < 11_000; count++) kick(stream);
    await moment();
    expect(await lengths()).toEqual([64]);
  });
});

describe('standing', () => {
  const go: Order = { kind: 'go' };

  test('before the next event of the kinds and the device, in the middle of a turn, with that event handed over', () => {
    const still = () => {
      expect(machine.events().map(({ id }) => id)).toEqual([1, 2, 3]);
      machine.order(go);
    };
    const machine = side({ still });
    machine.order({ kind: 'go', kinds: new Set(['kick']), device: 'host' });
    machine.stream.emit('host', 'pin', { level: 1 });
    kick(machine.stream, 'other');
    expect(machine.steps).toEqual([]);
    kick(machine.stream);
    expect(machine.steps).toEqual(['still']);
    kick(machine.stream);
    expect(machine.steps).toEqual(['still']);
  });

  test('the inspector is told, and what the CPUs do stands and goes on with it', async () => {
    const machine = side({ still: () => machine.order(go) });
    machine.it.attach({
      standStill: () => {
        machine.steps.push('cpus stand');
        return () => machine.steps.push('cpus go on');
      },
    });
    machine.order({ kind: 'pause' });
    kick(machine.stream);
    expect(machine.steps).toEqual(['cpus stand', 'still', 'cpus go on']);
    expect(await machine.told()).toEqual([{ kind: 'standing', before: 1 }, { kind: 'running' }]);
  });

  test('it is said that it stands only when signals can end that', () => {
    let [before, after]: (MachineNews | undefined)[] = [];
    const { stream, order, hear } = side({
      still: () => {
        before = hear();
        order({ kind: 'go' });
      },
      whenStood: () => {
        after = hear();
      },
    });
    order({ kind: 'pause' });
    kick(stream);
    expect([before, after]).toEqual([undefined, { kind: 'standing', before: 1 }]);
  });

  test('step by step', () => {
    let left = 3;
    const machine = side({
      still: () => {
        left -= 1;
        machine.order(left > 0 ? { kind: 'go', kinds: new Set(['kick']) } : go);
      },
    });
    machine.order({ kind: 'go', kinds: new Set(['kick']) });
    for (let count = 0; count < 9; count++) kick(machine.stream);
    expect([machine.steps.length, left]).toEqual([3, 0]);
  });

  test('a pause where nothing happens is obeyed in the next turn', async () => {
    const machine = side({ still: () => machine.order(go) });
    machine.order({ kind: 'pause' });
    expect(await machine.told()).toEqual([{ kind: 'standing' }, { kind: 'running' }]);
  });

  test('a machine that waits for a page stands at the first event after its description', () => {
    const machine = side({ wait: true, still: () => machine.order(go) });
    machine.stream.emit('host', 'plugged', { name: 'x', bus: 'pci', address: 1 });
    machine.stream.emit('', 'machine', { description: {} });
    expect(machine.steps).toEqual([]);
    kick(machine.stream);
    expect(machine.steps).toEqual(['still']);
  });

  test('a thread of the inspector that has died holds nobody for ever', () => {
    const machine = side();
    machine.order({ kind: 'pause' });
    kick(machine.stream);
    expect(machine.notices).toEqual(['inspect: the inspector does not answer; the machine goes on']);
  }, 300_000);

  test('a machine that is taken down is held no more', () => {
    const machine = side();
    const letGo = machine.it.attach({ standStill: () => () => {} });
    machine.order({ kind: 'go', kinds: new Set(['kick']) });
    machine.stream.emit('host', 'pin', { level: 0 });
    letGo();
    kick(machine.stream);
    machine.order({ kind: 'pause' });
    kick(machine.stream);
    expect(machine.steps).toEqual([]);
  });
});

import { describe, expect, test } from '@jest/globals';
import { toBase64 } from '../../trace/base64.ts';
import type { EventKind, TraceEvent } from '../../trace/event.ts';
import { EVENT_KINDS, fieldsOf } from '../../trace/event-kinds.ts';
import type { FieldType } from '../../trace/kinds/kind-row.ts';
import { sampleEvents } from '../../trace/test-support/sample-events.ts';
import { blocksOf } from './device-blocks.ts';
import { emptyModel, foldEvent } from './machine-model.ts';

/** Numbers in a row that is the same each time. */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** A configuration space whose capabilities run in a circle and lead everywhere. */
function config(roll: (below: number) => number): string {
  const bytes = Uint8Array.from({ length: 256 }, () => roll(256));
  bytes.set([0xf4, 0x1a, 0x49, 0x10]);
  bytes.set([0x40], 0x34);
  bytes.set([0x09, 0x50, 0x10, 0x02, 4, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff], 0x40);
  bytes.set([0x11, 0x40, 0xff, 0x07, 1, 0, 0, 0, 1, 8, 0, 0], 0x50);
  return toBase64(bytes);
}

/** Values of each type that a stream may hold, the worst among them. */
function values(roll: (below: number) => number): { readonly [T in FieldType]: () => unknown } {
  const number = () => [0, 1, 4, 0xffff_ffff, -1, 2 ** 53, 1.5, roll(4096), roll(2 ** 32)][roll(9)] ?? 0;
  const text = () => ['', '__proto__', 'constructor', 'running', 'common_cfg', `n${roll(5000)}`][roll(6)] ?? '';
  return {
    number,
    hex: number,
    micros: number,
    id: number,
    u64: () => [0n, 1n, 2n ** 64n - 1n, BigInt(roll(2 ** 31))][roll(4)],
    text,
    ids: () => Array.from({ length: roll(20) }, number),
    numbers: () => Array.from({ length: roll(20) }, number),
    bytes: () => new Uint8Array(roll(64)),
    descriptors: () =>
      Array.from({ length: roll(100) }, () => ({
        ...{ table: 'ring', index: number(), address: number(), length: number(), flags: number(), nextOrId: number() },
      })),
    json: () => ({}),
  };
}

/** `count` events of every kind but `machine`, of as many devices as there are events. */
function* hostile(count: number, seed: number): Generator<TraceEvent> {
  const roll = dice(seed);
  const value = values(roll);
  const kinds = (Object.keys(EVENT_KINDS) as EventKind[]).filter((kind) => kind !== 'machine');
  for (let id = 1; id <= count; id += 1) {
    const kind = kinds[roll(kinds.length)] ?? 'kick';
    const entries = Object.entries(fieldsOf(kind)).map(([name, { type }]) => [name, value[type]()]);
    const device = roll(2) === 0 ? 'host' : (value.text() as string);
    yield { id, time: id, kind, device, cause: id - 1, fields: Object.fromEntries(entries) } as TraceEvent;
  }
}

/** A machine whose functions are as bad as they can be. */
function machine(seed: number): TraceEvent {
  const roll = dice(seed);
  const functions = Array.from({ length: 400 }, (_, index) => ({
    slot: index % 32,
    function: Math.floor(index / 32),
    name: `f${index}`,
    config: index === 0 ? 'no base64!' : config(roll),
    bars: [{ index: 4, kind: 'memory-64', length: 2 ** 31, address: 0 }],
    capabilities: [],
  }));
  const description = { ram: [], functions, ports: [], mmio: [], tables: [] };
  return { id: 0, time: 0, kind: 'machine', device: '', fields: { description } } as TraceEvent;
}

describe('whatever a guest does, the model', () => {
  test.each([1, 2, 3])(
    'stays within bounds and plain (seed %d)',
    (seed) => {
      const model = emptyModel();
      foldEvent(model, machine(seed));
      const plugged = { name: 'virtio-9p-pci', bus: 'pci', address: 3, function: 0 };
      foldEvent(model, { id: 0, time: 0, kind: 'plugged', device: 'host', fields: plugged } as TraceEvent);
      let half = 0;
      for (const event of hostile(20_000, seed)) {
        foldEvent(model, event);
        if (event.id === 10_000) half = JSON.stringify(model).length;
      }
      expect(model.events).toBe(20_002);
      expect(blocksOf(model, 'host').length).toBeLessThanOrEqual(20);
      expect(model.lives.list.length).toBeLessThanOrEqual(64);
      expect(model.functions.list).toHaveLength(256);
      const whole = JSON.stringify(model);
      // What is bounded was full long before the middle.
      expect(whole.length).toBeLessThan(half * 1.3);
      expect(whole.length).toBeLessThan(16 * 2 ** 20);
      expect(JSON.stringify(structuredClone(model))).toBe(whole);
      expect(JSON.stringify(JSON.parse(whole))).toBe(whole);
      expect(Object.getPrototypeOf({})).toBe(Object.prototype);
    },
    300_000,
  );

  test('takes one of every kind', () => {
    const model = emptyModel();
    const samples = sampleEvents().filter(({ kind }) => kind !== 'machine');
    for (const event of samples) foldEvent(model, event);
    expect(Object.values(model.counts)).toEqual(samples.map(() => 1));
  });
});

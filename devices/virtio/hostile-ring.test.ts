import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Gpa } from '../ports.ts';
import { type Descriptor, DriverRing, putDescriptor } from './fake-driver/driver-ring.ts';
import type { UsedEntry } from './fake-driver/driver-virtqueue.ts';
import { Arena, GuestRam } from './fake-driver/guest-ram.ts';
import { P9Device, type P9DeviceOptions } from './p9-device.ts';
import { areaLength, RING_FEATURE } from './queue-layout.ts';
import { QueueSetup } from './queue-setup.ts';
import { isRingFault } from './ring-fault.ts';
import type { Chain, Virtqueue } from './virtqueue.ts';

const SIZE = 8;
const LOW = 0x8000;
const HIGH_BASE = 0x10000;
const HIGH = 0x8000;
const TABLE_AT = 0x4000;

/** RAM, a hole, RAM; and a driver's ring in it. */
class World {
  readonly ram = new GuestRam([
    { base: 0, length: LOW },
    { base: HIGH_BASE, length: HIGH },
  ]);
  readonly ring = new DriverRing(new Arena(this.ram, 0, 0x4000), SIZE);
  readonly table: DataView;

  constructor() {
    const bytes = this.bytes(TABLE_AT, 64 * 16);
    this.table = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  bytes(address: number, length: number): Uint8Array {
    return this.ram.view(address as Gpa, length) ?? new Uint8Array();
  }

  activate(features: bigint): Virtqueue {
    const setup = new QueueSetup(0, SIZE);
    setup.setAddress('desc', BigInt(this.ring.areas.desc));
    setup.setAddress('driver', BigInt(this.ring.areas.driver));
    setup.setAddress('device', BigInt(this.ring.areas.device));
    setup.writeEnable(1);
    const queue = setup.activate(this.ram, features);
    if (isRingFault(queue)) throw new Error(queue.message);
    return queue;
  }
}

type DriverAct =
  | { readonly kind: 'descriptor' | 'tableDescriptor'; readonly index: number; readonly descriptor: Descriptor }
  | { readonly kind: 'available'; readonly head: number }
  | { readonly kind: 'entry'; readonly slot: number; readonly head: number }
  | { readonly kind: 'idx' | 'flags' | 'usedEvent'; readonly value: number };

const address = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: TABLE_AT, max: LOW - 1 }).map(BigInt) },
  { weight: 4, arbitrary: fc.integer({ min: HIGH_BASE, max: HIGH_BASE + HIGH - 1 }).map(BigInt) },
  fc.constantFrom(
    0n,
    BigInt(LOW - 1),
    BigInt(LOW),
    BigInt(HIGH_BASE - 1),
    BigInt(HIGH_BASE + HIGH),
    1n << 53n,
    2n ** 64n - 1n,
  ),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);
const length = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 64 }) },
  fc.constantFrom(16, 32, 8 * 16, 9 * 16, 0x8000, 0xffff_ffff),
);
/** Mostly what drivers write, with some of everything. */
const flags = fc.oneof({ weight: 6, arbitrary: fc.constantFrom(0, 1, 2, 3, 4) }, fc.integer({ min: 0, max: 0xffff }));
const slot = fc.integer({ min: 0, max: SIZE - 1 });
const index16 = fc.oneof({ weight: 6, arbitrary: slot }, fc.integer({ min: 0, max: 0xffff }));
const descriptor = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      addr: fc.integer({ min: TABLE_AT, max: LOW - 64 }),
      len: fc.integer({ min: 1, max: 64 }),
      flags: fc.constantFrom(0, 1, 2, 3),
      next: slot,
    }),
  },
  { weight: 4, arbitrary: fc.record({ addr: address, len: length, flags, next: index16 }) },
  fc.record({
    addr: fc.constant(BigInt(TABLE_AT)),
    len: fc.constantFrom(16, 64, 128, 1024),
    flags: fc.constantFrom(4, 6),
  }),
);
const driverAct: fc.Arbitrary<DriverAct> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('descriptor' as const), index: slot, descriptor }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('tableDescriptor' as const), index: slot, descriptor }) },
  { weight: 16, arbitrary: fc.record({ kind: fc.constant('available' as const), head: slot }) },
  fc.record({ kind: fc.constant('entry' as const), slot, head: index16 }),
  fc.record({ kind: fc.constantFrom('idx' as const, 'flags' as const, 'usedEvent' as const), value: index16 }),
);

function drive(world: World, act: DriverAct): void {
  const { ring } = world;
  if (act.kind === 'descriptor') ring.setDescriptor(act.index, act.descriptor);
  else if (act.kind === 'tableDescriptor') putDescriptor(world.table, act.index * 16, act.descriptor);
  else if (act.kind === 'entry') ring.setAvailEntry(act.slot, act.head);
  else if (act.kind === 'idx') ring.availIdx = act.value;
  else if (act.kind === 'flags') ring.availFlags = act.value;
  else if (act.kind === 'usedEvent') ring.usedEvent = act.value;
  else if (act.kind === 'available') {
    ring.setAvailEntry(ring.availIdx & (SIZE - 1), act.head);
    ring.availIdx = (ring.availIdx + 1) & 0xffff;
  }
}

function inRam(world: World, segment: Uint8Array): boolean {
  const lowBuffer = world.bytes(0, 1).buffer;
  const highBuffer = world.bytes(HIGH_BASE, 1).buffer;
  const end = segment.byteOffset + segment.length;
  return (
    segment.length > 0 && (segment.buffer === lowBuffer ? end <= LOW : segment.buffer === highBuffer && end <= HIGH)
  );
}

const features = fc.constantFrom(
  0n,
  RING_FEATURE.indirectDesc,
  RING_FEATURE.eventIdx,
  RING_FEATURE.indirectDesc | RING_FEATURE.eventIdx,
);

describe('whatever a driver writes into a ring', () => {
  type DeviceAct = {
    readonly kind: 'pop' | 'push' | 'interrupt' | 'suppress' | 'allow' | 'reset';
    readonly pick: number;
  };
  const deviceAct: fc.Arbitrary<DeviceAct> = fc.record({
    kind: fc.oneof(
      { weight: 6, arbitrary: fc.constant('pop' as const) },
      { weight: 4, arbitrary: fc.constant('push' as const) },
      fc.constantFrom('interrupt' as const, 'suppress' as const, 'allow' as const, 'reset' as const),
    ),
    pick: fc.nat(),
  });

  test('chains lie in RAM, each is returned once, and only the used ring is written', () => {
    let chains = 0;
    fc.assert(
      fc.property(
        features,
        fc.array(fc.oneof(driverAct, deviceAct), { maxLength: 120, size: 'max' }),
        (negotiated, acts) => {
          const world = new World();
          // The same acts of the driver on memory that no device touches.
          const untouched = new World();
          let queue = world.activate(negotiated);
          let inFlight: Chain[] = [];
          let returned: UsedEntry[] = [];
          const restart = (): void => {
            queue.detach();
            const before = world.ring.usedIdx;
            for (const chain of inFlight) queue.push(chain, 0);
            expect(world.ring.usedIdx).toBe(before);
            for (const { ring } of [world, untouched]) ring.availIdx = 0;
            queue = world.activate(negotiated);
            inFlight = [];
            returned = [];
          };

          for (const act of acts) {
            if (!('pick' in act)) {
              drive(world, act);
              drive(untouched, act);
            } else if (act.kind === 'pop') {
              const outcome = queue.pop();
              if (outcome === 'empty') continue;
              if (outcome.kind === 'fault') {
                expect(queue.pop()).toBe(outcome);
                restart();
                continue;
              }
              chains += 1;
              inFlight.push(outcome);
              expect([...outcome.readable, ...outcome.writable].every((segment) => inRam(world, segment))).toBe(true);
              expect(outcome.readable.length + outcome.writable.length).toBeLessThanOrEqual(SIZE);
            } else if (act.kind === 'push') {
              const [chain] = inFlight.splice(act.pick % Math.max(inFlight.length, 1), 1);
              if (chain === undefined) continue;
              const written = act.pick % (chain.writableLength + 1);
              queue.push(chain, written);
              returned.push({ id: chain.head, len: written });
            } else if (act.kind === 'interrupt') queue.takeInterrupt();
            else if (act.kind === 'suppress') queue.suppressKicks();
            else if (act.kind === 'allow') queue.allowKicks();
            else restart();
            expect(queue.inFlight).toBe(inFlight.length);
          }

          if (returned.length > 0) expect(world.ring.usedIdx).toBe(returned.length);
          const last = returned.slice(-SIZE);
          last.forEach((entry, i) => {
            expect(world.ring.usedEntry((returned.length - last.length + i) % SIZE)).toEqual(entry);
          });
          for (const { base, length: bytes } of world.ram.regions) {
            const [is, was] = [world.bytes(base, bytes), untouched.bytes(base, bytes)];
            const { device } = world.ring.areas;
            if (base === 0)
              for (const copy of [is, was]) copy.fill(0, device, device + areaLength('split', 'device', SIZE));
            expect(Buffer.compare(is, was)).toBe(0);
          }
        },
      ),
      { seed: 90012, numRuns: 400 },
    );
    expect(chains).toBeGreaterThan(2000);
  });

  test('the 9p device returns every request it took, once, and asks for a reset at most once', async () => {
    let requests = 0;
    await fc.assert(
      fc.asyncProperty(
        features,
        fc.array(
          fc.oneof(
            { weight: 3, arbitrary: driverAct },
            fc.nat().map((pick) => ({ kind: 'kick' as const, pick })),
          ),
          {
            maxLength: 80,
            size: 'max',
          },
        ),
        async (negotiated, acts) => {
          const world = new World();
          const deferred: (() => void)[] = [];
          let taken = 0;
          let due: (() => void)[] = [];
          let pick = 0;
          const handler: P9DeviceOptions['handler'] = {
            handle: (_, reply) => {
              taken += 1;
              const room = reply.reduce((sum, part) => sum + part.length, 0);
              if (pick % 16 === 15) throw new Error('no header');
              if (pick % 3 !== 2) return room;
              return new Promise((resolve, reject) => {
                due.push(pick % 2 === 0 ? () => resolve(room) : () => reject(new Error('no header')));
              });
            },
            reset: async () => {},
          };
          const device = new P9Device({ mountTag: 'host', handler, defer: (work) => deferred.push(work) });
          const queue = world.activate(negotiated);
          let resets = 0;
          device.activate({
            memory: world.ram,
            features: negotiated,
            queue: () => queue,
            notifyUsed: (used) => used.takeInterrupt(),
            notifyConfigChange: () => {},
            needsReset: () => (resets += 1),
          });
          for (const act of acts) {
            if (act.kind !== 'kick') {
              drive(world, act);
              continue;
            }
            pick = act.pick;
            device.queueNotify(0);
            if (pick % 5 === 0) for (const work of deferred.splice(0)) work();
            if (pick % 7 === 0) for (const end of due.splice(0)) end();
            await Promise.resolve();
          }
          while (deferred.length + due.length > 0) {
            for (const end of due.splice(0)) end();
            for (const work of deferred.splice(0)) work();
            await Promise.resolve();
            await Promise.resolve();
          }
          requests += taken;
          expect(queue.inFlight).toBe(0);
          expect(world.ring.usedIdx).toBe(taken);
          expect(resets).toBeLessThanOrEqual(1);
          due = [];
          await device.reset();
        },
      ),
      { seed: 90012, numRuns: 400 },
    );
    expect(requests).toBeGreaterThan(500);
  });
});

import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Gpa } from '../ports.ts';
import { Arena, GuestRam } from './fake-driver/guest-ram.ts';
import { PackedDriverQueue } from './fake-driver/packed-driver-queue.ts';
import { type PackedDescriptor, putPackedDescriptor } from './fake-driver/packed-driver-ring.ts';
import { activateFor } from './fake-driver/queue-pair.ts';
import { areaLength } from './queue-layout.ts';
import type { Chain } from './virtqueue.ts';

/** Not a power of two, as no split queue can be. */
const SIZE = 7;
const LOW = 0x8000;
const HIGH_BASE = 0x10000;
const HIGH = 0x8000;
const TABLE_AT = 0x4000;

type DriverAct =
  | {
      readonly kind: 'descriptor' | 'tableDescriptor' | 'available';
      readonly index: number;
      readonly descriptor: PackedDescriptor;
    }
  | { readonly kind: 'flags' | 'event'; readonly index: number; readonly value: number };

type DeviceAct = {
  readonly kind: 'pop' | 'push' | 'interrupt' | 'suppress' | 'allow' | 'reset';
  readonly pick: number;
};

/** RAM, a hole, RAM; and a driver's ring in it. */
class World {
  readonly ram = new GuestRam([
    { base: 0, length: LOW },
    { base: HIGH_BASE, length: HIGH },
  ]);
  readonly driver = new PackedDriverQueue(new Arena(this.ram, 0, TABLE_AT), { size: SIZE });
  /** Where a driver that keeps the rules would go on, and in which lap. */
  next = 0;
  lap = 0;

  bytes(address: number, length: number): Uint8Array {
    return this.ram.view(address as Gpa, length) ?? new Uint8Array();
  }

  drive(act: DriverAct): void {
    const { ring } = this.driver;
    if (act.kind === 'descriptor') ring.setDescriptor(act.index, act.descriptor);
    else if (act.kind === 'flags') ring.setFlags(act.index, act.value);
    else if (act.kind === 'event') ring.driverEvent = { desc: act.value, flags: act.index & 3 };
    else if (act.kind === 'available') this.#makeAvailable(act.descriptor);
    else if (act.kind === 'tableDescriptor') {
      const table = this.bytes(TABLE_AT, 16 * 16);
      const view = new DataView(table.buffer, table.byteOffset, table.length);
      putPackedDescriptor(view, act.index * 16, act.descriptor);
    }
  }

  #makeAvailable(descriptor: PackedDescriptor): void {
    const owner = this.lap % 2 === 0 ? 0x80 : 0x8000;
    const flags = ((descriptor.flags ?? 0) & 0x7f7f) | owner;
    this.driver.ring.setDescriptor(this.next, { ...descriptor, flags });
    this.next += 1;
    if (this.next < SIZE) return;
    this.next = 0;
    this.lap += 1;
  }

  inRam(segment: Uint8Array): boolean {
    const end = segment.byteOffset + segment.length;
    const low = segment.buffer === this.bytes(0, 1).buffer;
    const high = segment.buffer === this.bytes(HIGH_BASE, 1).buffer;
    return segment.length > 0 && (low ? end <= LOW : high && end <= HIGH);
  }
}

const slot = fc.nat(SIZE - 1);
const flags = fc.oneof({ weight: 6, arbitrary: fc.constantFrom(0, 1, 2, 3, 4) }, fc.nat(0xffff));
const id = fc.oneof({ weight: 8, arbitrary: fc.nat(2 * SIZE) }, fc.nat(0xffff));
const descriptor: fc.Arbitrary<PackedDescriptor> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      addr: fc.integer({ min: TABLE_AT, max: LOW - 64 }),
      len: fc.integer({ min: 0, max: 64 }),
      id,
      flags: fc.constantFrom(0, 0, 2, 2, 1, 3),
    }),
  },
  fc.record({
    addr: fc.constantFrom(0n, BigInt(LOW - 1), BigInt(HIGH_BASE - 1), BigInt(HIGH_BASE + 9), 1n << 53n, 2n ** 64n - 1n),
    len: fc.constantFrom(0, 1, 16, 0x8000, 0xffff_ffff),
    id,
    flags,
  }),
  fc.record({ addr: fc.constant(TABLE_AT), len: fc.constantFrom(16, 64, 128, 17, 0xffff_fff0), id, flags }),
  fc.record({ addr: fc.constant(TABLE_AT), len: fc.constantFrom(16, 48), id, flags: fc.constant(4) }),
);
const driverAct: fc.Arbitrary<DriverAct> = fc.oneof(
  { weight: 20, arbitrary: fc.record({ kind: fc.constant('available' as const), index: slot, descriptor }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('descriptor' as const), index: slot, descriptor }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('tableDescriptor' as const), index: fc.nat(15), descriptor }) },
  fc.record({ kind: fc.constantFrom('flags' as const, 'event' as const), index: slot, value: fc.nat(0xffff) }),
);
const deviceAct: fc.Arbitrary<DeviceAct> = fc.record({
  kind: fc.oneof(
    { weight: 8, arbitrary: fc.constant('pop' as const) },
    { weight: 8, arbitrary: fc.constant('push' as const) },
    fc.constantFrom('interrupt' as const, 'suppress' as const, 'allow' as const, 'reset' as const),
  ),
  pick: fc.nat(),
});

test('whatever a driver writes into a packed ring: chains lie in RAM, each is returned once, and only the ring is written', () => {
  let [chains, faults] = [0, 0];
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.boolean(),
      fc.array(fc.oneof(driverAct, deviceAct), { maxLength: 120, size: 'max' }),
      (indirect, eventIdx, acts) => {
        const world = new World();
        // The same acts of the driver on memory that no device touches.
        const untouched = new World();
        const options = { size: SIZE, packed: true, indirect, eventIdx };
        let queue = activateFor(world.driver, world.ram, options);
        let inFlight: Chain[] = [];
        const restart = (): void => {
          queue.detach();
          const before = world.bytes(0, LOW).slice();
          for (const chain of inFlight) queue.push(chain, 0);
          expect(Buffer.compare(before, world.bytes(0, LOW))).toBe(0);
          for (const each of [world, untouched]) {
            for (let i = 0; i < SIZE; i += 1) each.driver.ring.setFlags(i, 0);
            each.next = 0;
            each.lap = 0;
          }
          queue = activateFor(world.driver, world.ram, options);
          inFlight = [];
        };
        for (const act of acts) {
          if (!('pick' in act)) {
            world.drive(act);
            untouched.drive(act);
          } else if (act.kind === 'pop') {
            const outcome = queue.pop();
            if (outcome === 'empty') continue;
            if (outcome.kind === 'fault') {
              faults += 1;
              expect(queue.pop()).toBe(outcome);
              restart();
              continue;
            }
            chains += 1;
            inFlight.push(outcome);
            expect([...outcome.readable, ...outcome.writable].every((segment) => world.inRam(segment))).toBe(true);
            expect(outcome.readable.length + outcome.writable.length).toBeLessThanOrEqual(SIZE);
          } else if (act.kind === 'push') {
            const [chain] = inFlight.splice(act.pick % Math.max(inFlight.length, 1), 1);
            if (chain !== undefined) queue.push(chain, act.pick % (chain.writableLength + 1));
          } else if (act.kind === 'interrupt') queue.takeInterrupt();
          else if (act.kind === 'suppress') queue.suppressKicks();
          else if (act.kind === 'allow') queue.allowKicks();
          else restart();
          expect(queue.inFlight).toBe(inFlight.length);
          expect(inFlight.length).toBeLessThanOrEqual(SIZE);
        }
        const { desc, device } = world.driver.ring.areas;
        for (const { base, length } of world.ram.regions) {
          const [is, was] = [world.bytes(base, length), untouched.bytes(base, length)];
          if (base === 0) {
            for (const copy of [is, was]) {
              copy.fill(0, desc, desc + areaLength('packed', 'desc', SIZE));
              copy.fill(0, device, device + areaLength('packed', 'device', SIZE));
            }
          }
          expect(Buffer.compare(is, was)).toBe(0);
        }
      },
    ),
    { seed: 90012, numRuns: 400 },
  );
  expect(chains).toBeGreaterThan(2000);
  expect(faults).toBeGreaterThan(200);
});

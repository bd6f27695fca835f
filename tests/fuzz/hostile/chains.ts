import { DESCRIPTOR_FLAG, DESCRIPTOR_LENGTH } from '../../../devices/virtio/queue-layout.ts';
import type { Random } from '../../support/random.ts';
import type { Descriptor } from './hostile-ring.ts';
import { HIGH_RAM, type HostileRam, LOW_RAM } from './ram.ts';
import type { Request } from './subjects.ts';

/** Chains of descriptors for requests, good ones and all the ways to make a bad one of them. */

/** Where things of the driver are in RAM; queues below `requests`. */
export const ZONES = {
  rings: { base: 0x1000, length: 0x8000 },
  tables: { base: 0x9000, length: 0x1000 },
  requests: { base: 0xa000, length: 0x8000 },
  replies: { base: 0x1_2000, length: 0xe000 },
  highReplies: { base: HIGH_RAM.base + 0x4000, length: 0xc000 },
} as const;

const { write: WRITE, indirect: INDIRECT, next: NEXT } = DESCRIPTOR_FLAG;

export function descriptor(address: number, length: number, flags: number): Descriptor {
  return { high: Math.floor(address / 2 ** 32) >>> 0, low: address >>> 0, length, flags };
}

/** Puts a request into memory and describes it in one to a few pieces on each side. */
export function chainFor({ readable, writable }: Request, ram: HostileRam, random: Random, most: number): Descriptor[] {
  const chain: Descriptor[] = [];
  const request = readable.subarray(0, ZONES.requests.length);
  if (request.length > 0) {
    const at = ZONES.requests.base + random.below(ZONES.requests.length - request.length + 1);
    ram.write(at, request);
    pieces(chain, at, request.length, 0, random, most > 1 ? most - 1 : 1);
  }
  const zone = random.oneIn(3) ? ZONES.highReplies : ZONES.replies;
  const length = Math.min(writable, zone.length);
  if (chain.length < most || chain.length === 0)
    pieces(chain, zone.base + random.below(zone.length - length + 1), length, WRITE, random, most - chain.length);
  return chain;
}

function pieces(into: Descriptor[], at: number, length: number, flags: number, random: Random, most: number): void {
  const count = random.oneIn(3) ? Math.min(most, 1 + random.below(4)) : 1;
  let done = 0;
  for (let i = 1; i < count; i += 1) {
    const part = random.below(length - done + 1);
    into.push(descriptor(at + done, part, flags));
    done += part;
  }
  into.push(descriptor(at + done, length - done, flags));
}

/** Addresses where no RAM is, or where it ends, or where something else is. */
const BAD_ADDRESSES: readonly number[] = [
  LOW_RAM.length - 1,
  LOW_RAM.length - 8,
  LOW_RAM.length,
  0xd000_0000,
  0xe000_0000,
  0xfee0_0000,
  HIGH_RAM.base - 4,
  HIGH_RAM.base + HIGH_RAM.length - 1,
  HIGH_RAM.base + HIGH_RAM.length,
  2 ** 46,
  2 ** 52,
  2 ** 53 - 1,
  2 ** 53,
  2 ** 63,
  2 ** 64 - 2 ** 11,
];
const BAD_LENGTHS: readonly number[] = [
  0,
  0,
  1,
  0xffff,
  LOW_RAM.length,
  LOW_RAM.length + 1,
  2 ** 30,
  2 ** 30 + 1,
  2 ** 31,
  2 ** 32 - 1,
];

/** What is to become of a chain that is broken, and what can be used for that. */
interface Workshop {
  readonly chain: Descriptor[];
  readonly random: Random;
  /** Entries of the queue. */
  readonly size: number;
  /** Where the rings of the queue are. */
  readonly areas: readonly number[];
  /** Puts descriptors into a table at `address`. */
  table(address: number, chain: readonly Descriptor[]): void;
}

type Breakage = (workshop: Workshop) => void;

const one = ({ chain, random }: Workshop): Descriptor => random.pick(chain);

function move(target: Descriptor, address: number): void {
  Object.assign(target, descriptor(address, target.length, target.flags));
}

/** Describes what was in the chain by a table instead. */
export function throughTable({ chain, table, random }: Workshop): Descriptor {
  const address = ZONES.tables.base + DESCRIPTOR_LENGTH * random.below(ZONES.tables.length / DESCRIPTOR_LENGTH - 64);
  table(address, chain);
  const indirect = descriptor(address, chain.length * DESCRIPTOR_LENGTH, INDIRECT);
  chain.splice(0, chain.length, indirect);
  return indirect;
}

/** Every way to break a chain, by what it does. */
const BREAKAGES: Readonly<Record<string, Breakage>> = {
  address: (shop) => move(one(shop), shop.random.pick(BAD_ADDRESSES)),
  'any address': (shop) => Object.assign(one(shop), { high: shop.random.below(3), low: shop.random.next() }),
  'onto the rings': (shop) => move(one(shop), shop.random.pick(shop.areas) + shop.random.below(64)),
  'all over RAM': (shop) => Object.assign(one(shop), descriptor(0, LOW_RAM.length, WRITE)),
  length: (shop) => {
    one(shop).length = shop.random.pick(BAD_LENGTHS);
  },
  flags: (shop) => {
    one(shop).flags ^= 1 << shop.random.below(16);
  },
  next: (shop) => {
    const at = shop.random.oneIn(2) ? shop.random.below(shop.size) : shop.random.next() & 0xffff;
    Object.assign(one(shop), { next: at, flags: one(shop).flags | NEXT });
  },
  loop: ({ chain }) => Object.assign(chain.at(-1) ?? {}, { next: 0, flags: NEXT }),
  order: ({ chain }) => void chain.reverse(),
  overlap: (shop) => move(one(shop), one(shop).low),
  'many of them': (shop) => {
    const more = 1 + shop.random.below(shop.random.oneIn(4) ? 300 : 40);
    for (let i = 0; i < more; i += 1) shop.chain.push({ ...(shop.chain.at(-1) ?? descriptor(0, 0, 0)) });
  },
  'a table in a table': (shop) => {
    throughTable(shop);
    throughTable(shop);
  },
  'a table with a next': (shop) => {
    throughTable(shop).flags |= NEXT;
  },
  'a table elsewhere': (shop) => move(throughTable(shop), shop.random.pick(BAD_ADDRESSES)),
  'a misaligned table': (shop) => {
    throughTable(shop).low += 1 + shop.random.below(15);
  },
  'a table of odd length': (shop) => {
    throughTable(shop).length += shop.random.pick([-16, -1, 1, 8, 16, 1024, 2 ** 20, 2 ** 30, 2 ** 32 - 4096]);
  },
  'a table over the rings': (shop) => move(throughTable(shop), shop.random.pick(shop.areas)),
  'a chain with a table at its end': (shop) => {
    const copy = shop.chain.map((part) => ({ ...part }));
    const table = throughTable(shop);
    shop.chain.splice(0, 1, ...copy, table);
  },
  'a table that is written to': (shop) => {
    throughTable(shop).flags |= WRITE;
  },
};
const NAMES = Object.keys(BREAKAGES);

/** Breaks a chain in one or two ways and says how. */
export function breakChain(workshop: Workshop): string {
  const names = workshop.random.oneIn(4)
    ? [workshop.random.pick(NAMES), workshop.random.pick(NAMES)]
    : [workshop.random.pick(NAMES)];
  for (const name of names) BREAKAGES[name]?.(workshop);
  return names.join(', ');
}

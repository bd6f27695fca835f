import type { Random } from '../../support/random.ts';
import { breakChain, chainFor, throughTable, ZONES } from './chains.ts';
import { bringUp, disorderly, makePlan, orderly, renewQueue } from './initialization.ts';
import { PCI_MOVES } from './pci-moves.ts';
import { HIGH_RAM, LOW_RAM } from './ram.ts';
import { accessRegister } from './register-moves.ts';
import { ticks, type World } from './world.ts';

/** Something a hostile driver does; says what, for reports. */
export interface Move {
  readonly name: string;
  /** How often it comes in a life of the device, and between two. */
  readonly alive: number;
  readonly dead: number;
  /** A life rarely survives it. */
  readonly harm?: boolean;
  run(world: World, random: Random): string | Promise<string>;
}

/** Chains that take the indices of a split ring around once. */
const MARATHON = 2 ** 16 + 1000;

/** Most chains a good driver keeps with the device at once: more would be a broken rule. */
function isFull(world: World, queue: number): boolean {
  const ring = world.rings[queue];
  if (ring === undefined || ring.place.size === 0) return true;
  return ring.offered - (world.ledger.queues[queue]?.givenBack ?? 0) > ring.place.size - 4;
}

function offer(world: World, random: Random, broken: boolean): string {
  const request = world.subject.request(random);
  const ring = world.rings[request.queue];
  if (ring === undefined || ring.place.size === 0) return 'nothing: no ring is laid out';
  const { size, areas } = ring.place;
  if (!broken && size > 4 && isFull(world, request.queue)) return 'nothing: the ring is full';
  const chain = chainFor(request, world.ram, random, Math.max(2, Math.min(size, 6)));
  const table = (address: number, entries: typeof chain) => ring.table(address, entries);
  let how = `${request.readable.length} bytes to read, ${request.writable} to write`;
  if (broken) {
    const workshop = { chain, random, size, areas: Object.values(areas), table };
    how = breakChain(workshop);
  } else if (world.indirect && (chain.length > size || random.oneIn(2)))
    throughTable({ chain, random, size, areas: [], table });
  const head = broken && random.oneIn(4) ? random.next() & (random.oneIn(2) ? 0xffff : 0xff) : undefined;
  ring.offer(chain, head, (slot) => world.ledger.holds(request.queue, slot));
  return `queue ${request.queue}: ${how}`;
}

function kick(world: World, queue: number, data = 0): string {
  world.kicks += 1;
  world.wire.kick(queue, data);
  return `queue ${queue}`;
}

/** Every move that is not a PCI function's alone. */
const MOVES: readonly Move[] = [
  { name: 'bring up', alive: 1, dead: 30, run: bringUp },
  {
    name: 'step',
    harm: true,
    alive: 3,
    dead: 12,
    run(world, random) {
      const plan = makePlan(world, random);
      const [name, run] = random.pick([...orderly(world, plan, random), ...disorderly(world, random)]);
      run();
      return name;
    },
  },
  { name: 'offer', alive: 60, dead: 3, run: (world, random) => offer(world, random, false) },
  {
    name: 'flood',
    alive: 1,
    dead: 0,
    run(world, random) {
      const said: string[] = [];
      for (let left = 130; left > 0 && !isFull(world, 0); left -= 1) said[0] = offer(world, random, false);
      for (let left = random.below(6); left > 0; left -= 1) said[1] = `then kicks of ${kick(world, 0)}`;
      return `as many as there is room for: ${said.join(', ')}`;
    },
  },
  {
    name: 'marathon',
    alive: 0.004,
    dead: 0,
    async run(world, random) {
      let offered = 0;
      for (let rounds = MARATHON / 8; rounds > 0 && offered < MARATHON && world.alive; rounds -= 1) {
        for (let left = 64; left > 0 && !isFull(world, 0); left -= 1, offered += 1) offer(world, random, false);
        kick(world, 0);
        world.ledger.turn();
        world.subject.release(random);
        await ticks(2);
        world.ledger.endStep();
        world.ledger.beginStep();
      }
      return `${offered} chains, one after the other`;
    },
  },
  { name: 'offer broken', harm: true, alive: 2, dead: 1, run: (world, random) => offer(world, random, true) },
  {
    name: 'kick',
    alive: 45,
    dead: 3,
    run: (world, random) => kick(world, random.below(world.rings.length), random.oneIn(2) ? 0 : random.below(2 ** 16)),
  },
  { name: 'renew a queue', alive: 4, dead: 0, run: renewQueue },
  {
    name: 'kick nowhere',
    alive: 2,
    dead: 1,
    run: (world, random) => kick(world, random.oneIn(2) ? world.rings.length : random.next() & 0xffff),
  },
  {
    name: 'doorbell',
    alive: 15,
    dead: 0,
    run(world, random) {
      if (world.bells.bound.size === 0) return 'none is bound';
      random.pick([...world.bells.bound]).ring();
      world.kicks += 1;
      world.count.operations += 1;
      return 'rung';
    },
  },
  {
    name: 'turn',
    alive: 50,
    dead: 10,
    async run(world) {
      world.count.operations += 1;
      world.ledger.turn();
      await ticks(3);
      return 'later work done';
    },
  },
  {
    name: 'release',
    alive: 25,
    dead: 10,
    async run(world, random) {
      world.count.operations += 1;
      const was = world.subject.release(random);
      await ticks(2);
      return was ? 'something slow went on' : 'nothing was slow';
    },
  },
  {
    name: 'acknowledge',
    alive: 12,
    dead: 2,
    run(world) {
      world.wire.acknowledge();
      return 'the interrupt';
    },
  },
  {
    name: 'other interface',
    alive: 1,
    dead: 4,
    run(world, random) {
      world.wire = random.pick(world.rig.wires);
      return world.wire.name;
    },
  },
  { name: 'register', harm: true, alive: 30, dead: 30, run: accessRegister },
  {
    name: 'explore',
    alive: 0,
    dead: 3,
    async run(world, random) {
      world.wire.status(0);
      while (world.subject.release(random));
      await ticks(40, () => world.ledger.resetting === 0);
      const said = Array.from({ length: 24 }, () => accessRegister(world, random));
      return `registers after a reset: ${said.join('; ')}`;
    },
  },
  {
    name: 'disturb',
    harm: true,
    alive: 5,
    dead: 2,
    run(world, random) {
      const ring = random.pick(world.rings);
      if (ring.place.size > 0) ring.disturb(random);
      return 'a word of a ring';
    },
  },
  {
    name: 'scribble',
    harm: true,
    alive: 8,
    dead: 2,
    run(world, random) {
      const ring = random.pick(world.rings);
      if (ring.place.size > 0) ring.scribble(random);
      return 'a descriptor';
    },
  },
  {
    name: 'jump',
    harm: true,
    alive: 1,
    dead: 1,
    run(world, random) {
      const by = random.pick([1, 2, 3, -1, 128, 129, 0x7fff, 0x8000, random.below(0x1_0000)]);
      random.pick(world.rings).jump(by);
      return `the available index by ${by}`;
    },
  },
  {
    name: 'poke',
    alive: 10,
    dead: 4,
    run(world, random) {
      const zone = random.pick([LOW_RAM, HIGH_RAM, ZONES.tables, ZONES.requests]);
      const at = zone.base + 4 * random.below(zone.length / 4);
      // Most of the rings are left alone, or nothing would ever come out of them.
      if (at >= ZONES.rings.base && at < ZONES.tables.base && !random.oneIn(20)) return 'nothing';
      world.count.operations += 1;
      world.ram.write32(at, random.oneIn(2) ? random.below(256) : random.next());
      return `RAM at 0x${at.toString(16)}`;
    },
  },
  {
    name: 'power on',
    harm: true,
    alive: 0.3,
    dead: 0.5,
    run(world) {
      world.count.operations += 1;
      world.rig.powerOn?.();
      world.rig.tidy();
      return 'the machine is reset';
    },
  },
];

/** Chooses among moves as often as their weights say. */
class Lottery {
  readonly #moves: readonly Move[];
  readonly #ends: readonly number[];

  constructor(moves: readonly Move[], weight: (move: Move) => number) {
    this.#moves = moves;
    let end = 0;
    this.#ends = moves.map((move) => {
      end += weight(move);
      return end;
    });
  }

  draw(random: Random): Move {
    const at = (random.next() / 2 ** 32) * (this.#ends.at(-1) ?? 0);
    const move = this.#moves[this.#ends.findIndex((end) => at < end)];
    if (move === undefined) throw new Error('a lottery without moves');
    return move;
  }
}

const byState = (moves: readonly Move[]) => ({
  alive: new Lottery(moves, ({ alive }) => alive),
  dead: new Lottery(moves, ({ dead }) => dead),
});
const PLAIN = byState(MOVES);
const WITH_PCI = byState([...MOVES, ...PCI_MOVES]);

/** The next move, by what state the device is in. */
export function nextMove(world: World, random: Random): Move {
  const { alive, dead } = world.rig.pci === undefined ? PLAIN : WITH_PCI;
  if (!world.alive) return dead.draw(random);
  for (;;) {
    const move = alive.draw(random);
    if (move.harm !== true || random.oneIn(world.calm)) return move;
  }
}

import type { Gpa, GuestMemory } from '../../../devices/ports.ts';
import { startDevice } from '../../../devices/virtio/fake-driver/driver-transport.ts';
import { Arena } from '../../../devices/virtio/fake-driver/guest-ram.ts';
import { Random } from '../../support/random.ts';
import { Broken } from '../broken.ts';
import { nextMove } from './moves.ts';
import { HostileRam, LOW_RAM } from './ram.ts';
import { Verdict } from './verdict.ts';
import { type Target, ticks, World } from './world.ts';

/** Moves of one session. */
export const MOVES = 400;
/** Moves between two looks at every byte of memory. */
const AUDIT = 50;
/** Turns in which everything that was begun has to end. */
const LAST_TURNS = 64;

/** What sessions came to. */
export interface Tally {
  operations: number;
  sessions: number;
  kicks: number;
  lives: number;
  popped: number;
  returned: number;
  interrupts: number;
  /** Broken rules the device reported, by kind. */
  readonly faults: Map<string, number>;
}

export function emptyTally(): Tally {
  return { operations: 0, sessions: 0, kicks: 0, lives: 0, popped: 0, returned: 0, interrupts: 0, faults: new Map() };
}

/** Which session: the same numbers play the same one. */
export interface SessionName {
  readonly target: Target;
  readonly seed: number;
  readonly series: number;
}

/** Plays sessions, one after the other, in memory it makes once. */
export class Sessions {
  readonly #ram = new HostileRam(new Verdict());

  /**
   * Plays the moves of one session with these numbers, all of them by default.
   *
   * @throws Broken when anything the device promises does not hold.
   */
  async play(
    { target, seed, series }: SessionName,
    tally: Tally,
    { moves = MOVES_IN_ORDER, log }: { moves?: readonly number[]; log?: (line: string) => void } = {},
  ): Promise<void> {
    const world = new World(target, this.#ram, seed, series);
    const random = new Random(0);
    const { ledger } = world;
    try {
      for (const number of moves) {
        random.restart(seed ^ (series << 12), number ^ (series >>> 20));
        const move = nextMove(world, random);
        ledger.beginStep();
        log?.(`${number}: ${move.name}`);
        const said = move.run(world, random);
        const what = typeof said === 'string' ? said : await said;
        log?.(`  ${what}`);
        ledger.endStep();
        if (number % AUDIT === AUDIT - 1) this.#ram.audit(ledger.live());
      }
      log?.('the end');
      await this.#end(world);
    } catch (error) {
      if (error instanceof Broken) throw error;
      throw new Broken(error instanceof Error ? (error.stack ?? error.message) : String(error));
    } finally {
      count(world, tally);
    }
  }

  /** Everything has to come to an end, and a good driver finds a device that works. */
  async #end(world: World): Promise<void> {
    const { ledger, subject, rig, signals, ram } = world;
    world.good = true;
    ledger.racing = false;
    ledger.beginStep();
    for (let turn = 0; turn < LAST_TURNS; turn += 1) await letGo(world);
    if (ledger.resetting > 0) throw new Broken('a reset of the device does not end');
    ram.audit(ledger.live());
    if (signals.messages > ledger.causes + 1)
      throw new Broken(`${signals.messages} messages for ${ledger.causes} causes`);
    rig.tidy();
    world.wire.status(0);
    // By the legacy interface the status reads 0 at once, whether or not the device has come to rest.
    const isOver = () => world.wire.readStatus() === 0 && ledger.resetting === 0;
    for (let turn = 0; turn < LAST_TURNS && !isOver(); turn += 1) await letGo(world);
    if (!isOver()) throw new Broken('the status does not read 0 after a reset');
    ram.audit(ledger.live());
    if (world.bells.bound.size > 0) throw new Broken(`${world.bells.bound.size} doorbells are bound after a reset`);
    if (signals.level) throw new Broken('the interrupt line is raised after a reset');
    const leak = subject.leaked();
    if (leak !== undefined) throw new Broken(leak);
    await probe(world);
  }
}

const MOVES_IN_ORDER = Array.from({ length: MOVES }, (_, number) => number);

/** Lets whatever waits go on: slow answers, later turns, promises. */
async function letGo({ ledger, subject }: World): Promise<void> {
  while (subject.release(ANY));
  ledger.turn();
  await ticks(16);
}

const ANY = new Random(1);

/** A good driver brings the device to life and has one request answered. */
async function probe(world: World): Promise<void> {
  const { rig, ram, subject, signals, ledger } = world;
  const { queue: index, readable, writable, judge } = subject.probe;
  const driverSide: GuestMemory = { view: (address: Gpa, length: number) => bytesOf(ram, address, length) };
  const arena = new Arena(driverSide, 0x1000, LOW_RAM.length - 0x1000);
  const transport = rig.driver(() => letGo(world));
  const queues = await startDevice(transport, arena, {
    features: subject.device.features,
    packed: world.target.format === 'packed',
    indirect: world.vectors !== 1,
    eventIdx: world.vectors === undefined,
  });
  const queue = queues[index];
  if (queue === undefined) throw new Broken(`there is no queue ${index} after a reset`);
  const [request, reply] = [arena.allocate(Math.max(1, readable.length)), arena.allocate(writable)];
  arena.bytes(request, readable.length).set(readable);
  const before = signals.total;
  queue.add(readable.length > 0 ? [{ address: request, length: readable.length }] : [], [
    { address: reply, length: writable },
  ]);
  if (queue.publish()) transport.kick(index);
  let used = queue.takeUsed();
  for (let turn = 0; turn < LAST_TURNS && used === undefined; turn += 1) {
    await letGo(world);
    used = queue.takeUsed();
  }
  if (used === undefined) throw new Broken('the device does not answer a good driver after a reset');
  const wrong = judge(arena.bytes(reply, used.len));
  if (wrong !== undefined) throw new Broken(`the answer to a good driver after a reset ${wrong}`);
  for (let turn = 0; turn < 2; turn += 1) await letGo(world);
  if (signals.total === before) throw new Broken('the device does not interrupt a good driver after a reset');
  ledger.endStep();
}

function bytesOf(ram: HostileRam, address: number, length: number): Uint8Array | undefined {
  return ram.read(address, length);
}

function count({ count: { operations }, ledger, signals, kicks }: World, tally: Tally): void {
  tally.operations += operations;
  tally.sessions += 1;
  tally.kicks += kicks;
  tally.lives += ledger.lives;
  tally.popped += ledger.popped;
  tally.returned += ledger.returned;
  tally.interrupts += signals.total;
  for (const [kind, times] of ledger.faults) tally.faults.set(kind, (tally.faults.get(kind) ?? 0) + times);
}

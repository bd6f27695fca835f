/** All runs of everything, by turns. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBenchGuest } from '../../vmm/fixtures/bench-guest.ts';
import { ensureKernel } from '../../vmm/fixtures/kernel.ts';
import { ensureRoot } from '../../vmm/fixtures/root.ts';
import type { Settled, Setup } from './arguments.ts';
import { type BareTime, buildBare, runBare } from './bare-run.ts';
import { bootWords, ROOT_TAG, timeBoot } from './boot-run.ts';
import { buildDriver } from './driver.ts';
import { runGuest } from './guest-run.ts';
import { type Command, type MachineWish, qemuCommand, type Shared, tsvmmCommand } from './machines.ts';
import type { Unit } from './operations.ts';
import { operationRows, PEER, plainRow, type Row } from './results.ts';
import { makeShare } from './share.ts';

/** What one machine may take in all, in milliseconds: much more than it does where KVM is emulated as well. */
const LIMIT_MS = 1_200_000;
const MIB = 1 << 20;
const RESIDENT: Unit = { name: 'MiB', lessIsBetter: true };
const BOOT: Unit = { name: 'ms', lessIsBetter: true };

/** A column: how its machine is started. */
interface Contestant {
  readonly column: string;
  command(wish: MachineWish): Command;
}

/** Who waits for all this: is told what is being done, and may have enough of it. */
export interface Watcher {
  say(line: string): void;
  readonly signal: AbortSignal;
}

/** The machines that take part, in the order of their columns. */
export function contestants({ accel, qemu, variants }: Settled): Contestant[] {
  const own = variants.map((deviceOptions) => ({
    column: `tsvmm ${deviceOptions}`,
    command: (wish: MachineWish) => tsvmmCommand({ ...wish, deviceOptions }),
  }));
  return [
    ...(accel !== 'tcg' ? [{ column: 'tsvmm', command: tsvmmCommand }, ...own] : []),
    ...(qemu === undefined ? [] : [{ column: PEER, command: (wish: MachineWish) => qemuCommand(wish, qemu) }]),
  ];
}

/** The files all machines work on, and the program that does without one. */
export interface Work {
  readonly share: string;
  /** For the devices that have nothing to do. */
  readonly empty: string;
  readonly bare: string;
  /** Where a machine without a CPU takes commands, and what gives them. */
  readonly seat: { readonly socket: string; readonly driver: string };
}

/** Makes them in a directory that is there for this alone. */
export function prepareWork({ operations, accel }: Settled, scratch: string, watcher: Watcher): Work {
  const seat = { socket: join(scratch, 'machine'), driver: join(scratch, 'driver') };
  const work = { share: join(scratch, 'share'), empty: join(scratch, 'empty'), bare: join(scratch, 'bare'), seat };
  watcher.say('making files');
  makeShare(
    work.share,
    operations.flatMap(({ entries }) => (entries === undefined ? [] : [entries])),
  );
  mkdirSync(work.empty);
  buildBare(work.bare);
  if (accel === 'qtest') buildDriver(seat.driver);
  return work;
}

/** Measures the operations on the machines of one setup. */
export async function collectOperations(options: Settled, setup: Setup, work: Work, watcher: Watcher): Promise<Row[]> {
  const { operations, accel, ms, warm } = options;
  const kernel = accel === 'qtest' ? '' : await ensureBenchGuest();
  const idle = Array.from(
    { length: setup.devices - 1 },
    (_, index): Shared => ({ path: work.empty, tag: `idle${index}` }),
  );
  const words = [`ops=${operations.map(({ name }) => name).join(',')}`, `ms=${ms}`, `warm=${warm}`];
  const wish: MachineWish = {
    ...{ kernel, accel, seat: work.seat, ram: setup.ram, shares: [{ path: work.share, tag: 'share' }, ...idle] },
    words: ['tag=share ask=on', `fids=${setup.fids}`, ...words].join(' '),
  };
  const bareNames = [...new Set(operations.flatMap(({ bare }) => bare ?? []))];
  const bare: BareTime[][] = [];
  const measure = ({ command }: Contestant) => runGuest(command(wish), setup.ram * MIB, LIMIT_MS, watcher.signal);
  const guests = await byTurns(options, watcher, measure, () => {
    if (bareNames.length > 0) bare.push(runBare(work.bare, work.share, ms, bareNames));
  });
  const resident = new Map([...guests].map(([column, runs]) => [column, runs.map((run) => run.resident / MIB)]));
  return [
    ...operationRows(operations, guests, bare),
    plainRow('resident', 'resident memory beyond guest RAM', RESIDENT, resident),
  ];
}

/** Measures boots of the fixture kernel. */
export async function collectBoots(options: Settled, watcher: Watcher): Promise<Row> {
  const { bzImage } = await ensureKernel();
  const { root } = await ensureRoot();
  const shares = [{ path: root, tag: ROOT_TAG }];
  const wish: MachineWish = { kernel: bzImage, words: bootWords(), accel: options.accel, ram: 128, shares };
  // No option of a device is worth a boot of its own.
  const boots = await byTurns({ ...options, variants: [] }, watcher, ({ command }) =>
    timeBoot(command(wish), LIMIT_MS, watcher.signal),
  );
  return plainRow('boot', 'boot, process start to userland', BOOT, boots);
}

/** Every contestant in every run, the order turned round each time so that none always comes after the same other. */
async function byTurns<T>(
  options: Settled,
  watcher: Watcher,
  measure: (contestant: Contestant) => Promise<T>,
  afterRun: () => void = () => undefined,
): Promise<Map<string, T[]>> {
  const all = contestants(options);
  const results = new Map<string, T[]>(all.map(({ column }) => [column, []]));
  for (let run = 0; run < options.runs; run++) {
    for (const contestant of run % 2 === 0 ? all : all.toReversed()) {
      watcher.signal.throwIfAborted();
      watcher.say(`run ${run + 1} of ${options.runs}: ${contestant.column}`);
      results.get(contestant.column)?.push(await measure(contestant));
    }
    afterRun();
  }
  return results;
}

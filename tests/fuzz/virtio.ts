// npm run fuzz:virtio -- [--target NAME,...|all] [--operations N] [--seed N] [--first N]: a hostile driver on every transport.
import { SingleBar } from 'cli-progress';
import { type CommandOptions, commandLine, refuse } from '../support/command-line.ts';
import { Broken } from './broken.ts';
import { campaign, type Outcome } from './hostile/campaign.ts';
import { TARGETS } from './hostile/world.ts';
import { Watchdog } from './watchdog.ts';

const HANG_MS = 60_000;
/** A resident size that grew by more than this is a leak. */
const MOST_GROWTH = 64 * 2 ** 20;

const OPTIONS = {
  target: { default: 'all' },
  operations: { whole: 1, default: '1000000' },
  seed: { whole: 0, default: String(Date.now() % 1_000_000) },
  first: { whole: 0, default: '0' },
} as const satisfies CommandOptions;

function report(target: string, outcome: Outcome, seconds: number): void {
  const { operations, sessions, lives, kicks, popped, returned, interrupts, faults, rssStart, rssEnd } = outcome;
  console.log(
    `${target}: ${operations} operations in ${sessions} sessions, ${lives} lives, ${kicks} kicks, ${popped} chains taken, ` +
      `${returned} returned, ${interrupts} interrupts, ${Math.round(operations / seconds)} operations/s`,
  );
  for (const [kind, times] of [...faults].sort(([, a], [, b]) => b - a)) console.log(`  ${times} ${kind}`);
  const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  if (rssStart > 0) console.log(`  resident: ${mib(rssStart)} after a warm-up, ${mib(rssEnd)} at the end`);
  if (rssStart > 0 && rssEnd - rssStart > MOST_GROWTH)
    throw new Broken(`the resident size grew by ${mib(rssEnd - rssStart)}`);
}

const { target, operations, seed, first } = commandLine('fuzz:virtio', OPTIONS);
const known = [...TARGETS.keys()];
const targets = target === 'all' ? known : target.split(',');
for (const name of targets) {
  if (!known.includes(name)) refuse('fuzz:virtio', `no target '${name}'; give all, or some of ${known.join(',')}`);
}
const share = Math.ceil(operations / targets.length);
console.log(`fuzz:virtio: ${operations} operations, --seed ${seed}, ${targets.join(', ')}`);
const watchdog = new Watchdog(HANG_MS);
let total = 0;
for (const name of targets) {
  const bar = new SingleBar({ format: `${name} {bar} {percentage}% {value}/{total} operations` });
  bar.start(share, 0);
  const started = performance.now();
  const progress = (done: number) => {
    watchdog.beat();
    bar.update(Math.min(done, share));
  };
  try {
    const outcome = await campaign({ target: name, operations: share, seed, first, progress });
    bar.stop();
    report(name, outcome, (performance.now() - started) / 1000);
    total += outcome.operations;
  } catch (error) {
    bar.stop();
    if (!(error instanceof Broken)) throw error;
    console.error(`fuzz:virtio: BROKEN: ${name}: ${error.message}`);
    process.exit(1);
  }
}
console.log(`fuzz:virtio: ${total} operations, nothing broken`);
await watchdog.stop();

// npm run fuzz -- [--backend NAME|all] [--messages N] [--seed N] [--first N]: whole sessions over real backends.
import { SingleBar } from 'cli-progress';
import { type CommandOptions, commandLine, refuse } from '../support/command-line.ts';
import { Broken } from './broken.ts';
import { campaign, type Outcome } from './campaign.ts';
import { TARGETS } from './targets.ts';
import { Watchdog } from './watchdog.ts';

const HANG_MS = 60_000;
/** A resident size that grew by more than this is a leak. */
const MOST_GROWTH = 64 * 2 ** 20;

const OPTIONS = {
  backend: { default: 'all' },
  messages: { whole: 1, default: '1000000' },
  seed: { whole: 0, default: String(Date.now() % 1_000_000) },
  first: { whole: 0, default: '0' },
} as const satisfies CommandOptions;

function report(backend: string, outcome: Outcome, seconds: number): void {
  const { messages, replies, takenBack, errors, dialects, conversations, rssStart, rssEnd } = outcome;
  const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  console.log(
    `${backend}: ${messages} messages in ${conversations} sessions, ${replies} replies, ${takenBack} taken back, ` +
      `${Math.round(messages / seconds)} messages/s`,
  );
  const failed = [...errors].sort(([, a], [, b]) => b - a).map(([name, count]) => `${name} ${count}`);
  console.log(`  spoken: ${[...dialects].map(([version, count]) => `${version} ${count}`).join(', ')}`);
  console.log(`  errors: ${failed.join(', ')}`);
  if (rssStart > 0) console.log(`  resident: ${mib(rssStart)} after a warm-up, ${mib(rssEnd)} at the end`);
  if (replies + takenBack !== messages)
    throw new Broken(`${messages - replies - takenBack} messages were never answered`);
  if (rssStart > 0 && rssEnd - rssStart > MOST_GROWTH)
    throw new Broken(`the resident size grew by ${mib(rssEnd - rssStart)}`);
}

const { backend, messages, seed, first } = commandLine('fuzz', OPTIONS);
const known = Object.keys(TARGETS);
const backends = backend === 'all' ? known : backend.split(',');
for (const name of backends) {
  if (!known.includes(name)) refuse('fuzz', `no backend '${name}'; give all, or some of ${known.join(',')}`);
}
const share = Math.ceil(messages / backends.length);
console.log(`fuzz: ${messages} messages, --seed ${seed}, ${backends.join(', ')}`);
const watchdog = new Watchdog(HANG_MS);
for (const target of backends) {
  const bar = new SingleBar({ format: `${target} {bar} {percentage}% {value}/{total} messages` });
  bar.start(share, 0);
  const started = performance.now();
  const progress = (done: number) => {
    watchdog.beat();
    bar.update(done);
  };
  try {
    const outcome = await campaign({ target, messages: share, seed, first, progress });
    bar.stop();
    report(target, outcome, (performance.now() - started) / 1000);
  } catch (error) {
    bar.stop();
    if (!(error instanceof Broken)) throw error;
    console.error(`fuzz: BROKEN: ${error.message}`);
    process.exit(1);
  }
}
await watchdog.stop();

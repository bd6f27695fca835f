// npm run requests -- [--requests N] [--seed N]: requests to a 9P device through every transport and kind of ring.
import { SingleBar } from 'cli-progress';
import { type CommandOptions, commandLine } from '../support/command-line.ts';
import { campaign } from './campaign.ts';
import { RequestsFailed } from './patience.ts';
import { VARIANTS } from './variants.ts';

/** A resident size that grew by more than this is a leak. */
const MOST_GROWTH = 64 * 2 ** 20;

const OPTIONS = {
  requests: { whole: 1, default: '1000000' },
  seed: { whole: 0, default: String(Date.now() % 1_000_000) },
} as const satisfies CommandOptions;

const { requests, seed } = commandLine('requests', OPTIONS);
console.log(`requests: ${requests} through ${VARIANTS.length} variants, --seed ${seed}`);
const bar = new SingleBar({ format: '{bar} {percentage}% {value}/{total} requests' });
bar.start(requests, 0);
const started = performance.now();
try {
  const outcome = await campaign({ requests, seed, progress: (done) => bar.update(done) });
  bar.stop();
  const seconds = (performance.now() - started) / 1000;
  const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  for (const [transport, count] of outcome.byTransport) console.log(`  ${transport}: ${count}`);
  console.log(
    `${outcome.requests} requests came back and every checksum is right: ${Math.round(outcome.requests / seconds)}/s, ` +
      `${outcome.interrupts} interrupts, ${outcome.queueResets} queues reset with requests under way`,
  );
  console.log(`resident: ${mib(outcome.rssStart)} after a warm-up, ${mib(outcome.rssEnd)} at the end`);
  if (outcome.rssEnd - outcome.rssStart > MOST_GROWTH) {
    throw new RequestsFailed(`the resident size grew by ${mib(outcome.rssEnd - outcome.rssStart)}`);
  }
} catch (error) {
  bar.stop();
  if (!(error instanceof RequestsFailed)) throw error;
  console.error(`requests: ${error.message}\nrequests: repeat with --requests ${requests} --seed ${seed}`);
  process.exitCode = 1;
}

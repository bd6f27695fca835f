import { utf8 } from '../../bytes/wire.ts';
import { fidNumber, NOFID } from '../../ninep/wire-types.ts';
import { Random } from '../support/random.ts';
import { Patience, RequestsFailed } from './patience.ts';
import { Share, type ShareHabits } from './share.ts';
import { TRANSPORTS, VARIANTS, type Variant, variantName } from './variants.ts';
import { makePool, Worker } from './worker.ts';

const WORKERS = 8;
/** Most polling where habits are not given: at times a slow backend takes longer, at times not. */
const POLL_US = 200;
/** Resets of the queue within the run of one variant, where it can be reset. */
const RESETS = 3;

/** What is to be done. */
export interface CampaignOptions {
  /** At least so many requests over all variants. */
  readonly requests: number;
  readonly seed: number;
  /** All of them unless given. */
  readonly variants?: readonly Variant[];
  /** The same for all variants; every combination in turn unless given. */
  readonly habits?: ShareHabits;
  /** Told of the requests made so far, after each variant. */
  readonly progress?: (requests: number) => void;
}

/** What was done. */
export interface Outcome {
  readonly requests: number;
  readonly interrupts: number;
  readonly kicks: number;
  readonly queueResets: number;
  /** Requests by transport. */
  readonly byTransport: ReadonlyMap<string, number>;
  /** Resident bytes after the first variants, once everything is compiled, and at the end. */
  readonly rssStart: number;
  readonly rssEnd: number;
}

/** Sends requests through every variant in turn. @throws RequestsFailed that says with which variant what went wrong. */
export async function campaign(options: CampaignOptions): Promise<Outcome> {
  const { requests, seed, variants = VARIANTS, progress } = options;
  const byTransport = new Map<string, number>();
  const sum = { requests: 0, interrupts: 0, kicks: 0, queueResets: 0 };
  let rssStart = 0;
  const pool = makePool(new Random(seed));
  const warm = Math.ceil(variants.length / 10);
  for (const [index, variant] of variants.entries()) {
    const random = new Random(seed, index);
    const habits = options.habits ?? { slow: index % 2 === 1, pollUs: index % 4 > 1 ? POLL_US : 0 };
    const plan = { variant, quota: Math.ceil(requests / variants.length), habits, random, pool };
    const share = await runVariant(plan);
    sum.requests += share.requests;
    sum.interrupts += share.interrupts;
    sum.kicks += share.kicks;
    sum.queueResets += share.queueResets;
    byTransport.set(variant.transport, (byTransport.get(variant.transport) ?? 0) + share.requests);
    if (index === warm) rssStart = process.memoryUsage.rss();
    progress?.(sum.requests);
  }
  return { ...sum, byTransport, rssStart, rssEnd: process.memoryUsage.rss() };
}

/** One variant's part of a campaign. */
interface Plan {
  readonly variant: Variant;
  /** Requests to be made. */
  readonly quota: number;
  readonly habits: ShareHabits;
  readonly random: Random;
  readonly pool: Uint8Array;
}

async function runVariant(plan: Plan) {
  const { variant, habits } = plan;
  let lose = (_: RequestsFailed): void => {};
  const lost = new Promise<never>((_, reject) => {
    lose = reject;
  });
  const patience = new Patience((error) => lose(error));
  const share = new Share(variant, habits, plan.random, patience);
  try {
    const queueResets = await Promise.race([lost, work(share, patience, plan)]);
    share.check();
    return { requests: share.requests, interrupts: share.interrupts, kicks: share.kicks, queueResets };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const complaints = share.complaints.map((line) => ` (${line})`).join('');
    throw new RequestsFailed(`${variantName(variant)}${said(habits)}: ${why}${complaints}`, {
      cause: error,
    });
  } finally {
    patience.end();
  }
}

function said({ slow, pollUs }: ShareHabits): string {
  return `${slow ? ', slow backend' : ''}${pollUs > 0 ? ', polling' : ''}`;
}

async function work(share: Share, patience: Patience, { variant, quota, random, pool }: Plan): Promise<number> {
  await share.start();
  const { client } = share;
  await client.version();
  const uname = utf8('root');
  await client.call('Tattach', { fid: fidNumber(0), afid: NOFID, uname, aname: utf8(''), n_uname: 0 });
  const workers = Array.from({ length: WORKERS }, (_, index) => new Worker(index, random, share, pool));
  await Promise.all(workers.map((worker) => worker.open()));

  const planned = TRANSPORTS[variant.transport].legacy ? 0 : RESETS;
  let resets = 0;
  let resetting = false;
  /** The worker that comes by when it is time resets the queue under the others. */
  const resetIfDue = async (): Promise<void> => {
    if (resetting || resets >= planned || share.requests < ((resets + 1) * quota) / (planned + 1)) return;
    resets += 1;
    resetting = true;
    await share.resetQueue();
    resetting = false;
  };
  const run = async (worker: Worker): Promise<void> => {
    while (share.requests < quota && !patience.over) {
      await resetIfDue();
      await worker.step();
    }
    await worker.check();
  };
  await Promise.all(workers.map(run));
  return resets;
}

/** Lab 6: a mount, traced. The exercise answers questions about a recording; the right answers are read from it here. */
import { readFile } from 'node:fs/promises';
import type { Answers } from '../../docs/labs/lab.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { eventLine } from '../../trace/event-text.ts';
import { RecordingReader } from '../../trace/recording/recording-reader.ts';
import { eventsOf, type Finding, type OfKind } from '../finding.ts';
import { type Check, run } from '../lab.ts';

/** From the root of the repository, where the command runs. */
const RECORDING = 'docs/recordings/mount.tsvmm';
/** Mount tag of the share in the recording. */
const SHARE = 'host';

/** The events one request belongs to. */
interface Steps {
  readonly kick: TraceEvent<'kick'>;
  readonly request: TraceEvent<'request'>;
  readonly calls: readonly TraceEvent<'host-call'>[];
  readonly reply: TraceEvent<'reply'>;
  readonly notification: TraceEvent<'notification'>;
}

/** What there is to know about the recording. */
interface Facts {
  readonly all: readonly TraceEvent[];
  readonly share: readonly TraceEvent[];
  readonly read: Steps;
  readonly version: TraceEvent<'reply'>;
  readonly attach: TraceEvent<'reply'>;
}

type Question<K extends keyof Answers> = {
  right(facts: Facts): Answers[K];
  /** Where to look, and what a wrong answer may come from. */
  hint(facts: Facts, given: unknown): string;
};

const seen = (event: TraceEvent) => eventLine(event).trim().replace(/ +/g, ' ');

/** The questions, in order. */
const QUESTIONS: { readonly [K in keyof Answers]: Question<K> } = {
  mountTag: {
    right: () => SHARE,
    hint: ({ all }) => {
      const devices = [...new Set(all.flatMap((event) => (event.kind === 'plugged' ? [event.device] : [])))];
      return `devices are known by their mount tags: ${devices.join(', ')}; those of tsvmm itself begin with 'tsvmm.'`;
    },
  },
  msize: {
    right: ({ version }) => (version.fields.fields as { readonly msize: number }).msize,
    hint: ({ version }) =>
      `the server has the last word, in the first Rversion: ${seen(version)}. Its fields.fields has msize`,
  },
  opening: {
    right: ({ share, attach }) =>
      share.flatMap((event) => (event.kind === 'request' && event.id < attach.id ? [event.fields.name] : [])),
    hint: ({ attach }) => `take the requests of device '${SHARE}' before event ${attach.id}: ${seen(attach)}`,
  },
  readCalls: {
    right: ({ read }) => read.calls.map(({ fields }) => fields.name),
    hint: ({ read }, given) => {
      const link = `a host-call names the request it was made for in fields.request; the first Tread of '${SHARE}' is event ${read.request.id}`;
      const few = Array.isArray(given) && given.length > read.calls.length;
      return few ? `${link}. Other requests make calls, too` : link;
    },
  },
  bytesRead: {
    right: ({ read }) => (read.reply.fields.fields as { readonly data: { readonly length: number } }).data.length,
    hint: ({ read }, given) => {
      const { size } = read.reply.fields;
      if (given === size)
        return `${size} bytes is the whole Rread: size[4] type[1] tag[2] count[4] come before the data`;
      if (given === (read.request.fields.fields as { readonly count?: number }).count) {
        return 'that is what the guest asked for in Tread, not what it got';
      }
      return `the reply is event ${read.reply.id}: ${seen(read.reply)}`;
    },
  },
  kickToInterrupt: {
    right: ({ read }) => read.notification.time - read.kick.time,
    hint: ({ read }, given) => {
      if (given === read.reply.fields.took) return 'that is from request to reply; the way through the ring is longer';
      return `follow the links: request ${read.request.id}, its fields.chain, the kick of that, the used element of that chain, and the notification whose fields.used names it. Times are microseconds already`;
    },
  },
  errors: {
    right: ({ share }) => share.filter((event) => event.kind === 'reply' && event.fields.error !== undefined).length,
    hint: ({ all }, given) => {
      const everywhere = all.filter((event) => event.kind === 'reply' && event.fields.error !== undefined).length;
      if (given === everywhere) return `that counts the replies of every device; the question is about '${SHARE}'`;
      return 'a reply to a request that failed has fields.error; failed system calls are something else';
    },
  },
};

function factsOf(all: readonly TraceEvent[]): Facts {
  const share = all.filter(({ device }) => device === SHARE);
  const of = <K extends TraceEvent['kind']>(kind: K): OfKind<K>[] => eventsOf({ events: share }, kind);
  const one = <K extends TraceEvent['kind']>(kind: K, passes: (event: OfKind<K>) => boolean): OfKind<K> => {
    const found = of(kind).find(passes);
    if (found === undefined)
      throw new Error(`the recording has no such ${kind}: make it anew with npm run docs:recording`);
    return found;
  };
  const request = one('request', ({ fields }) => fields.name === 'Tread');
  const chain = one('chain', ({ id }) => id === request.fields.chain);
  const used = one('used', ({ fields }) => fields.chain === chain.id);
  return {
    all,
    share,
    read: {
      request,
      kick: one('kick', ({ id }) => id === chain.fields.kick),
      calls: of('host-call').filter(({ fields }) => fields.request === request.id),
      reply: one('reply', ({ fields }) => fields.request === request.id),
      notification: one('notification', ({ fields }) => fields.used?.includes(used.id) === true),
    },
    version: one('reply', ({ fields }) => fields.name === 'Rversion'),
    attach: one('reply', ({ fields }) => fields.name === 'Rattach'),
  };
}

/** The first question answered wrongly. */
function firstWrong(facts: Facts, answers: Partial<Answers>): Finding | undefined {
  for (const name of Object.keys(QUESTIONS) as (keyof Answers)[]) {
    const question: Question<keyof Answers> = QUESTIONS[name];
    const given = answers[name];
    if (JSON.stringify(given) === JSON.stringify(question.right(facts))) continue;
    return {
      wrong: `${name} is not ${JSON.stringify(given)}`,
      spec: 'trace/README.md, Events',
      next: question.hint(facts, given),
    };
  }
  return undefined;
}

function checkRecording(bytes: () => Promise<Uint8Array>): Check {
  return async (exported) => {
    if (typeof exported !== 'function') {
      const finding = { wrong: 'the file does not export a function by default', next: "keep its 'export default'" };
      return { finding, events: [] };
    }
    const recording = await RecordingReader.open(await bytes());
    const events: TraceEvent[] = [];
    for await (const event of recording.from()) events.push(event);
    const ended = await run(exported as (recording: RecordingReader) => Promise<Partial<Answers>>, recording);
    if ('thrown' in ended) return { ...ended, events };
    return { finding: firstWrong(factsOf(events), ended.answer ?? {}), events };
  };
}

/** Judges lab 6 by the recording that comes with the documents. */
export const checkLab6: Check = checkRecording(() => readFile(RECORDING));

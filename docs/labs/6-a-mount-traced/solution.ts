import type { Answers, RecordedEvent, Recording } from '../lab.ts';

const SHARE = 'host';

/** The first event of a kind that passes. */
function first<K extends RecordedEvent['kind']>(
  events: readonly RecordedEvent[],
  kind: K,
  passes: (event: RecordedEvent<K>) => boolean = () => true,
): RecordedEvent<K> {
  const isOfKind = (event: RecordedEvent): event is RecordedEvent<K> => event.kind === kind;
  const found = events.filter(isOfKind).find(passes);
  if (found === undefined) throw new Error(`the recording has no such ${kind}`);
  return found;
}

/** Finds out what happened in the recording of a mount. */
export default async function aMountTraced(recording: Recording): Promise<Answers> {
  const events: RecordedEvent[] = [];
  for await (const event of recording.from(0)) if (event.device === SHARE) events.push(event);

  const agreed = first(events, 'reply', ({ fields }) => fields.name === 'Rversion');
  const attached = first(events, 'reply', ({ fields }) => fields.name === 'Rattach');
  const opening = events.flatMap((event) =>
    event.kind === 'request' && event.id < attached.id ? [event.fields.name] : [],
  );

  const read = first(events, 'request', ({ fields }) => fields.name === 'Tread');
  const answered = first(events, 'reply', ({ fields }) => fields.request === read.id);
  const calls = events.flatMap((event) =>
    event.kind === 'host-call' && event.fields.request === read.id ? [event.fields.name] : [],
  );

  const chain = first(events, 'chain', ({ id }) => id === read.fields.chain);
  const kick = first(events, 'kick', ({ id }) => id === chain.fields.kick);
  const used = first(events, 'used', ({ fields }) => fields.chain === chain.id);
  const told = first(events, 'notification', ({ fields }) => fields.used?.includes(used.id) ?? false);

  return {
    mountTag: SHARE,
    msize: (agreed.fields.fields as { readonly msize: number }).msize,
    opening,
    readCalls: calls,
    bytesRead: (answered.fields.fields as { readonly data: { readonly length: number } }).data.length,
    kickToInterrupt: told.time - kick.time,
    errors: events.filter((event) => event.kind === 'reply' && event.fields.error !== undefined).length,
  };
}

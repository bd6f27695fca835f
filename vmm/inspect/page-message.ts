import type { PageMessage } from '../../inspector/protocol.ts';
import { kindsNamed } from '../../trace/filter.ts';

/** Longest name of a device. */
const MOST_NAME = 256;

/** A message of a page that is none; the page is hung up on. */
export class BadMessage extends Error {
  override readonly name = 'BadMessage';
}

type Json = Readonly<Record<string, unknown>>;

/** How the rest of each kind of message is read. */
const READERS: { readonly [K in PageMessage['kind']]: (json: Json) => Extract<PageMessage, { kind: K }> } = {
  pause: () => ({ kind: 'pause' }),
  resume: () => ({ kind: 'resume' }),
  taken: () => ({ kind: 'taken' }),
  step: ({ before }) => {
    const { kinds, device } = (typeof before === 'object' && before !== null ? before : {}) as Json;
    if (!Array.isArray(kinds) || !kinds.every((kind) => typeof kind === 'string')) {
      throw new BadMessage('a step names kinds of events');
    }
    const unknown = kindsNamed(kinds);
    if (typeof unknown === 'string') throw new BadMessage('a step names a kind of event that there is not');
    if (device !== undefined && (typeof device !== 'string' || device.length > MOST_NAME)) {
      throw new BadMessage('a step names its device by text');
    }
    return { kind: 'step', before: { kinds, ...(device !== undefined && { device }) } };
  },
};

/** Reads what a page says. @throws BadMessage */
export function readPageMessage(text: string): PageMessage {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new BadMessage('a message is JSON');
  }
  const kind = typeof json === 'object' && json !== null && 'kind' in json ? json.kind : undefined;
  if (typeof kind !== 'string' || !Object.hasOwn(READERS, kind)) throw new BadMessage('a message has a kind');
  return READERS[kind as PageMessage['kind']](json as Json);
}

/** What the page asks the server by plain requests. */
import { PATHS, PROTOCOL_VERSION, type SessionDescription } from '../protocol.ts';
import type { Place } from './place.ts';

/** The server cannot be talked to; the message is one sentence for people. */
export class ServerError extends Error {
  override readonly name = 'ServerError';
}

/** What is needed of an answer. */
interface Answer {
  readonly ok: boolean;
  readonly status: number;
  json(): Promise<unknown>;
  text(): Promise<string>;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** As the browser's `fetch`. */
export type Fetch = (url: string, init: { readonly headers: Record<string, string> }) => Promise<Answer>;

/** What the server is for. @throws ServerError where it does not let this page in, or is of another version. */
export async function describeSession(place: Place, fetch: Fetch = globalThis.fetch): Promise<SessionDescription> {
  const session = (await (await ask(place, PATHS.session, fetch)).json()) as Partial<SessionDescription> | null;
  if (session?.protocol !== PROTOCOL_VERSION) {
    throw new ServerError('The page is of another version than the program that serves it: load it again.');
  }
  return session as SessionDescription;
}

/** The bytes of the recording that is served. @throws ServerError */
export async function fetchRecording(place: Place, fetch: Fetch = globalThis.fetch): Promise<Uint8Array> {
  return new Uint8Array(await (await ask(place, PATHS.recording, fetch)).arrayBuffer());
}

async function ask({ origin, token }: Place, path: string, fetch: Fetch): Promise<Answer> {
  let response: Answer;
  try {
    response = await fetch(origin + path, { headers: { authorization: `Bearer ${token}` } });
  } catch (cause) {
    throw new ServerError('The program that serves this page does not answer; it may have ended.', { cause });
  }
  if (response.status === 401) {
    throw new ServerError('The token is not that of the program that runs here now: open the address it printed.');
  }
  if (!response.ok) throw new ServerError(`The program that serves this page refuses: ${await response.text()}`);
  return response;
}

import { utf8 } from '../../bytes/wire.ts';
import type { Backend } from '../backend.ts';
import { Client, gather } from '../client/client.ts';
import { decodeMessage } from '../codec.ts';
import { ERRNO, type Errno, type ErrnoName, errnoOf } from '../errno.ts';
import type { RequestBody } from '../messages.ts';
import { createSession, type Session, type SessionOptions } from '../session.ts';
import type { Version } from '../versions.ts';
import { fidNumber, NOFID } from '../wire-types.ts';

/** A session under test. */
export interface TestSession {
  readonly session: Session;
  readonly client: Client;
  /** What the session reported; a test that does not expect bugs looks that this is empty. */
  readonly bugs: unknown[];
}

/** Attaches fid 0 as user 0. */
export const ATTACH: RequestBody<'Tattach'> = {
  fid: fidNumber(0),
  afid: NOFID,
  uname: utf8('root'),
  aname: utf8(''),
  n_uname: 0,
};

/** The shared object for an error, to compare with. */
export function errno(name: ErrnoName): Errno {
  return errnoOf(ERRNO[name]);
}

/** A session over a backend, with a client that has said nothing yet. */
export function sessionOf(backend: Backend, options: SessionOptions = {}): TestSession {
  const bugs: unknown[] = [];
  const session = createSession(backend, { onBug: (error) => bugs.push(error), ...options });
  return { session, client: new Client(session), bugs };
}

/** A session over a backend, whose client has attached fid 0. */
export async function attached(
  backend: Backend,
  options: SessionOptions = {},
  version: Version = '9P2000.L',
): Promise<TestSession> {
  const made = sessionOf(backend, options);
  await made.client.version(version);
  await made.client.call('Tattach', ATTACH);
  return made;
}

/** Sends bytes as they are: the errno of the Rlerror that comes back, or undefined for another reply. */
export function errorOf(session: Session, request: Uint8Array, reply = new Uint8Array(4096)): number | undefined {
  const length = session.handle([request], [reply]);
  if (typeof length !== 'number') throw new Error('an answer at once was expected');
  const decoded = decodeMessage(gather([reply], length));
  if (!decoded.ok) throw new Error(decoded.reason);
  const { ecode } = decoded.body;
  return decoded.codec.name === 'Rlerror' && typeof ecode === 'number' ? ecode : undefined;
}

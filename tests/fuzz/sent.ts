import { type Decoded, decodeMessage } from '../../ninep/codec.ts';
import { VERSIONS, type Version } from '../../ninep/versions.ts';

/** A request as it was sent. */
export interface Sent {
  readonly frame: Uint8Array;
  /** The dialect in force then; undefined before Tversion. */
  readonly version: Version | undefined;
}

const TVERSION = 100;
/** An Rlerror, or an Rerror with no text in it. */
const LEAST_ROOM: Readonly<Record<Version, number>> = { '9P2000': 9, '9P2000.u': 13, '9P2000.L': 11 };

/**
 * A reply, in the dialect in which it has to be. Before a version is agreed, and where that is what was asked for, a
 * refusal may be in the one that was spoken before or in the one that was asked for.
 */
export function decodeReply({ frame, version }: Sent, reply: Uint8Array): Decoded {
  if (version !== undefined && frame[4] !== TVERSION) return decodeMessage(reply, version);
  const readings = VERSIONS.map((each) => decodeMessage(reply, each));
  return readings.find(({ ok }) => ok) ?? decodeMessage(reply);
}

/** The smallest reply area there may be: what an error takes in the dialect. */
export function leastRoom(version: Version | undefined): number {
  return LEAST_ROOM[version ?? '9P2000.u'];
}

/** The request in one line, as far as it can be read. */
export function show({ frame, version }: Sent): string {
  const decoded = decodeMessage(frame, version);
  const spoken = version ?? 'no version';
  if (!decoded.ok) return `${spoken}: ${Buffer.from(frame.subarray(0, 100)).toString('hex')} (${decoded.reason})`;
  return `${spoken}: ${decoded.codec.name} tag ${decoded.tag} ${decoded.codec.show(decoded.body)}`;
}

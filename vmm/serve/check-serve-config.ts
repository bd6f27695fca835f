import { MINIMUM_MSIZE } from '../../ninep/constants.ts';
import { UsageError } from '../usage-error.ts';
import {
  DEFAULT_CONNECTIONS,
  DEFAULT_POLL_US,
  MOST_CONNECTIONS,
  MOST_POLL_US,
  type ServeConfig,
  STREAM_MSIZE,
} from './serve-config.ts';

/** Refuses what cannot be, before anything is opened. Throws UsageError, one line. */
export function checkServeConfig(config: ServeConfig): void {
  const {
    shares,
    listen,
    maxConnections = DEFAULT_CONNECTIONS,
    msize = STREAM_MSIZE,
    pollUs = DEFAULT_POLL_US,
  } = config;
  if (shares.length === 0) throw new UsageError('nothing to serve; add --virtfs local,path=DIR,mount_tag=TAG');
  const counted = shares.find(({ counters }) => counters === true);
  if (counted !== undefined && shares.length > 1) {
    throw new UsageError(
      `share ${counted.mountTag}: counters are for a server of one share, since a client may use several; serve it alone`,
    );
  }
  if (listen.length === 0) throw new UsageError('nowhere to listen; add --listen unix:PATH or --listen tcp:HOST:PORT');
  const address = firstTwin(listen);
  if (address !== undefined) throw new UsageError(`listen: ${address} is given twice; give it once`);
  const names = shares.flatMap(({ mountTag, id }) => (id === undefined || id === mountTag ? mountTag : [mountTag, id]));
  if (names.includes('')) throw new UsageError('a share has an empty name; give it a mount tag');
  const name = firstTwin(names);
  if (name !== undefined) throw new UsageError(`two shares have the name '${name}'; each needs one of its own`);
  if (config.ctl && names.includes('ctl')) {
    throw new UsageError("a share has the name 'ctl', which --ctl gives to the server's own tree; choose another");
  }
  if (!Number.isInteger(maxConnections) || maxConnections < 1 || maxConnections > MOST_CONNECTIONS) {
    throw new UsageError(`${maxConnections} connections: give 1 to ${MOST_CONNECTIONS}`);
  }
  if (!Number.isInteger(msize) || msize < MINIMUM_MSIZE || msize > STREAM_MSIZE) {
    throw new UsageError(`an msize of ${msize} bytes: give ${MINIMUM_MSIZE} to ${STREAM_MSIZE}`);
  }
  if (!Number.isInteger(pollUs) || pollUs < 0 || pollUs > MOST_POLL_US) {
    throw new UsageError(`polling for ${pollUs} microseconds: give 0 (never) to ${MOST_POLL_US}`);
  }
}

function firstTwin(all: readonly string[]): string | undefined {
  return all.find((one, index) => all.indexOf(one) !== index);
}

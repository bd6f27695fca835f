import { MINIMUM_MSIZE } from '../../ninep/constants.ts';
import { collectExports } from '../options/shares.ts';
import { parseTrace, type TraceRequest } from '../options/trace.ts';
import { integer, size, type ValueType } from '../options/value-type.ts';
import { parseListenAddress } from '../serve/listen-address.ts';
import { MOST_CONNECTIONS, MOST_POLL_US, type ServeConfig, STREAM_MSIZE } from '../serve/serve-config.ts';
import { UsageError } from '../usage-error.ts';
import type { RawServeOptions } from './serve-options.ts';

/** What `tsvmm serve` was asked for. */
export interface ServeRequest {
  readonly config: ServeConfig;
  readonly trace?: TraceRequest;
  /** File for a recording of everything that happens. */
  readonly record?: string;
  /** A line for each client that comes and goes. */
  readonly verbose: boolean;
}

/**
 * Reads the values of a command line of `tsvmm serve`; nothing of the host is looked at. Throws UsageError for a value
 * that cannot be read.
 */
export function readServeRequest(raw: RawServeOptions): ServeRequest {
  const { virtfs = [], fsdev = [], listen = [] } = raw;
  if (raw.record === '') throw new UsageError('--record is empty; name a file');
  if (listen.length === 0) {
    throw new UsageError('serve: nowhere to listen; add --listen unix:PATH or --listen tcp:127.0.0.1:PORT');
  }
  listen.forEach(parseListenAddress);
  const shares = collectExports({ virtfs, fsdev });
  if (shares.length === 0) throw new UsageError('serve: nothing to serve; add --virtfs local,path=DIR,mount_tag=TAG');
  const maxConnections = read('--max-connections', integer(1, MOST_CONNECTIONS), raw.maxConnections);
  const msize = read('--msize', size(MINIMUM_MSIZE, STREAM_MSIZE, 1, 'B'), raw.msize);
  const pollUs = read('--poll-us', integer(0, MOST_POLL_US), raw.pollUs);
  return {
    config: {
      shares,
      listen,
      ...(raw.allowRemote === undefined ? {} : { allowRemote: true }),
      ...(maxConnections === undefined ? {} : { maxConnections }),
      ...(msize === undefined ? {} : { msize }),
      ...(pollUs === undefined ? {} : { pollUs }),
      ...(raw.ctl === undefined ? {} : { ctl: true }),
    },
    ...(raw.trace === undefined ? {} : { trace: parseTrace(raw.trace) }),
    ...(raw.record === undefined ? {} : { record: raw.record }),
    verbose: raw.verbose ?? false,
  };
}

function read<V>(option: string, type: ValueType<V>, text: string | undefined): V | undefined {
  if (text === undefined) return undefined;
  const outcome = type.parse(text);
  if ('wrong' in outcome) throw new UsageError(`${option}: ${outcome.wrong}`);
  return outcome.value;
}

import { availableParallelism } from 'node:os';
import type { EventStream } from '../../trace/event-stream.ts';
import type { ShareConfig } from '../config.ts';

/** What a server of directories is made from, as plain data. */
export interface ServeConfig {
  /** One or more; `mountTag` and `id` are the names a client may attach to. `mountAt` means nothing here. */
  readonly shares: readonly ShareConfig[];
  /** Where to listen, one or more: `unix:PATH`, or `tcp:HOST:PORT` with port 0 for a free one. */
  readonly listen: readonly string[];
  /** Lets `listen` name addresses that other machines can reach; there is no authentication. Default false. */
  readonly allowRemote?: boolean;
  /** Most clients at once, 1 to 65,536; one more is told EUSERS. Default 128. */
  readonly maxConnections?: number;
  /** Largest message in bytes agreed to, 4096 to 16 MiB. Default 16 MiB. */
  readonly msize?: number;
  /**
   * Longest time in microseconds to look for a client's next request after a reply before sleeping, 0 (never) to 1000. It is
   * spent only while requests do come that soon. Default 200, and 0 on a host with one processor.
   */
  readonly pollUs?: number;
  /** Offers diod's `ctl` tree (date, version, connections, exports, null, zero) under that name. Default false. */
  readonly ctl?: boolean;
}

/** Who watches a server; absent hooks cost nothing. */
export interface ServeHooks {
  /** One line for each 9P message, with the client's name before it. */
  readonly trace?: (line: string) => void;
  /** Takes everything that happens, event by event, by the client's name; it costs time while it is there. */
  readonly events?: EventStream;
  /** Something a person should know, one line each: a client that broke a rule, a bug of ours. */
  readonly notice?: (line: string) => void;
  /** One line for each client that comes and goes. */
  readonly visit?: (line: string) => void;
}

export const DEFAULT_CONNECTIONS = 128;
export const MOST_CONNECTIONS = 65_536;

/** Where there is one processor, the client needs it. */
export const DEFAULT_POLL_US = availableParallelism() > 1 ? 200 : 0;
export const MOST_POLL_US = 1000;

/** Largest message over a stream, in bytes. */
export const STREAM_MSIZE = 16 << 20;

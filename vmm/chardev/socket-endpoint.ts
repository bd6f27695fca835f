import type { ListenAddress } from '../serve/listen-address.ts';

/** A socket of the command line: one that a client listens at, or that a client connects to. */
export interface SocketEndpoint {
  /** The option it was given with, for errors. */
  readonly option: string;
  readonly address: ListenAddress;
  /** True where tsvmm listens. */
  readonly server: boolean;
  /** Whether a server waits for its first client before the machine starts. */
  readonly wait: boolean;
}

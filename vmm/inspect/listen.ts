import { lookup } from 'node:dns/promises';
import { type AddressInfo, isIPv6, type Server } from 'node:net';
import { hostname } from 'node:os';
import { errorCode } from '../host/error-code.ts';
import { listening } from '../serve/listening.ts';
import { HostError, UsageError } from '../usage-error.ts';

/** Where the inspector is to be reached. */
export interface InspectAddress {
  /** Name or address; 127.0.0.1 unless given. */
  readonly host?: string;
  /** 0 for one that is free. */
  readonly port: number;
}

/** Where it is reached. */
export interface BoundAddress {
  readonly host: string;
  readonly port: number;
}

const CAUSES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use by another program; choose another port, or 0 for a free one',
  EADDRNOTAVAIL: 'is no address of this machine; use one that ip address lists',
  EACCES: 'may not be listened on by this user; choose a port from 1024 on',
  EPERM: 'may not be listened on by this user; choose a port from 1024 on',
  EAFNOSUPPORT: 'is of a kind this machine does not have; use 127.0.0.1:PORT',
};

/** Listens. @throws UsageError for an address that cannot be had, HostError where the host refuses otherwise */
export async function listen(server: Server, { host = '127.0.0.1', port }: InspectAddress): Promise<BoundAddress> {
  const written = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
  try {
    await listening(server)({ host: await resolve(host), port });
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const code = errorCode(error);
    const cause = CAUSES[code];
    if (cause === undefined) throw new HostError(`inspect: ${written} cannot be listened on (${code})`);
    throw new UsageError(`inspect: ${written} ${cause}`);
  }
  const { address, port: bound } = server.address() as AddressInfo;
  return { host: address, port: bound };
}

/** The host as an address to open has it. */
export function shownHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return hostname();
  return isIPv6(host) ? `[${host}]` : host;
}

async function resolve(host: string): Promise<string> {
  try {
    return (await lookup(host)).address;
  } catch (error) {
    throw new UsageError(`inspect: the host ${host} is not known (${errorCode(error)}); write its address`);
  }
}

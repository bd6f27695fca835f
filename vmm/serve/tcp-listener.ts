import { lookup } from 'node:dns/promises';
import { BlockList, isIPv6 } from 'node:net';
import { errorCode } from '../host/error-code.ts';
import { HostError, UsageError } from '../usage-error.ts';
import { type ListenAddress, showListenAddress } from './listen-address.ts';
import type { Listen } from './listening.ts';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/**
 * Starts listening on a TCP port; returns the address that was bound, with port 0 where that was asked for.
 *
 * @throws UsageError for an address that other machines reach, unless `allowRemote`, and for one that cannot be had.
 */
export async function listenTcp(
  listen: Listen<{ readonly host: string; readonly port: number }>,
  address: ListenAddress & { readonly kind: 'tcp' },
  allowRemote: boolean,
): Promise<ListenAddress> {
  const written = showListenAddress(address);
  // The address that was judged is the one that is bound: the name is not looked up again.
  const host = await resolve(address.host, written);
  if (!allowRemote && !isLoopback(host)) {
    throw new UsageError(
      `listen: ${written} can be reached from other machines, and clients are not asked who they are; ` +
        'use tcp:127.0.0.1:PORT, or allow it with --allow-remote',
    );
  }
  try {
    await listen({ host, port: address.port });
  } catch (error) {
    const code = errorCode(error);
    const cause = CAUSES[code];
    if (cause === undefined) throw new HostError(`listen: ${written} cannot be listened on (${code})`);
    throw new UsageError(`listen: ${written} ${cause}`);
  }
  return { kind: 'tcp', host, port: address.port };
}

/** True for addresses that only this machine reaches. */
export function isLoopback(address: string): boolean {
  return LOOPBACK.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

async function resolve(host: string, written: string): Promise<string> {
  try {
    return (await lookup(host)).address;
  } catch (error) {
    throw new UsageError(`listen: ${written}: the host is not known (${errorCode(error)}); write its address`);
  }
}

const CAUSES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use by another program; choose another port, or 0 for a free one',
  EADDRNOTAVAIL: 'is no address of this machine; use one that ip address lists',
  EACCES: 'may not be listened on by this user; choose a port from 1024 on',
  EPERM: 'may not be listened on by this user; choose a port from 1024 on',
  EAFNOSUPPORT: 'is of a kind this machine does not have; use tcp:127.0.0.1:PORT',
};

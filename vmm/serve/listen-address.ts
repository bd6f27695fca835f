import { isIPv6 } from 'node:net';
import { UsageError } from '../usage-error.ts';

/** Where a server listens. */
export type ListenAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** Longest path of a socket in bytes. @spec Linux unix(7): sun_path holds 108 with the final NUL */
const LONGEST_PATH = 107;

const FORMS = 'write unix:PATH or tcp:HOST:PORT';

/** Reads `unix:PATH` or `tcp:HOST:PORT`, an IPv6 host in brackets. Throws UsageError. */
export function parseListenAddress(text: string): ListenAddress {
  const colon = text.indexOf(':');
  const kind = text.slice(0, Math.max(colon, 0));
  const rest = text.slice(colon + 1);
  if (kind === 'unix') return unixAddress(text, rest);
  if (kind === 'tcp') return tcpAddress(text, rest);
  if (text.startsWith('/')) throw new UsageError(`listen: '${text}' lacks its kind; write unix:${text}`);
  throw new UsageError(`listen: '${text}' is no address; ${FORMS}`);
}

/** The address as `parseListenAddress` reads it. */
export function showListenAddress(address: ListenAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  return `tcp:${isIPv6(address.host) ? `[${address.host}]` : address.host}:${address.port}`;
}

function unixAddress(text: string, path: string): ListenAddress {
  if (path === '') throw new UsageError(`listen: '${text}' lacks the path; write unix:PATH`);
  if (path.includes('\0')) throw new UsageError('listen: the path holds a NUL byte; leave it out');
  const { length } = new TextEncoder().encode(path);
  if (length > LONGEST_PATH) {
    throw new UsageError(
      `listen: the path ${path} has ${length} bytes, a socket's at most ${LONGEST_PATH}; name it from a directory nearer to it`,
    );
  }
  return { kind: 'unix', path };
}

function tcpAddress(text: string, rest: string): ListenAddress {
  const match = /^(?:\[([^\]]*)\]|([^:]*)):([^:]*)$/.exec(rest);
  if (match === null) {
    const isBareIpv6 = isIPv6(rest.slice(0, rest.lastIndexOf(':')));
    const remedy = isBareIpv6 ? 'an IPv6 address stands in brackets: tcp:[::1]:PORT' : 'write tcp:HOST:PORT';
    throw new UsageError(`listen: '${text}' is no address; ${remedy}`);
  }
  const [, bracketed, plain, digits = ''] = match;
  const host = bracketed ?? plain ?? '';
  if (host === '') throw new UsageError(`listen: '${text}' lacks the host; write tcp:127.0.0.1:${digits || 'PORT'}`);
  if (bracketed !== undefined && !isIPv6(bracketed)) {
    throw new UsageError(`listen: '${bracketed}' is no IPv6 address; brackets are for those alone`);
  }
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : Number.NaN;
  if (!(port <= 65_535)) throw new UsageError(`listen: '${digits}' is no port; it is a number from 0 to 65535`);
  return { kind: 'tcp', host, port };
}

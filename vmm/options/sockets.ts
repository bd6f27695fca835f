/** The sockets of a command line: for a client that drives the machine, and for monitors. */
import type { SocketEndpoint } from '../chardev/socket-endpoint.ts';
import { parseListenAddress } from '../serve/listen-address.ts';
import { UsageError } from '../usage-error.ts';
import { readWithFirstKey } from './first-key.ts';
import { splitOptionString } from './option-string.ts';
import { type OptionValues, readPairs } from './option-table.ts';
import { identifier, integer, oneOf, onOff, text } from './value-type.ts';

const SERVER_KEYS = {
  server: { type: onOff, doc: 'on: listen there; off: connect to who listens there (default off)' },
  wait: { type: onOff, doc: 'a server waits for its client before the machine starts (default on)' },
  nowait: { type: onOff, doc: 'the same as wait=off' },
} as const;

/** The keys of `--chardev socket`. @spec QEMU invocation, -chardev socket */
export const CHARDEV = {
  backend: {
    type: oneOf('socket', 'stdio', 'null', 'pipe', 'file', 'pty'),
    doc: 'what it is',
    required: true,
    notYet: ['stdio', 'null', 'pipe', 'file', 'pty'],
    instead: 'use socket',
  },
  id: { type: identifier, doc: 'what --mon calls it', required: true },
  path: { type: text('PATH'), doc: 'a unix socket' },
  host: { type: text('HOST'), doc: 'a TCP socket, with port' },
  port: { type: integer(0, 65_535), doc: 'its port' },
  ...SERVER_KEYS,
} as const;

/** The keys of `--mon`; the first may lack its name. @spec QEMU invocation, -mon */
export const MON = {
  chardev: { type: identifier, doc: 'id of the --chardev', required: true },
  mode: {
    type: oneOf('control', 'readline'),
    doc: 'control: QMP',
    required: true,
    notYet: ['readline'],
    instead: 'use mode=control',
  },
  pretty: { type: onOff, doc: 'indented answers', notYet: ['on'] },
} as const;

/** The option strings sockets are made from. */
export interface SocketOptions {
  readonly qtest?: string | undefined;
  readonly qmp: readonly string[];
  readonly chardev: readonly string[];
  readonly mon: readonly string[];
}

/** The sockets of one machine. */
export interface Sockets {
  readonly qtest?: SocketEndpoint;
  readonly monitors: readonly SocketEndpoint[];
}

/** Reads the options that name sockets, and joins each `--mon` with its `--chardev`. Throws UsageError. */
export function collectSockets({ qtest, qmp, chardev, mon }: SocketOptions): Sockets {
  const chardevs = new Map<string, SocketEndpoint>();
  for (const string of chardev) {
    const { id, endpoint } = parseChardev(string);
    if (chardevs.has(id)) throw new UsageError(`--chardev: id=${id} is given twice; each needs a name of its own`);
    chardevs.set(id, endpoint);
  }
  const monitors = qmp.map((string) => parseEndpoint('--qmp', string));
  for (const string of mon) {
    const { chardev: id } = readWithFirstKey('--mon', MON, 'chardev', string);
    const endpoint = chardevs.get(id);
    if (endpoint === undefined) {
      throw new UsageError(`--mon: there is no --chardev with id=${id}, or another --mon has it; add one`);
    }
    chardevs.delete(id);
    monitors.push(endpoint);
  }
  for (const id of chardevs.keys()) {
    throw new UsageError(`--chardev: nothing uses id=${id}; add --mon chardev=${id},mode=control, or leave it out`);
  }
  return { monitors, ...(qtest === undefined ? {} : { qtest: parseEndpoint('--qtest', qtest) }) };
}

/** Reads `unix:PATH` or `tcp:HOST:PORT` with what follows after commas. Throws UsageError. */
export function parseEndpoint(option: string, string: string): SocketEndpoint {
  const [first, ...pairs] = splitOptionString(string);
  const written = first?.value === undefined ? (first?.key ?? '') : `${first.key}=${first.value}`;
  const values = readPairs(SERVER_KEYS, pairs, { option });
  return endpointOf(option, () => parseListenAddress(written), values);
}

function parseChardev(string: string): { readonly id: string; readonly endpoint: SocketEndpoint } {
  const option = '--chardev';
  const values = readWithFirstKey(option, CHARDEV, 'backend', string);
  const { id, path, host, port } = values;
  const tcp = host !== undefined || port !== undefined;
  if (path !== undefined && tcp) throw new UsageError(`${option}: path and host are both given; leave out one`);
  if (path !== undefined) return { id, endpoint: endpointOf(option, () => parseListenAddress(`unix:${path}`), values) };
  if (port === undefined) throw new UsageError(`${option}: path is missing; add path=PATH, or host=HOST,port=PORT`);
  const name = host?.includes(':') ? `[${host}]` : (host ?? '127.0.0.1');
  const address = () => parseListenAddress(`tcp:${name}:${port}`);
  return { id, endpoint: endpointOf(option, address, values) };
}

function endpointOf(
  option: string,
  address: () => SocketEndpoint['address'],
  { server = false, wait, nowait }: OptionValues<typeof SERVER_KEYS>,
): SocketEndpoint {
  if (!server && (wait !== undefined || nowait !== undefined)) {
    throw new UsageError(`${option}: wait goes with server=on; add that, or leave it out`);
  }
  try {
    return { option, address: address(), server, wait: server && (wait ?? nowait !== true) };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(error.message.replace(/^listen:/, `${option}:`), { cause: error });
  }
}

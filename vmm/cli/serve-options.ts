import { DEFAULT_CONNECTIONS, DEFAULT_POLL_US, MOST_POLL_US } from '../serve/serve-config.ts';
import type { CommandOption } from './command-option.ts';

/** The sections of `tsvmm serve --help`. */
export const SERVE_GROUPS = {
  sharing: 'What is served:',
  clients: 'To whom:',
  output: 'Output:',
} as const;

/** The options of one command line as text, before any value is read. */
export interface RawServeOptions {
  readonly virtfs?: readonly string[];
  readonly fsdev?: readonly string[];
  readonly ctl?: true;
  readonly listen?: readonly string[];
  readonly allowRemote?: true;
  readonly maxConnections?: string;
  readonly msize?: string;
  readonly pollUs?: string;
  readonly trace?: string | true;
  readonly record?: string;
  readonly verbose?: true;
}

/** One option of `tsvmm serve`. */
type ServeOption = CommandOption & { readonly group: keyof typeof SERVE_GROUPS };

/** The options of `tsvmm serve`, in the order help shows them. */
export const SERVE_OPTIONS: readonly ServeOption[] = [
  {
    name: 'virtfs',
    value: 'SHARE',
    form: 'local,path=DIR,mount_tag=TAG',
    repeatable: true,
    group: 'sharing',
    doc: 'serve a directory of the host; of several, clients name one by its TAG as aname',
  },
  {
    name: 'fsdev',
    value: 'EXPORT',
    form: 'local,id=ID,path=DIR',
    repeatable: true,
    group: 'sharing',
    doc: 'the same, named by its ID',
  },
  {
    name: 'ctl',
    group: 'sharing',
    doc: "serve the server's own tree as aname ctl, as diod's tools expect it: date, version, connections, exports, null, zero",
  },
  {
    name: 'listen',
    value: 'ADDRESS',
    form: 'unix:PATH or tcp:HOST:PORT',
    repeatable: true,
    group: 'clients',
    doc: 'where clients connect; port 0 finds a free one',
  },
  {
    name: 'allow-remote',
    group: 'clients',
    doc: 'let --listen name addresses that other machines reach; whoever connects is served, without being asked who he is',
  },
  {
    name: 'max-connections',
    value: 'N',
    group: 'clients',
    doc: `most clients at once (default ${DEFAULT_CONNECTIONS})`,
  },
  {
    name: 'msize',
    value: 'SIZE',
    group: 'clients',
    doc: 'largest message agreed to, 4K to 16M; a plain number is in bytes (default 16M)',
  },
  {
    name: 'poll-us',
    value: 'N',
    group: 'clients',
    doc: `longest time in microseconds to look for a client's next request after a reply instead of sleeping, while requests do come that soon, 0 to ${MOST_POLL_US}; 0 saves processor time (default ${DEFAULT_POLL_US} on this host)`,
  },
  {
    name: 'trace',
    value: 'FILE',
    optional: true,
    group: 'output',
    form: 'FILE[,format=text|jsonl|pcapng][,events=KIND+KIND|all]',
    doc: 'one line for each 9P message, with the name of its client (default to stderr), or any other choice of what happens',
  },
  {
    name: 'record',
    value: 'FILE',
    group: 'output',
    doc: 'record everything that happens, compressed; tsvmm trace FILE reads it',
  },
  { name: 'verbose', group: 'output', doc: 'one line for each client that comes and goes' },
];

import { type Command, Option } from 'commander';
import { SECURITY_MODEL } from '../options/fsdev.ts';
import { readPairs } from '../options/option-table.ts';
import { integer, type ValueType } from '../options/value-type.ts';
import type { HelperRequest } from '../proxy/helper-server.ts';
import { UsageError } from '../usage-error.ts';

/** One option of `tsvmm proxy-helper`. */
interface HelperOption {
  readonly flags: string;
  readonly doc: string;
}

/** The spellings with one letter, and those of the first five words, are QEMU's. @spec QEMU virtfs-proxy-helper(1) */
const HELPER_OPTIONS: readonly HelperOption[] = [
  { flags: '-p, --path <DIR>', doc: 'the directory to serve' },
  { flags: '-s, --socket <PATH>', doc: 'listen at this socket, for any number of clients' },
  { flags: '-f, --fd <N>', doc: 'serve one client, on a connected socket that is descriptor N' },
  { flags: '-u, --uid <N>', doc: 'user the socket belongs to (default: who starts the helper)' },
  { flags: '-g, --gid <N>', doc: 'group the socket belongs to, whose members may connect as well' },
  { flags: '-n, --nodaemon', doc: 'stay in the foreground, as it always does' },
  { flags: '--readonly', doc: 'clients cannot change anything' },
  { flags: '--security-model <MODEL>', doc: 'none (default) or passthrough, as of --virtfs' },
];

/** The options of one command line as text. */
interface RawHelperOptions {
  readonly path?: string;
  readonly socket?: string;
  readonly fd?: string;
  readonly uid?: string;
  readonly gid?: string;
  readonly readonly?: true;
  readonly securityModel?: string;
}

/** Adds the command to the program; `found` gets what it asks for. */
export function describeProxyHelper(program: Command, found: (request: HelperRequest) => void): void {
  const command = program
    .command('proxy-helper')
    .usage('--path DIR --socket PATH|--fd N [options]')
    .summary('serve a directory to proxy shares, from processes that are confined to it')
    .description(
      'Serves a directory to --virtfs proxy,socket=PATH of tsvmm run. Each client is served by a process of its own, which the ' +
        'kernel confines to the directory: Landlock, no privileges but those of the security model, no new programs or ' +
        'connections, and for root a file system in which nothing else is. SIGINT and SIGTERM end it.',
    )
    .helpOption('-h, --help', 'print this help')
    .action((raw: RawHelperOptions) => found(readHelperRequest(raw)));
  for (const { flags, doc } of HELPER_OPTIONS) command.addOption(new Option(flags, doc));
}

/** What the options ask for. Throws UsageError. */
function readHelperRequest({ path, socket, fd, uid, gid, readonly, securityModel }: RawHelperOptions): HelperRequest {
  if (path === undefined) throw refused('--path is missing; add --path DIR');
  if (socket === undefined && fd === undefined) throw refused('--socket is missing; add --socket PATH, or --fd N');
  if (socket !== undefined && fd !== undefined) throw refused('--socket and --fd exclude each other; give one');
  if (socket === undefined && (uid !== undefined || gid !== undefined)) {
    throw refused('--uid and --gid say who owns the socket; add --socket PATH');
  }
  return {
    path,
    securityModel: readModel(securityModel ?? 'none'),
    readonly: readonly ?? false,
    ...(socket !== undefined && { socket }),
    ...(fd !== undefined && { fd: read('--fd', integer(0, 2 ** 31 - 1), fd) }),
    ...(uid !== undefined && { uid: read('--uid', integer(0, 2 ** 32 - 2), uid) }),
    ...(gid !== undefined && { gid: read('--gid', integer(0, 2 ** 32 - 2), gid) }),
  };
}

/** The model, by the row that `--virtfs` reads it by. */
function readModel(value: string): HelperRequest['securityModel'] {
  const pairs = [{ key: 'security_model', value }];
  return readPairs({ security_model: SECURITY_MODEL }, pairs, { option: 'proxy-helper' }).security_model ?? 'none';
}

function read<V>(option: string, type: ValueType<V>, given: string): V {
  const outcome = type.parse(given);
  if ('wrong' in outcome) throw refused(`${option}: ${outcome.wrong}`);
  return outcome.value;
}

function refused(line: string): UsageError {
  return new UsageError(`proxy-helper: ${line}`);
}

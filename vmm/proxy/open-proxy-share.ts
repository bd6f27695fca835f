import type { Backend } from '../../ninep/backend.ts';
import type { Connector } from '../../ninep/backends/proxy/link.ts';
import { openProxy } from '../../ninep/backends/proxy/proxy-share.ts';
import type { PulseOptions } from '../../ninep/backends/proxy/pulse.ts';
import type { ProxyExport } from '../export-config.ts';
import { UsageError } from '../usage-error.ts';
import { lackOf } from './confinement.ts';
import { helperAt, helperOn, ownHelper } from './connectors.ts';
import { checkDirectory } from './helper-process.ts';

/** Which helper, and how it is to serve. */
export type ProxyShareConfig = Omit<ProxyExport, 'driver'>;

/** Who hears of it, and how long silence is borne. */
export interface ProxyShareHooks {
  /** Is told in one line each what becomes of the helper. */
  readonly notice?: (line: string) => void;
  readonly pulse?: PulseOptions;
}

/** Opens a share through a helper. Rejects with UsageError, one line, where that cannot be. */
export async function openProxyShare(config: ProxyShareConfig, hooks: ProxyShareHooks = {}): Promise<Backend> {
  const { notice = () => {}, pulse } = hooks;
  let told = false;
  try {
    return await openProxy({
      connector: connectorFor(config, notice),
      notice,
      ...(pulse && { pulse }),
      accept(hello) {
        const lack = lackOf(hello);
        if (lack === undefined) return;
        if (config.strict) throw new Error(`${lack}, and strict=on asks for all of it`);
        if (!told) notice(lack);
        told = true;
      },
    });
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`proxy: no helper: ${(error as Error).message}${remedy(config)}`, { cause: error });
  }
}

function connectorFor({ path, socket, sockFd, ...rest }: ProxyShareConfig, say: (line: string) => void): Connector {
  const ways = [path, socket, sockFd].filter((way) => way !== undefined);
  if (ways.length !== 1)
    throw new UsageError('proxy: exactly one of path, socket and sock_fd says where the helper is');
  if (socket !== undefined) return helperAt(socket);
  if (sockFd !== undefined) return helperOn(sockFd);
  const directory = path ?? '';
  checkDirectory(directory);
  const { securityModel = 'none', readonly = false } = rest;
  return ownHelper({ path: directory, securityModel, readonly }, (line) => say(`the helper says: ${line}`));
}

function remedy({ socket }: ProxyShareConfig): string {
  return socket === undefined ? '' : `; start one with tsvmm proxy-helper --path DIR --socket ${socket}`;
}

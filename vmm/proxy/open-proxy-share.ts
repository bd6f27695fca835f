import type { Backend } from '../../ninep/backend.ts';
import type { Connector } from '../../ninep/backends/proxy/link.ts';
import { openProxy } from '../../ninep/backends/proxy/proxy-share.ts';
import type { PulseOptions } from '../../ninep/backends/proxy/pulse.ts';
import type { SecurityModel } from '../config.ts';
import { UsageError } from '../usage-error.ts';
import { lackOf } from './confinement.ts';
import { helperAt, helperOn, ownHelper } from './connectors.ts';
import { checkDirectory } from './helper-process.ts';

/** A share through a helper: one that is started for it, or one that is there already. */
export interface ProxyShareConfig {
  /** Directory on the host, for a helper of our own. */
  readonly path?: string;
  /** Socket of a helper somebody else has started. */
  readonly socket?: string;
  /** Descriptor of a socket that is connected to a helper. */
  readonly sockFd?: number;
  /** Of a helper of our own; default `none`. */
  readonly securityModel?: SecurityModel;
  /** Of a helper of our own; default false. */
  readonly readonly?: boolean;
  /** Refuse a helper that is not confined by Landlock and seccomp. Default false: one line says what is missing. */
  readonly strict?: boolean;
}

/** How a share is opened in tests. */
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
  if (ways.length !== 1) throw new UsageError('proxy: one of path, socket and sock_fd says where the helper is');
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

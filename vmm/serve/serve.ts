import type { ShareConfig } from '../config.ts';
import { Disposal } from '../disposal.ts';
import { HostCalls } from '../host-calls.ts';
import { type OpenedExport, openExport } from '../shares.ts';
import { checkServeConfig } from './check-serve-config.ts';
import { listenForClients } from './client-listener.ts';
import { Clientele } from './clientele.ts';
import { createCtl } from './ctl.ts';
import { Exports } from './exports.ts';
import { parseListenAddress } from './listen-address.ts';
import {
  DEFAULT_CONNECTIONS,
  DEFAULT_POLL_US,
  type ServeConfig,
  type ServeHooks,
  STREAM_MSIZE,
} from './serve-config.ts';

/** A server of directories, made by `serve`. */
export interface Server extends AsyncDisposable {
  /** Where it listens, as in the configuration, with the port in use where 0 was asked for. */
  readonly addresses: readonly string[];
  /** Clients connected now. */
  readonly connections: number;
  /**
   * Ends the server: no new client, no new request. Requests under way are answered, for two seconds at most; then
   * connections are closed, socket files removed and shares given back. Idempotent.
   */
  close(): Promise<void>;
  /** Removes the socket files at once, for a process that ends without `close`. */
  removeSocketFiles(): void;
}

/**
 * Serves directories of this host to 9P clients over sockets: Linux's `trans=unix` and `trans=tcp`, and any other.
 * Whoever can connect is served, with the rights of this process. To be called on the main thread of a process.
 *
 * @throws UsageError where the configuration cannot be met, HostError where this host cannot. Nothing is left open then.
 */
export async function serve(config: ServeConfig, hooks: ServeHooks = {}): Promise<Server> {
  checkServeConfig(config);
  const wanted = config.listen.map(parseListenAddress);
  const disposal = new Disposal();
  const socketFiles: (() => void)[] = [];
  const removeSocketFiles = (): void => {
    for (const remove of socketFiles) remove();
  };
  try {
    const calls = hooks.events && new HostCalls(hooks.events);
    const shares: { readonly share: ShareConfig; readonly exported: OpenedExport['exported'] }[] = [];
    const opened: OpenedExport[] = [];
    for (const share of config.shares) {
      const notice = (line: string) => hooks.notice?.(`${share.mountTag}: ${line}`);
      const it = disposal.take(await openExport(share, notice, calls?.hostfs), (it) => it.close());
      opened.push(it);
      shares.push({ share, exported: it.exported });
    }
    const hosts = (): readonly string[] => clientele.hosts;
    const named = config.ctl ? { ctl: createCtl({ shares: config.shares, hosts }) } : {};
    const clientele: Clientele = new Clientele({
      exported: new Exports(shares, named),
      counters: opened[0]?.counters,
      most: config.maxConnections ?? DEFAULT_CONNECTIONS,
      msize: config.msize ?? STREAM_MSIZE,
      hooks,
      scope: calls,
    });
    disposal.take(clientele, (it) => it.dismiss());
    for (const it of opened) disposal.take(it, (it) => it.interrupt());

    const rules = { allowRemote: config.allowRemote ?? false, pollUs: config.pollUs ?? DEFAULT_POLL_US };
    const addresses: string[] = [];
    for (const address of wanted) {
      const listener = await listenForClients(address, rules, {
        welcome: (client, origin) => clientele.welcome(client, origin),
        failed: (line) => hooks.notice?.(line),
      });
      disposal.take(listener, (it) => it.close());
      socketFiles.push(listener.removeFile);
      addresses.push(listener.address);
    }
    disposal.take(socketFiles, removeSocketFiles);

    const close = (): Promise<void> => disposal.run();
    return {
      addresses,
      get connections() {
        return clientele.size;
      },
      close,
      removeSocketFiles,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    // What went wrong first is what the caller needs to know.
    removeSocketFiles();
    await disposal.run().catch(() => {});
    throw error;
  }
}

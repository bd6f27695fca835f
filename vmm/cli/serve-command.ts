import type { ServeConfig, ServeHooks } from '../serve/serve-config.ts';
import { openTraces } from '../trace/traces.ts';
import { signalStatus } from './exit-statuses.ts';
import { checkDirectories } from './host-paths.ts';
import type { ProcessIo } from './process-io.ts';
import { printable, say } from './report.ts';
import type { ServeRequest } from './serve-request.ts';
import { type EndSignal, SignalWatch } from './signals.ts';
import { STOP_LIMIT_MS } from './stopping.ts';
import { within } from './within.ts';

/** A server as the command line sees it. */
export interface RunningServer {
  readonly addresses: readonly string[];
  close(): Promise<void>;
  removeSocketFiles(): void;
}

/** Starts a server. Throws UsageError and HostError. */
export type ServerFactory = (config: ServeConfig, hooks: ServeHooks) => Promise<RunningServer>;

/** The signals by which a server is meant to be ended. */
const PROPER_ENDS: ReadonlySet<string> = new Set(['SIGINT', 'SIGTERM']);

/**
 * Serves until a signal ends it, and prints each address on stdout once clients can connect. Returns the exit status: 0
 * for SIGINT and SIGTERM.
 */
export async function serveDirectories(
  request: ServeRequest,
  io: ProcessIo,
  { serve: start, version: program }: { readonly serve: ServerFactory; readonly version: string },
): Promise<number> {
  checkDirectories(request.config.shares);
  const notice = (line: string): void => say(io.stderr, line);
  const traces = openTraces(request, { program, stderr: io.stderr, notice });
  let ended: (signal: EndSignal) => void = () => {};
  const signalled = new Promise<EndSignal>((resolve) => {
    ended = resolve;
  });
  const signals = new SignalWatch(io.events, ended);
  try {
    const server = await start(request.config, {
      notice,
      ...(request.verbose ? { visit: notice } : {}),
      ...traces.hooks,
    });
    const onExit = (): void => server.removeSocketFiles();
    io.events.on('exit', onExit);
    try {
      for (const address of server.addresses) io.stdout.write(`${printable(address)}\n`);
      const { name, number } = await signalled;
      // Whoever is in a hurry asks a second time.
      signals.handle((again) => io.exit(signalStatus(again.number)));
      await within(STOP_LIMIT_MS, server.close());
      return PROPER_ENDS.has(name) ? 0 : signalStatus(number);
    } finally {
      server.removeSocketFiles();
      io.events.off('exit', onExit);
    }
  } finally {
    signals.close();
    await traces.close();
  }
}

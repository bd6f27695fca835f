import type { HelperRequest, HelperService } from '../proxy/helper-server.ts';
import { signalStatus } from './exit-statuses.ts';
import type { ProcessIo } from './process-io.ts';
import { say } from './report.ts';
import { SignalWatch } from './signals.ts';

/** Puts a helper into service. Throws UsageError and HostError. */
export type HelperFactory = (request: HelperRequest, say: (line: string) => void) => Promise<HelperService>;

/** Serves until a signal comes, or the one client on a descriptor is gone. Returns the exit status. */
export async function runProxyHelper(request: HelperRequest, io: ProcessIo, serve: HelperFactory): Promise<number> {
  let end: (status: number) => void = () => {};
  const ended = new Promise<number>((resolve) => {
    end = resolve;
  });
  const signals = new SignalWatch(io.events, ({ number }) => end(signalStatus(number)));
  try {
    const service = await serve(request, (line) => say(io.stderr, line));
    if (request.socket !== undefined) say(io.stderr, `proxy-helper: serving ${request.path} at ${request.socket}`);
    void service.ended.then(() => end(0));
    const status = await ended;
    await service.close();
    return status;
  } finally {
    signals.close();
  }
}

import type { Hooks } from '../hooks.ts';
import type { QtestRequest, RunningQtest } from '../qtest/start-qtest.ts';
import { signalStatus } from './exit-statuses.ts';
import { checkDirectories } from './host-paths.ts';
import type { ProcessIo } from './process-io.ts';
import { reportEnd, say } from './report.ts';
import { SignalWatch } from './signals.ts';
import { STOP_LIMIT_MS } from './stopping.ts';
import { openTrace } from './trace-output.ts';

/** Starts a machine without a CPU. Throws UsageError and HostError. */
export type QtestFactory = (request: QtestRequest, hooks: Pick<Hooks, 'trace' | 'notice'>) => Promise<RunningQtest>;

/** Drives a machine from its sockets until it ends or a signal ends it. Returns the exit status: 0 for a signal, as in QEMU. */
export async function driveQtest(
  request: QtestRequest,
  tracing: string | true | undefined,
  io: ProcessIo,
  start: QtestFactory,
): Promise<number> {
  checkDirectories(request.config.shares ?? []);
  const trace = tracing === undefined ? undefined : openTrace(tracing, io.stderr);
  const signals = new SignalWatch(io.events, ({ number }) => io.exit(signalStatus(number)));
  try {
    const hooks = {
      notice: (line: string) => say(io.stderr, line),
      ...(trace === undefined ? {} : { trace: trace.write }),
    };
    const machine = await start(request, hooks);
    signals.handle(() => {
      // Whoever is in a hurry asks a second time.
      signals.handle(({ number }) => io.exit(signalStatus(number)));
      setTimeout(() => io.exit(0), STOP_LIMIT_MS).unref();
      void machine.stop();
    });
    const end = await machine.ended;
    return end.reason === 'stopped' ? end.status : reportEnd(io.stderr, end);
  } finally {
    signals.close();
    await trace?.close();
  }
}

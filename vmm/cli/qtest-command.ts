import type { Hooks } from '../hooks.ts';
import type { InspectRequest } from '../options/inspect.ts';
import type { QtestRequest, RunningQtest } from '../qtest/start-qtest.ts';
import { openTraces, type TraceRequests } from '../trace/traces.ts';
import { signalStatus } from './exit-statuses.ts';
import { checkDirectories } from './host-paths.ts';
import { type Inspection, type InspectorFactory, openInspection, WAITING } from './inspection.ts';
import type { ProcessIo } from './process-io.ts';
import { reportEnd, say } from './report.ts';
import { SignalWatch } from './signals.ts';
import { STOP_LIMIT_MS } from './stopping.ts';

/** Starts a machine without a CPU. Throws UsageError and HostError. */
export type QtestFactory = (
  request: QtestRequest,
  hooks: Pick<Hooks, 'trace' | 'events' | 'notice' | 'inspector'>,
) => Promise<RunningQtest>;

/** Drives a machine from its sockets until it ends or a signal ends it. Returns the exit status: 0 for a signal, as in QEMU. */
export async function driveQtest(
  request: QtestRequest,
  tracing: TraceRequests & { readonly inspect?: InspectRequest },
  io: ProcessIo,
  {
    startQtest: start,
    openInspector,
    version: program,
  }: { readonly startQtest: QtestFactory; readonly openInspector: InspectorFactory; readonly version: string },
): Promise<number> {
  checkDirectories(request.config.shares ?? []);
  const notice = (line: string) => say(io.stderr, line);
  const traces = openTraces(tracing, { program, stderr: io.stderr, notice });
  const signals = new SignalWatch(io.events, ({ number }) => io.exit(signalStatus(number)));
  let inspection: Inspection | undefined;
  let why: string | undefined;
  try {
    inspection = await openInspection(tracing.inspect, WAITING.client, traces.hooks.events, notice, openInspector);
    const machine = await start(request, { notice, ...traces.hooks, ...inspection.hooks });
    signals.handle(() => {
      // Whoever is in a hurry asks a second time.
      signals.handle(({ number }) => io.exit(signalStatus(number)));
      setTimeout(() => io.exit(0), STOP_LIMIT_MS).unref();
      void machine.stop();
    });
    const end = await machine.ended;
    why = end.line;
    return end.reason === 'stopped' ? end.status : reportEnd(io.stderr, end);
  } finally {
    await inspection?.close(why);
    signals.close();
    await traces.close();
  }
}

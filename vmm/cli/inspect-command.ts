import { signalStatus } from './exit-statuses.ts';
import type { InspectFileRequest } from './inspect-options.ts';
import type { ProcessIo } from './process-io.ts';
import { printable, say } from './report.ts';
import { type EndSignal, SignalWatch } from './signals.ts';

/** The signals by which it is meant to be ended. */
const PROPER_ENDS: ReadonlySet<string> = new Set(['SIGINT', 'SIGTERM']);

/** Serves the page over a recording until a signal ends it. Returns the exit status; throws UsageError and HostError. */
export async function inspectRecording({ file, address }: InspectFileRequest, io: ProcessIo): Promise<number> {
  const { serveRecording } = await import('../inspect/recording-server.ts');
  let ended: (signal: EndSignal) => void = () => {};
  const signalled = new Promise<EndSignal>((resolve) => {
    ended = resolve;
  });
  const server = await serveRecording(file, address, (line) => say(io.stderr, line));
  const signals = new SignalWatch(io.events, ended);
  try {
    io.stdout.write(`${printable(server.url)}\n`);
    const { name, number } = await signalled;
    return PROPER_ENDS.has(name) ? 0 : signalStatus(number);
  } finally {
    signals.close();
    await server.close();
  }
}

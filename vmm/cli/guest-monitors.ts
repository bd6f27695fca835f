import type { SocketEndpoint } from '../chardev/socket-endpoint.ts';
import type { MonitoredMachine } from '../qmp/commands.ts';
import { announceEnd, announceReset } from '../qmp/machine-events.ts';
import type { Monitors } from '../qmp/monitors.ts';
import type { Machine } from './machine-port.ts';
import type { ProcessIo } from './process-io.ts';
import { reportFailure } from './report.ts';

/** Opens the monitors of a machine. Throws UsageError. */
export type MonitorFactory = (
  endpoints: readonly SocketEndpoint[],
  machine: MonitoredMachine,
  onFailure: (error: unknown) => void,
) => Promise<Monitors>;

/** Opens the monitors of a guest, if it has any. */
export async function openGuestMonitors(
  endpoints: readonly SocketEndpoint[],
  machine: Machine,
  io: ProcessIo,
  open: MonitorFactory,
): Promise<Monitors | undefined> {
  if (endpoints.length === 0) return undefined;
  let status: MonitoredMachine['status'] = 'running';
  const monitored: MonitoredMachine = {
    get status() {
      return status;
    },
    // Where that fails the machine ends, which is announced.
    reset: () => machine.reset().catch(() => {}),
    quit: () => void machine.stop(),
  };
  const monitors = await open(endpoints, monitored, (error) => {
    reportFailure(io.stderr, error);
    void machine.stop();
  });
  machine.onReset(({ reason }) => announceReset(monitors, reason !== 'requested'));
  void machine.ended.then(({ reason }) => {
    status = 'shutdown';
    announceEnd(monitors, reason);
  });
  return monitors;
}

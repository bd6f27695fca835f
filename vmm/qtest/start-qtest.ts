import { openEndpoint } from '../chardev/open-endpoint.ts';
import type { SocketEndpoint } from '../chardev/socket-endpoint.ts';
import { Disposal } from '../disposal.ts';
import type { MachineEnd } from '../exit-status.ts';
import type { Hooks } from '../hooks.ts';
import { announceEnd, announceReset } from '../qmp/machine-events.ts';
import { Monitors } from '../qmp/monitors.ts';
import { openQtestLog } from './qtest-log.ts';
import { type QtestConfig, QtestMachine } from './qtest-machine.ts';
import { QtestSession } from './qtest-session.ts';

/** What `--accel qtest` was asked for. */
export interface QtestRequest {
  readonly config: QtestConfig;
  /** Where the client that drives the machine is. */
  readonly socket?: SocketEndpoint;
  /** File for each line of the protocol. */
  readonly log?: string;
  readonly monitors: readonly SocketEndpoint[];
}

/** A machine that is being driven. */
export interface RunningQtest {
  readonly ended: Promise<MachineEnd>;
  /** Ends it because of a signal. */
  stop(): Promise<unknown>;
}

/**
 * Makes a machine without a CPU and joins its sockets with it. It ends when the client that it connected to hangs up, by
 * `quit`, by `stop`, or when software of its own switches it off.
 *
 * @throws UsageError, HostError as `QtestMachine.create`, and where a socket or the log cannot be had
 */
export async function startQtest(request: QtestRequest, hooks: Hooks): Promise<RunningQtest> {
  const machine = await QtestMachine.create(request.config, hooks);
  const around = new Disposal();
  const onFailure = (error: unknown) => machine.fail(error);
  let bySignal = false;
  try {
    const log = around.take(openQtestLog(request.log ?? 'none'), (it) => it.close());
    const monitored = { status: 'running', reset: () => machine.reset(), quit: () => void machine.stop() } as const;
    const monitors = around.take(await Monitors.open(request.monitors, monitored, onFailure), (it) => it.close());
    machine.watch((event) => {
      if (event.kind === 'reset') announceReset(monitors, event.byGuest);
      else announceEnd(monitors, event.reason, bySignal);
    });
    if (request.socket !== undefined) {
      const welcome = (send: (text: string) => Promise<void>) => {
        log.line('I', 'OPENED');
        const session = new QtestSession(machine.target, {
          send: (line) => send(`${line}\n`),
          log: (kind, line) => log.line(kind, line),
        });
        return {
          receive: (bytes: Uint8Array) => session.receive(bytes),
          close: () => {
            log.line('I', 'CLOSED');
            session.close();
          },
        };
      };
      const onEnd = () => void machine.stop();
      around.take(await openEndpoint(request.socket, welcome, { onEnd, onFailure }), (it) => it.close());
    }
  } catch (error) {
    await around.run();
    await machine.stop();
    throw error;
  }
  return {
    ended: machine.ended.finally(() => around.run()),
    stop() {
      bySignal = true;
      return machine.stop();
    },
  };
}

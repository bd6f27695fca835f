import { type OpenEndpoint, openEndpoint } from '../chardev/open-endpoint.ts';
import type { SocketEndpoint } from '../chardev/socket-endpoint.ts';
import type { JsonObject, MonitoredMachine } from './commands.ts';
import { QmpSession } from './qmp-session.ts';

/** The monitors of one machine, each with a client or waiting for one. */
export class Monitors {
  readonly #sessions = new Set<QmpSession>();
  readonly #endpoints: OpenEndpoint[] = [];

  private constructor() {}

  /**
   * Opens every endpoint. Rejects with UsageError where one cannot be had; none is left open then.
   *
   * @param onFailure is told of errors of ours
   */
  static async open(
    endpoints: readonly SocketEndpoint[],
    machine: MonitoredMachine,
    onFailure: (error: unknown) => void,
  ): Promise<Monitors> {
    const monitors = new Monitors();
    try {
      for (const endpoint of endpoints) {
        const open = await openEndpoint(endpoint, (send) => monitors.#welcome(machine, send), { onFailure });
        monitors.#endpoints.push(open);
      }
      return monitors;
    } catch (error) {
      monitors.close();
      throw error;
    }
  }

  /** Tells every client. @spec QEMU qapi/run-state.json RESET, SHUTDOWN, GUEST_PANICKED */
  event(name: string, data: JsonObject): void {
    for (const session of this.#sessions) session.event(name, data);
  }

  /** Hangs up on every client. Idempotent. */
  close(): void {
    for (const endpoint of this.#endpoints.splice(0)) endpoint.close();
  }

  #welcome(machine: MonitoredMachine, send: (text: string) => Promise<void>) {
    const session = new QmpSession(machine, (message) => send(`${message}\r\n`));
    this.#sessions.add(session);
    return {
      receive: (bytes: Uint8Array) => session.receive(bytes),
      close: () => {
        session.close();
        this.#sessions.delete(session);
      },
    };
  }
}

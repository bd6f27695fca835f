import type { Backend } from '../ninep/backend.ts';
import type { ExportTable } from '../ninep/connection.ts';
import type { Counters } from '../ninep/counters.ts';
import { observeAll } from '../ninep/observer.ts';
import { createSession } from '../ninep/session.ts';
import { traceLines } from '../ninep/trace.ts';
import type { RequestScope } from '../trace/request-scope.ts';
import { scoped, watchSession } from '../trace/session-watch.ts';
import type { VirtioConfig } from './config.ts';
import { describeError } from './describe-error.ts';
import type { Hooks } from './hooks.ts';
import { type MachineDevice, shareDevice } from './machine-device.ts';

/** An opened export as its session needs it; closing it is up to the caller. */
export interface ServedExport {
  readonly exported: Backend | ExportTable;
  /** Counts the messages. */
  readonly counters?: Counters | undefined;
  /** Ends what requests wait for though no client asks them to. */
  interrupt?(): void;
  /** Finds the system calls of each request, where somebody watches. */
  readonly scope?: RequestScope | undefined;
}

/** The device behind which a 9P session serves an opened export. */
export function shareSession(
  mountTag: string,
  served: ServedExport,
  hooks: Pick<Hooks, 'notice' | 'trace' | 'events'>,
  virtio?: VirtioConfig,
): MachineDevice {
  const { exported, counters, scope } = served;
  const observer = observeAll([
    hooks.trace && traceLines((line) => hooks.trace?.(`${mountTag}: ${line}`)),
    hooks.events && watchSession(hooks.events, mountTag, scope),
    counters?.observer(),
  ]);
  const onBug = (error: unknown) => hooks.notice?.(`${mountTag}: internal error: ${describeError(error)}`);
  const session = createSession(exported, { onBug, ...(observer && { observer }) });
  const handler = scope === undefined ? session : scoped(session, scope);
  return shareDevice({ mountTag, handler, interrupt: () => served.interrupt?.(), ...(virtio && { virtio }) });
}

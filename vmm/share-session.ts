import type { Backend } from '../ninep/backend.ts';
import type { ExportTable } from '../ninep/connection.ts';
import type { Counters } from '../ninep/counters.ts';
import { observeBoth } from '../ninep/observer.ts';
import { createSession } from '../ninep/session.ts';
import { traceLines } from '../ninep/trace.ts';
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
}

/** The device behind which a 9P session serves an opened export. */
export function shareSession(
  mountTag: string,
  served: ServedExport,
  hooks: Pick<Hooks, 'notice' | 'trace'>,
  virtio?: VirtioConfig,
): MachineDevice {
  const trace = hooks.trace && traceLines((line) => hooks.trace?.(`${mountTag}: ${line}`));
  const counting = served.counters?.observer();
  const observer = trace && counting ? observeBoth(trace, counting) : (trace ?? counting);
  const onBug = (error: unknown) => hooks.notice?.(`${mountTag}: internal error: ${describeError(error)}`);
  const handler = createSession(served.exported, { onBug, ...(observer && { observer }) });
  return shareDevice({ mountTag, handler, interrupt: () => served.interrupt?.(), ...(virtio && { virtio }) });
}

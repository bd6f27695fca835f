import type { Backend } from '../ninep/backend.ts';
import type { ExportTable } from '../ninep/connection.ts';
import type { Counters } from '../ninep/counters.ts';
import { observeBoth } from '../ninep/observer.ts';
import { createSession } from '../ninep/session.ts';
import { traceLines } from '../ninep/trace.ts';
import type { VirtioConfig } from './config.ts';
import { describeError } from './describe-error.ts';
import type { Hooks } from './hooks.ts';
import type { MachineShare } from './machine.ts';

/** An opened export as its session needs it; closing it is up to the caller. */
export interface ServedExport {
  readonly exported: Backend | ExportTable;
  /** Counts the messages. */
  readonly counters?: Counters | undefined;
  /** Ends what requests wait for though no client asks them to. */
  interrupt?(): void;
}

/** Puts a 9P session before an opened export. */
export function shareSession(
  mountTag: string,
  served: ServedExport,
  hooks: Pick<Hooks, 'notice' | 'trace'>,
  virtio?: VirtioConfig,
): MachineShare {
  const trace = hooks.trace && traceLines((line) => hooks.trace?.(`${mountTag}: ${line}`));
  const counting = served.counters?.observer();
  const observer = trace && counting ? observeBoth(trace, counting) : (trace ?? counting);
  const onBug = (error: unknown) => hooks.notice?.(`${mountTag}: internal error: ${describeError(error)}`);
  const handler = createSession(served.exported, { onBug, ...(observer && { observer }) });
  return { mountTag, handler, interrupt: () => served.interrupt?.(), ...(virtio && { virtio }) };
}

import type { EventStream } from '../../trace/event-stream.ts';
import type { Hooks } from '../hooks.ts';
import type { Inspector, InspectorOptions } from '../inspect/inspector.ts';
import type { InspectRequest } from '../options/inspect.ts';

/** Makes an inspector. Throws UsageError and HostError. */
export type InspectorFactory = (options: InspectorOptions) => Promise<Inspector>;

/** A run that may be inspected. */
export interface Inspection {
  readonly hooks: Pick<Hooks, 'events' | 'inspector'>;
  /** Tells pages why the machine has ended, where that is known, and serves no more. */
  close(why?: string): Promise<void>;
}

/** What a page lets begin that is waited for. */
export const WAITING = { guest: 'the guest begins', client: 'the client is answered' } as const;

/** Serves the inspector where that was asked for, and says where. Throws UsageError and HostError. */
export async function openInspection(
  request: InspectRequest | undefined,
  waiting: (typeof WAITING)[keyof typeof WAITING],
  events: EventStream | undefined,
  notice: (line: string) => void,
  open: InspectorFactory,
): Promise<Inspection> {
  if (request === undefined) return { hooks: {}, close: async () => {} };
  const { address, wait } = request;
  const inspector = await open({ ...address, wait, notice, ...(events && { events }) });
  notice(`inspect: ${wait ? `${waiting} when a page at this address lets it: ` : ''}${inspector.url}`);
  return inspector;
}

import type { DeviceTrace } from '../devices/ports.ts';
import { faultNotices } from './fault-notices.ts';
import type { Hooks } from './hooks.ts';

/** What the devices of a machine tell: faults of the guest to people, everything to the event stream; absent where nobody listens. */
export function deviceTrace({ notice, events }: Pick<Hooks, 'notice' | 'events'>): DeviceTrace | undefined {
  if (notice === undefined && events === undefined) return undefined;
  return { ...faultNotices((line) => notice?.(line)), events: events?.port('') };
}

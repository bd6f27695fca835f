/** Accesses to the common configuration structure, register by register. */
import { commonConfig } from '../devices/virtio/common-config-registers.ts';
import type { TraceEvent } from '../trace/event.ts';
import type { LabMachine } from './machine.ts';

/** An access, in the order of events. */
export type RegisterEvent = TraceEvent<'register-read'> | TraceEvent<'register-write'>;

/** What the exercise did with a register of the common configuration structure, the oldest first. */
export function accessesTo(machine: LabMachine, register: string, kind: RegisterEvent['kind']): RegisterEvent[] {
  const { at, width } = commonConfig.at(register);
  return machine.events.filter(
    (event): event is RegisterEvent =>
      event.kind === kind &&
      (event as RegisterEvent).fields.block === 'common_cfg' &&
      (event as RegisterEvent).fields.offset < at + width &&
      (event as RegisterEvent).fields.offset + (event as RegisterEvent).fields.width > at,
  );
}

import type { MachineEndReason } from '../exit-status.ts';
import type { Monitors } from './monitors.ts';

/** What SHUTDOWN says of each end of a machine. @spec QEMU qapi/run-state.json ShutdownCause */
const SHUTDOWNS: { readonly [R in MachineEndReason]: { readonly guest: boolean; readonly reason: string } } = {
  'power-off': { guest: true, reason: 'guest-shutdown' },
  stopped: { guest: false, reason: 'host-qmp-quit' },
  halted: { guest: true, reason: 'guest-shutdown' },
  reset: { guest: true, reason: 'guest-reset' },
  panic: { guest: true, reason: 'guest-panic' },
  'triple-fault': { guest: true, reason: 'guest-reset' },
  error: { guest: false, reason: 'host-error' },
};

/** Tells every client that the machine was reset. @spec QEMU qapi/run-state.json RESET */
export function announceReset(monitors: Monitors, byGuest: boolean): void {
  monitors.event('RESET', { guest: byGuest, reason: byGuest ? 'guest-reset' : 'host-qmp-system-reset' });
}

/** Tells every client that the machine has ended, and how. @spec QEMU qapi/run-state.json SHUTDOWN */
export function announceEnd(monitors: Monitors, reason: MachineEndReason, bySignal = false): void {
  if (reason === 'panic') monitors.event('GUEST_PANICKED', { action: 'poweroff' });
  monitors.event('SHUTDOWN', bySignal ? { guest: false, reason: 'host-signal' } : SHUTDOWNS[reason]);
}

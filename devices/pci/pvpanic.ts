/** The device through which a guest kernel says that it panicked. */
import { registerBlock } from '../../bytes/registers.ts';
import type { MachineControl } from '../ports.ts';
import { registerTarget } from '../register-target.ts';
import { PciFunction } from './function.ts';

const spec = 'QEMU docs/specs/pvpanic PVPANIC DEVICE';

/** Events a guest can report. @spec QEMU docs/specs/pvpanic PVPANIC DEVICE */
export const PVPANIC_EVENTS = { panicked: 0x01, crashLoaded: 0x02 } as const;

/** What the register asks of its owner. */
export interface PvpanicOwner {
  report(events: number): void;
}

/** The one register of the device, in BAR 0. */
export const pvpanicRegisters = registerBlock<PvpanicOwner>('pvpanic', [
  {
    name: 'events',
    at: 0,
    width: 1,
    access: 'rw',
    reset: PVPANIC_EVENTS.panicked | PVPANIC_EVENTS.crashLoaded,
    spec,
    doc: 'Reads the events the device knows; a write reports those whose bits are set.',
    bits: { PANICKED: 0, CRASH_LOADED: 1 },
    read: () => PVPANIC_EVENTS.panicked | PVPANIC_EVENTS.crashLoaded,
    write: (owner, events) => owner.report(events),
  },
]);

/**
 * pvpanic-pci: PANICKED ends the machine as a panic. CRASH_LOADED says that the guest goes on in a crash kernel of its
 * own, so nothing is done then.
 *
 * @spec QEMU docs/specs/pvpanic PVPANIC DEVICE
 */
export function pvpanic(control: MachineControl): PciFunction {
  const name = 'pvpanic-pci';
  const owner: PvpanicOwner = {
    report(events) {
      if ((events & PVPANIC_EVENTS.panicked) !== 0) control.request('panic', name);
    },
  };
  return new PciFunction({
    name,
    identity: {
      vendorId: 0x1b36,
      deviceId: 0x0011,
      revision: 1,
      classCode: 0x088000,
      subsystemVendorId: 0x1af4,
      subsystemId: 0x1100,
    },
    bars: [
      {
        index: 0,
        kind: 'memory-32',
        length: 16,
        target: registerTarget(name, pvpanicRegisters.instance(owner)),
      },
    ],
  });
}

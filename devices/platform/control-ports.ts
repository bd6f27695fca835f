/**
 * The ports through which software resets a PC or switches it off, but for the keyboard controller's; each is one
 * register.
 */
import { registerBlock } from '../../bytes/registers.ts';
import type { BusTarget, MachineControl, Resettable } from '../ports.ts';
import { registerTarget } from '../register-target.ts';

/** Tells the owner what the register held and what it holds now. */
interface WriteOwner {
  written(value: number): void;
}

/** Bits of the reset control register. @spec Intel 82371AB (PIIX4) RC: Reset Control Register */
export const RESET_CONTROL = { systemReset: 0x02, resetCpu: 0x04 } as const;

/** The register of chipsets at port 0xCF9. @spec Intel 82371AB (PIIX4) RC: Reset Control Register */
export const resetControlRegisters = registerBlock<WriteOwner>('reset-control', [
  {
    name: 'reset_control',
    at: 0,
    width: 1,
    access: 'rw-masked',
    reset: 0,
    mask: 0x0e,
    spec: 'Intel 82371AB (PIIX4) RC: Reset Control Register',
    doc: 'RCPU going from 0 to 1 resets the machine, whatever SRST says.',
    bits: { SRST: 1, RCPU: 2, FULL_RESET: 3 },
    write: (owner, value) => owner.written(value),
  },
]);

/** The register of PS/2 systems at port 0x92. @spec Intel 82371AB (PIIX4) P92: Port 92 Register */
export const systemControlARegisters = registerBlock<WriteOwner>('system-control-a', [
  {
    name: 'system_control_a',
    at: 0,
    width: 1,
    access: 'rw-masked',
    reset: 0x02,
    mask: 0x01,
    spec: 'Intel 82371AB (PIIX4) P92: Port 92 Register',
    doc: 'Bit 0 going from 0 to 1 resets the machine; address line 20 is always on.',
    bits: { FAST_INIT: 0, FAST_A20: 1 },
    write: (owner, value) => owner.written(value),
  },
]);

/** Bits of the PM1 control register. @spec ACPI 6.4 §4.8.3.2.1 PM1 Control Registers */
export const PM1_CONTROL = { sleepTypeShift: 10, sleepTypeMask: 7, sleepEnable: 0x2000 } as const;

/** Sleep type that means soft off on this machine. @spec ACPI 6.4 §7.4.2 _Sx (System States) */
export const SLEEP_TYPE_SOFT_OFF = 0;

/** PM1a_CNT. @spec ACPI 6.4 §4.8.3.2.1 PM1 Control Registers */
export const pm1ControlRegisters = registerBlock<WriteOwner>('pm1-control', [
  {
    name: 'PM1_CNT',
    at: 0,
    width: 2,
    access: 'rw',
    reset: 1,
    spec: 'ACPI 6.4 §4.8.3.2.1 PM1 Control Registers',
    doc: 'SLP_EN with SLP_TYP 0 switches the machine off; SLP_EN reads 0, SCI_EN 1.',
    bits: { SCI_EN: 0, BM_RLD: 1, GBL_RLS: 2, SLP_TYP: [10, 12], SLP_EN: 13 },
    read: () => 1,
    write: (owner, value) => owner.written(value),
  },
]);

/** A port where setting `bit`, clear before, resets the machine. */
function resetOnRise(
  name: string,
  registers: typeof resetControlRegisters,
  bit: number,
  control: MachineControl,
): BusTarget & Resettable {
  let wasSet = false;
  const bank = registers.instance({
    written(value) {
      const isSet = (value & bit) !== 0;
      if (isSet && !wasSet) control.request('reset', name);
      wasSet = isSet;
    },
  });
  return {
    ...registerTarget(name, bank),
    reset() {
      bank.reset();
      wasSet = false;
    },
  };
}

/** The reset control register: one port. */
export function resetControlPort(control: MachineControl): BusTarget & Resettable {
  return resetOnRise('reset-control', resetControlRegisters, RESET_CONTROL.resetCpu, control);
}

/** System control port A: one port. */
export function systemControlA(control: MachineControl): BusTarget & Resettable {
  return resetOnRise('system-control-a', systemControlARegisters, 0x01, control);
}

/** PM1a control: two ports. Sleep types other than soft off do nothing. */
export function pm1ControlPort(control: MachineControl): BusTarget {
  const bank = pm1ControlRegisters.instance({
    written(value) {
      const type = (value >> PM1_CONTROL.sleepTypeShift) & PM1_CONTROL.sleepTypeMask;
      if ((value & PM1_CONTROL.sleepEnable) !== 0 && type === SLEEP_TYPE_SOFT_OFF) {
        control.request('power-off', 'pm1-control');
      }
    },
  });
  return registerTarget('pm1-control', bank);
}

/** Ports without a device behind them that kernels nevertheless touch; each is one register. */
import { registerBlock } from '../../bytes/registers.ts';
import type { BusTarget, Resettable } from '../ports.ts';
import { registerTarget } from '../register-target.ts';

/** The port that firmware shows its progress on and Linux writes for a delay. @spec IBM PC/AT Technical Reference, manufacturing checkpoint port */
export const postCodeRegisters = registerBlock('post-code', [
  {
    name: 'post_code',
    at: 0,
    width: 1,
    access: 'rw',
    reset: 0,
    spec: 'IBM PC/AT Technical Reference, manufacturing checkpoint port',
    doc: 'Reads what was written last.',
  },
]);

/** The diagnostic port: one port. */
export function postCodePort(): BusTarget & Resettable {
  const bank = postCodeRegisters.instance();
  return { ...registerTarget('post-code', bank), reset: () => bank.reset() };
}

/** What system control port B shows of the timer. */
export interface TimerOutput {
  /** Level of the output of timer channel 2. */
  timerOutput(): boolean;
  /** Bit 0 was written: whether channel 2 counts. */
  setTimerGate(on: boolean): void;
}

interface ControlBOwner extends TimerOutput {
  bits: number;
  refresh: boolean;
}

/** System control port B. @spec Intel 82371AB (PIIX4) NMISC: NMI Status and Control Register */
export const systemControlBRegisters = registerBlock<ControlBOwner>('system-control-b', [
  {
    name: 'system_control_b',
    at: 0,
    width: 1,
    access: 'rw',
    reset: 0,
    spec: 'Intel 82371AB (PIIX4) NMISC: NMI Status and Control Register',
    doc: 'Gate and output of timer channel 2; bit 4 changes at every read, where hardware refreshed memory.',
    bits: { TIMER_2_GATE: 0, SPEAKER: 1, REFRESH: 4, TIMER_2_OUTPUT: 5 },
    read: (owner) => {
      owner.refresh = !owner.refresh;
      return owner.bits | (owner.refresh ? 0x10 : 0) | (owner.timerOutput() ? 0x20 : 0);
    },
    write: (owner, value) => {
      owner.bits = value & 0x0f;
      owner.setTimerGate((value & 0x01) !== 0);
    },
  },
]);

/** System control port B, for machines whose accelerator does not provide it with its timer: one port. */
export function systemControlB(timer: TimerOutput): BusTarget {
  const owner: ControlBOwner = {
    bits: 0,
    refresh: false,
    timerOutput: () => timer.timerOutput(),
    setTimerGate: (on) => timer.setTimerGate(on),
  };
  return registerTarget('system-control-b', systemControlBRegisters.instance(owner));
}

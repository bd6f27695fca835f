/** The ISR status of a virtio PCI function. */
import type { RegisterBank } from '../../bytes/register-bank.ts';
import { registerBlock } from '../../bytes/registers.ts';

/** Bits of the ISR status. @spec virtio 1.2 §4.1.4.5 ISR status capability */
export const ISR = { queue: 0x1, config: 0x2 } as const;

/** What the register asks of its owner. */
export interface IsrOwner {
  /** Gives the bits and clears them. */
  take(): number;
}

/** The ISR status structure. @spec virtio 1.2 §4.1.4.5 ISR status capability */
export const isrStatus = registerBlock<IsrOwner>('isr', [
  {
    name: 'isr_status',
    at: 0,
    width: 1,
    access: 'rc',
    reset: 0,
    spec: 'virtio 1.2 §4.1.4.5 ISR status capability',
    doc: 'Why the interrupt pin was raised; reading it clears it and lowers the pin.',
    bits: { QUEUE_INTERRUPT: 0, DEVICE_CONFIGURATION_INTERRUPT: 1 },
    read: (owner) => owner.take(),
  },
]);

/** The ISR status of one function; `changed` is told whether any bit is set, whenever that may have changed. */
export class IsrStatus implements IsrOwner {
  readonly registers: RegisterBank<IsrOwner>;
  readonly #changed: () => void;
  #bits = 0;

  constructor(changed: () => void) {
    this.#changed = changed;
    this.registers = isrStatus.instance(this);
  }

  /** Whether any bit is set. */
  get pending(): boolean {
    return this.#bits !== 0;
  }

  set(bit: keyof typeof ISR): void {
    this.#bits |= ISR[bit];
    this.#changed();
  }

  /** The bits set. */
  get bits(): number {
    return this.#bits;
  }

  /** Clears some of the bits. */
  clear(bits: number): void {
    this.#bits &= ~bits;
    this.#changed();
  }

  take(): number {
    const bits = this.#bits;
    this.#bits = 0;
    this.#changed();
    return bits;
  }
}

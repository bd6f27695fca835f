/**
 * The interrupt controllers of the core, as devices drive them: two 8259s, an IOAPIC and a local APIC. Nothing here makes
 * the CPU take an interrupt; it only requests one, so it may be called while the CPU is within an instruction.
 */
import { IOAPIC_PINS, ISA_IRQS, TIMER_IOAPIC_PIN } from '../../memory-map.ts';
import type { Core } from './core.ts';
import { FLAG_INTERRUPT } from './core-state.ts';

/** Words of v86's local APIC: registers of 256 bits. */
const LOCAL_APIC = { irr: 16, tmr: 32 } as const;

/** Words of v86's IOAPIC: the low half of each redirection entry, the requests not yet delivered, the levels of the pins. */
const IOAPIC = { redirection: 0, irr: 50, level: 51 } as const;

/** @spec Intel 82093AA §3.2.4 IOREDTBL: I/O Redirection Table Registers */
const ENTRY = { vector: 0xff, delivery: 0x700, remoteIrr: 1 << 14, levelTriggered: 1 << 15, masked: 1 << 16 } as const;

/** @spec Intel SDM vol. 3 §11.11.1 Message Address Register Format, §11.11.2 Message Data Register Format */
const MESSAGE = { window: 0xfeen, windowShift: 20n, vector: 0xff, delivery: 0x700, levelTriggered: 1 << 15 } as const;

/** Delivery modes that name a vector: fixed, lowest priority. With one CPU they are the same. */
const DELIVERS_VECTOR = [0x000, 0x100];

/** Vectors below are exceptions of the CPU. @spec Intel SDM vol. 3 §11.5.2 Valid Interrupt Vectors */
const FIRST_VECTOR = 16;

const ISA_INTERRUPTS = 16;

/** Requests interrupts of one core. */
export class InterruptControllers {
  readonly #core: Core;
  readonly #localApic: number;
  readonly #ioApic: number;
  readonly #requested: () => void;

  /** `requested` is called after each request that the CPU may have to take. */
  constructor(core: Core, requested: () => void) {
    this.#core = core;
    this.#requested = requested;
    this.#localApic = core.functions.get_apic_addr();
    this.#ioApic = core.functions.get_ioapic_addr();
  }

  /** Sets the level of a pin by its GSI: up to 15 it reaches the 8259s and the IOAPIC, from there on the IOAPIC only. */
  setPin(gsi: number, level: boolean): void {
    if (gsi < ISA_INTERRUPTS) this.#setIsaPin(gsi, level);
    if (gsi === ISA_IRQS.timer) this.#setIoApicPin(TIMER_IOAPIC_PIN, level);
    else if (gsi >= ISA_INTERRUPTS && gsi < IOAPIC_PINS) this.#setIoApicPin(gsi, level);
    if (level) this.#requested();
  }

  /** A message-signalled interrupt; one that does not go to a local APIC, or names no vector, is dropped. */
  message(address: bigint, data: number): void {
    if (address >> MESSAGE.windowShift !== MESSAGE.window) return;
    if (!DELIVERS_VECTOR.includes(data & MESSAGE.delivery)) return;
    this.#request(data & MESSAGE.vector, (data & MESSAGE.levelTriggered) !== 0);
    this.#requested();
  }

  /** The core would take the interrupt at once, here in the middle of an instruction: interrupts are off meanwhile. */
  #setIsaPin(irq: number, level: boolean): void {
    const { state, functions } = this.#core;
    const enabled = state.get('flags') & FLAG_INTERRUPT;
    state.set('flags', state.get('flags') & ~FLAG_INTERRUPT);
    if (level) functions.device_raise_irq(irq);
    else functions.device_lower_irq(irq);
    state.set('flags', state.get('flags') | enabled);
  }

  /**
   * As `device_raise_irq` has it for the pins it knows. An entry that is level-triggered and not acknowledged yet is looked
   * at again by the core itself, when the guest acknowledges it.
   */
  #setIoApicPin(pin: number, level: boolean): void {
    const words = this.#words(this.#ioApic, IOAPIC.level + 1);
    const bit = 1 << pin;
    const levels = words[IOAPIC.level] ?? 0;
    if (((levels & bit) !== 0) === level) return;
    words[IOAPIC.level] = levels ^ bit;
    const entry = words[IOAPIC.redirection + pin] ?? 0;
    const levelTriggered = (entry & ENTRY.levelTriggered) !== 0;
    const masked = (entry & ENTRY.masked) !== 0;
    const irr = words[IOAPIC.irr] ?? 0;
    if (!level) {
      if (levelTriggered) words[IOAPIC.irr] = irr & ~bit;
      return;
    }
    if (masked) {
      if (levelTriggered) words[IOAPIC.irr] = irr | bit;
      return;
    }
    if (levelTriggered) {
      words[IOAPIC.irr] = irr | bit;
      words[IOAPIC.redirection + pin] = entry | ENTRY.remoteIrr;
      if ((entry & ENTRY.remoteIrr) !== 0) return;
    }
    if (DELIVERS_VECTOR.includes(entry & ENTRY.delivery)) this.#request(entry & ENTRY.vector, levelTriggered);
  }

  #request(vector: number, levelTriggered: boolean): void {
    if (vector < FIRST_VECTOR) return;
    const words = this.#words(this.#localApic, LOCAL_APIC.tmr + 8);
    const word = vector >>> 5;
    const bit = 1 << (vector & 31);
    const irr = words[LOCAL_APIC.irr + word] ?? 0;
    if ((irr & bit) !== 0) return;
    words[LOCAL_APIC.irr + word] = irr | bit;
    const tmr = words[LOCAL_APIC.tmr + word] ?? 0;
    words[LOCAL_APIC.tmr + word] = levelTriggered ? tmr | bit : tmr & ~bit;
  }

  #words(address: number, count: number): Int32Array {
    return new Int32Array(this.#core.memory.buffer, address, count);
  }
}

import type { Doorbell, DoorbellPort } from '../../../devices/ports.ts';

interface Binding {
  readonly bell: Doorbell;
  readonly ring: () => void;
  rung: boolean;
}

/**
 * Doorbells as a look-up before the bus. A write only notes that a bell was rung: the device works when the CPU is between
 * two instructions, since within one it must not be interrupted and guest memory is not to change.
 */
export class SoftwareDoorbells implements DoorbellPort {
  readonly #bindings = { mmio: new Map<number, Binding[]>(), pio: new Map<number, Binding[]>() };
  #rung: Binding[] = [];

  bind(bell: Doorbell, ring: () => void): () => void {
    const bindings = this.#bindings[bell.space];
    const binding: Binding = { bell, ring, rung: false };
    bindings.set(bell.address, [...(bindings.get(bell.address) ?? []), binding]);
    return () => {
      const rest = (bindings.get(bell.address) ?? []).filter((other) => other !== binding);
      if (rest.length === 0) bindings.delete(bell.address);
      else bindings.set(bell.address, rest);
      binding.rung = false;
    };
  }

  /** Rings what is bound to this write; false when nothing is. Several writes before `answer` ring once. */
  write(space: 'mmio' | 'pio', address: number, width: number, value: number): boolean {
    const found = this.#bindings[space].get(address);
    if (found === undefined) return false;
    let taken = false;
    for (const binding of found) {
      const { bell } = binding;
      if (bell.width !== 0 && bell.width !== width) continue;
      if (bell.datamatch !== undefined && bell.datamatch !== value) continue;
      taken = true;
      if (binding.rung) continue;
      binding.rung = true;
      this.#rung.push(binding);
    }
    return taken;
  }

  /** Forgets what is bound and what was rung. */
  clear(): void {
    this.#bindings.mmio.clear();
    this.#bindings.pio.clear();
    this.#rung = [];
  }

  /** Whether a bell was rung since `answer`. */
  get waiting(): boolean {
    return this.#rung.length > 0;
  }

  /** Has the devices do what was announced. */
  answer(): void {
    const rung = this.#rung;
    if (rung.length === 0) return;
    this.#rung = [];
    for (const binding of rung) {
      if (!binding.rung) continue;
      binding.rung = false;
      binding.ring();
    }
  }
}

/** Configuration mechanism #1: two ports through which software reaches configuration space. */
import type { ConfigAccess, EventPort } from '../events.ts';
import type { AccessWidth, BusTarget } from '../ports.ts';
import type { PciBus } from './pci-bus.ts';

/** First port of the mechanism; CONFIG_DATA follows at 0xCFC. @spec PCI Local Bus 3.0 §3.2.2.3.2 Software Generation of Configuration Transactions */
export const CONFIG_ADDRESS_PORT = 0xcf8;

/** Number of ports from `CONFIG_ADDRESS_PORT` on. */
export const CONFIG_PORTS_LENGTH = 8;

const CONFIG_DATA = 4;
const RESET_CONTROL = 1;
const ENABLE = 0x8000_0000;

/** Ones in `width` bytes: what a read that no function answers gives. */
function ones(width: number): number {
  return 2 ** (8 * width) - 1;
}

/** What the mechanism may have beside the bus. */
export interface ConfigMechanismParts {
  /** Answers bytes at 0xCF9. */
  readonly resetControl?: BusTarget;
  readonly events?: EventPort | undefined;
}

/**
 * The ports 0xCF8 to 0xCFF. CONFIG_ADDRESS takes whole dwords only; other accesses to it are not its own and reach
 * `resetControl` when they are bytes at 0xCF9, where chipsets of the time put that register.
 *
 * CONFIG_DATA takes every width at every offset. The byte is chosen by the port or by the two low bits of
 * CONFIG_ADDRESS, since there is software that does it either way.
 *
 * @spec PCI Local Bus 3.0 §3.2.2.3.2 Software Generation of Configuration Transactions
 */
export class ConfigMechanism1 implements BusTarget {
  readonly name = 'pci-config';
  readonly #bus: PciBus;
  readonly #resetControl: BusTarget | undefined;
  readonly #events: EventPort | undefined;
  #address = 0;

  constructor(bus: PciBus, { resetControl, events }: ConfigMechanismParts = {}) {
    this.#bus = bus;
    this.#resetControl = resetControl;
    this.#events = events;
  }

  read(offset: number, width: AccessWidth): number {
    if (offset === 0 && width === 4) return this.#address;
    if (offset === RESET_CONTROL && width === 1) return this.#resetControl?.read(0, 1) ?? ones(1);
    if (offset < CONFIG_DATA) return ones(width);
    const value = this.#target()?.readConfig(this.#register(offset), width) ?? ones(width);
    this.#events?.emit('config-read', this.#access(offset, width, value));
    return value;
  }

  write(offset: number, width: AccessWidth, value: number): void {
    if (offset === 0 && width === 4) this.#address = value;
    else if (offset === RESET_CONTROL && width === 1) this.#resetControl?.write(0, 1, value);
    else if (offset >= CONFIG_DATA) {
      const write = () => this.#target()?.writeConfig(this.#register(offset), width, value);
      if (this.#events === undefined) write();
      else this.#events.causing(this.#events.emit('config-write', this.#access(offset, width, value)), write);
    }
  }

  /** Back to power-on. */
  reset(): void {
    this.#address = 0;
  }

  /** An access to CONFIG_DATA, for a trace. */
  #access(offset: number, width: number, value: number): ConfigAccess {
    const register = this.#register(offset);
    const text = this.#target()?.explainConfig(register, width, value) ?? 'no such function';
    return {
      slot: (this.#address >>> 11) & 0x1f,
      function: (this.#address >>> 8) & 7,
      offset: register,
      width,
      value,
      text,
    };
  }

  #register(offset: number): number {
    return (this.#address & 0xff) | (offset & 3);
  }

  #target() {
    const [enabled, bus] = [this.#address >= ENABLE, (this.#address >>> 16) & 0xff];
    if (!enabled || bus !== 0) return undefined;
    return this.#bus.at((this.#address >>> 11) & 0x1f, (this.#address >>> 8) & 7);
  }
}

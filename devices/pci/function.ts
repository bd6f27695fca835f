/** One PCI function: its configuration space and what follows from writes to it. */
import type { RegisterBank } from '../../bytes/register-bank.ts';
import type { EventPort } from '../events.ts';
import type { InterruptLine } from '../ports.ts';
import { type Bar, type BarBuses, BarSet } from './bars.ts';
import { type ConfigBank, type PciCapability, placeCapabilities } from './capabilities.ts';
import { COMMAND, configHeader, type HeaderOwner, MULTI_FUNCTION, STATUS } from './config-header.ts';

/** What a function says it is. @spec PCI Local Bus 3.0 §6.2.1 Device Identification */
export interface PciIdentity {
  readonly vendorId: number;
  readonly deviceId: number;
  readonly revision: number;
  /** 24 bits: base class, sub-class, programming interface. */
  readonly classCode: number;
  readonly subsystemVendorId: number;
  readonly subsystemId: number;
}

/** What a function is made of. */
export interface PciFunctionParts {
  /** Name for traces and error messages. */
  readonly name: string;
  readonly identity: PciIdentity;
  /** 1 INTA to 4 INTD; none by default. */
  readonly interruptPin?: 1 | 2 | 3 | 4;
  readonly bars?: readonly Bar[];
  readonly capabilities?: readonly PciCapability[];
  readonly events?: EventPort | undefined;
  /** Told after each write to the command register. */
  readonly commandChanged?: () => void;
  /** Puts the device behind the function back to power-on; called by `reset` after configuration space is. */
  readonly reset?: () => void;
}

/** What a bus gives a function that is plugged into it. */
export interface PciAttachment extends BarBuses {
  /** Where the interrupt pin is wired to. */
  readonly interrupt: InterruptLine;
  /** A range stopped answering, so another function's may now be mapped. */
  readonly rangeFreed: () => void;
}

const CONFIG_DWORDS = 0x40;

/** A function of a device on a PCI bus. Configuration space has 256 bytes; bytes without a register read 0. */
export class PciFunction {
  readonly name: string;
  /** 0 none, 1 INTA to 4 INTD. */
  readonly interruptPin: number;
  readonly #parts: PciFunctionParts;
  readonly #bars: BarSet;
  readonly #header: RegisterBank<HeaderOwner>;
  /** For each dword of configuration space the bank that holds it. */
  readonly #banks: ({ readonly offset: number; readonly bank: ConfigBank } | undefined)[];
  #attachment: PciAttachment | undefined;
  #level = false;

  /** @throws Error when BARs or capabilities contradict each other: our bug. */
  constructor(parts: PciFunctionParts) {
    const { identity, bars = [], capabilities = [] } = parts;
    this.name = parts.name;
    this.interruptPin = parts.interruptPin ?? 0;
    this.#parts = parts;
    this.#bars = new BarSet(bars, parts.events);
    const { first, placed } = placeCapabilities(capabilities);
    const owner: HeaderOwner = {
      readBar: (index) => this.#bars.read(index),
      writeBar: (index, value) => this.#freed(this.#bars.write(index, value)),
      commandWritten: (command) => this.#commandWritten(command),
    };
    this.#header = configHeader.instance(owner, {
      vendor_id: identity.vendorId,
      device_id: identity.deviceId,
      revision_id: identity.revision,
      programming_interface: identity.classCode & 0xff,
      sub_class: (identity.classCode >> 8) & 0xff,
      base_class: identity.classCode >> 16,
      subsystem_vendor_id: identity.subsystemVendorId,
      subsystem_id: identity.subsystemId,
      interrupt_pin: this.interruptPin,
      capabilities_pointer: first,
      status: first === 0 ? 0 : STATUS.capabilitiesList,
    });
    this.#banks = new Array(CONFIG_DWORDS).fill(undefined);
    for (const region of [{ offset: 0, bank: this.#header }, ...placed]) {
      this.#banks.fill(region, region.offset / 4, (region.offset + region.bank.length) / 4);
    }
  }

  /** The ranges it decodes. */
  get bars(): readonly Bar[] {
    return this.#bars.bars;
  }

  /** Whether it may reach memory and send messages. */
  get busMaster(): boolean {
    return (this.#header.get('command') & COMMAND.busMaster) !== 0;
  }

  /** Plugs it in. Called by the bus, once. */
  attach(attachment: PciAttachment): void {
    this.#attachment = attachment;
    this.#bars.attach(attachment);
  }

  /** Maps ranges that could not be mapped before, because another function answered there. Called by the bus. */
  retryRanges(): void {
    this.#bars.retry();
  }

  /** Says in the header that the device has further functions. Called by the bus on function 0. */
  markMultiFunction(): void {
    this.#header.set('header_type', MULTI_FUNCTION);
  }

  /** Reads configuration space: `width` 1, 2 or 4; bytes past its end read 0. */
  readConfig(offset: number, width: number): number {
    if (crossesDword(offset, width)) {
      const half = width / 2;
      return this.readConfig(offset, half) + this.readConfig(offset + half, half) * 2 ** (8 * half);
    }
    const region = this.#banks[offset >> 2];
    return region?.bank.read(offset - region.offset, width) ?? 0;
  }

  /** Writes configuration space. */
  writeConfig(offset: number, width: number, value: number): void {
    if (crossesDword(offset, width)) {
      const half = width / 2;
      this.writeConfig(offset, half, value % 2 ** (8 * half));
      this.writeConfig(offset + half, half, Math.floor(value / 2 ** (8 * half)));
      return;
    }
    const region = this.#banks[offset >> 2];
    const outcome = region?.bank.write(offset - region.offset, width, value);
    if (outcome !== 'ok') this.#parts.events?.emit('write-refused', { block: 'config_space', offset, width, value });
  }

  /** What an access to configuration space touches, for a trace. */
  explainConfig(offset: number, width: number, value: number): string {
    const region = this.#banks[offset >> 2];
    return region?.bank.explain(offset - region.offset, width, value) ?? `nothing at 0x${offset.toString(16)}`;
  }

  /**
   * Raises or lowers the interrupt pin; the command register may keep it off the bus.
   *
   * @spec PCI Local Bus 3.0 §6.2.3 Device Status
   */
  setInterrupt(level: boolean): void {
    if (level === this.#level) return;
    this.#level = level;
    this.#parts.events?.emit('pin', { level: level ? 1 : 0 });
    const status = this.#header.get('status') & ~STATUS.interrupt;
    this.#header.set('status', level ? status | STATUS.interrupt : status);
    this.#driveInterrupt();
  }

  /** Back to power-on: configuration space, mappings, interrupt pin, and the device behind it. */
  reset(): void {
    const headerType = this.#header.get('header_type');
    this.#bars.reset();
    for (const region of new Set(this.#banks)) region?.bank.reset();
    this.#header.set('header_type', headerType);
    this.#level = false;
    this.#driveInterrupt();
    this.#parts.commandChanged?.();
    this.#parts.reset?.();
  }

  #commandWritten(command: number): void {
    const freed = this.#bars.decode((command & COMMAND.io) !== 0, (command & COMMAND.memory) !== 0);
    this.#freed(freed);
    this.#driveInterrupt();
    this.#parts.commandChanged?.();
  }

  #freed(freed: boolean): void {
    if (freed) this.#attachment?.rangeFreed();
  }

  #driveInterrupt(): void {
    const disabled = (this.#header.get('command') & COMMAND.interruptDisable) !== 0;
    this.#attachment?.interrupt.set(this.#level && !disabled);
  }
}

function crossesDword(offset: number, width: number): boolean {
  return (offset & 3) + width > 4;
}

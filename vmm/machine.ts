/**
 * The machine: buses, platform devices and PCI functions wired to an accelerator. It knows no file, no option and no
 * host; it loads in a browser as well.
 */
import { Bus } from '../devices/bus.ts';
import { assignBars, type BarAssignment } from '../devices/pci/assign-bars.ts';
import { ConfigMechanism1 } from '../devices/pci/config-mechanism.ts';
import { hostBridge } from '../devices/pci/host-bridge.ts';
import { PciBus } from '../devices/pci/pci-bus.ts';
import { pvpanic } from '../devices/pci/pvpanic.ts';
import { Cmos } from '../devices/platform/cmos.ts';
import { pm1ControlPort, resetControlPort, systemControlA } from '../devices/platform/control-ports.ts';
import { FwCfg } from '../devices/platform/fw-cfg.ts';
import { I8042 } from '../devices/platform/i8042.ts';
import { postCodePort } from '../devices/platform/odd-ports.ts';
import { SerialPort } from '../devices/platform/serial.ts';
import type {
  AccessWidth,
  BusTarget,
  Defer,
  DeviceTrace,
  HoldCpu,
  MachineControl,
  Resettable,
} from '../devices/ports.ts';
import type { AccessHandler, DeviceHost } from './accelerator.ts';
import type { MachineDevice } from './machine-device.ts';
import {
  FIRST_PCI_GSI,
  ISA_IRQS,
  type MemoryMap,
  PCI_GSIS,
  type PciInterrupt,
  PORTS,
  type PortRange,
  pciInterruptGsi,
  pciInterrupts,
  REGIONS,
} from './memory-map.ts';
import { wantedSlots } from './pci-places.ts';
import { type ByMmio, type PluggedDevice, plugVirtio } from './plug-virtio.ts';

const PORT_SPACE = 0x1_0000;
/** Physical addresses of an x86-64 CPU have at most 52 bits. @spec Intel SDM vol. 3 §4.1.4 Enumeration of Paging Features by CPUID */
const MEMORY_SPACE = 2 ** 52;

/** What a machine is wired to. */
export interface MachineOptions {
  readonly map: MemoryMap;
  readonly devices: readonly MachineDevice[];
  /** How those are plugged in that are not on the PCI bus; absent where all are. */
  readonly byMmio?: ByMmio | undefined;
  /** CPUs, 1 unless given. */
  readonly cpus?: number;
  /** False leaves PCI as it is at power-on: no BAR has an address. True unless given. */
  readonly assignBars?: boolean;
  /** Takes bytes the guest sent to its first serial port; false asks for a pause until `serial.resumeOutput`. */
  readonly onConsole: (bytes: Uint8Array) => boolean;
  /** The first serial port has room for input again. */
  readonly onConsoleReady: () => void;
  readonly control: MachineControl;
  readonly defer: Defer;
  readonly trace?: DeviceTrace | undefined;
}

/** A PC with one serial port, a PCI bus, and virtio devices on it or by MMIO. */
export class Machine implements AccessHandler {
  readonly ports: Bus;
  readonly mmio: Bus;
  readonly pci: PciBus;
  readonly serial: SerialPort;
  /** Where each BAR was put before the kernel starts; empty where none was. */
  readonly bars: readonly BarAssignment[];
  /** How the interrupt pins of all functions are wired, for the tables a kernel reads. */
  readonly pciInterrupts: readonly PciInterrupt[];
  readonly #devices: readonly MachineDevice[];
  /** Those of `#devices`, plugged in. */
  #virtio: readonly PluggedDevice[] = [];
  readonly #platform: Resettable[] = [];
  readonly #assignsBars: boolean;
  /** What the CPU whose write is being answered waits for. */
  #hold: Promise<void> | undefined;

  /** Throws UsageError where devices cannot have the places they ask for. */
  constructor(accelerator: DeviceHost, options: MachineOptions) {
    this.#devices = options.devices;
    this.ports = new Bus('ports', PORT_SPACE);
    this.mmio = new Bus('mmio', MEMORY_SPACE);
    this.serial = new SerialPort({
      line: accelerator.line(ISA_IRQS.com1),
      defer: options.defer,
      transmit: options.onConsole,
      readyForInput: options.onConsoleReady,
    });
    this.pci = new PciBus({
      ports: this.ports,
      memory: this.mmio,
      interrupts: Array.from({ length: PCI_GSIS }, (_, index) => accelerator.line(FIRST_PCI_GSI + index)),
      route: (slot, pin) => pciInterruptGsi(slot, pin) - FIRST_PCI_GSI,
      reserved: wantedSlots(options.devices),
    });
    this.#mapPlatform(accelerator, options);
    this.#plugFunctions(accelerator, options);
    this.pciInterrupts = pciInterrupts(this.pci.functions().map(({ slot }) => slot));
    this.#assignsBars = options.assignBars ?? true;
    this.bars = this.#assignBars();
  }

  read(space: 'pio' | 'mmio', address: number, width: AccessWidth): number {
    return (space === 'pio' ? this.ports : this.mmio).read(address, width);
  }

  write(space: 'pio' | 'mmio', address: number, width: AccessWidth, value: number): void {
    (space === 'pio' ? this.ports : this.mmio).write(address, width, value);
  }

  takeHold(): Promise<void> | undefined {
    const hold = this.#hold;
    this.#hold = undefined;
    return hold;
  }

  /**
   * Resolves when no device touches guest memory any more, and none has a request under way. Rejects, after all have been
   * waited for, with what kept one from it.
   */
  async quiesce(): Promise<void> {
    this.serial.flush();
    for (const { interrupt } of this.#devices) interrupt?.();
    await allEnded(this.#virtio.map(({ device }) => device.reset()));
  }

  /**
   * Puts every device and PCI function back to power-on, as the reset line does, and the BARs where they were at first. RAM
   * keeps what it holds. Requests under way are ended; when it resolves, nothing of the life before touches guest memory any
   * more. No CPU may execute meanwhile. Rejects, after all the rest was done, with what kept a device from it.
   */
  async reset(): Promise<void> {
    for (const part of this.#platform) part.reset();
    this.pci.reset();
    for (const { reset } of this.#virtio) reset?.();
    this.#assignBars();
    this.#hold = undefined;
    await allEnded(this.#virtio.map(({ drained }) => drained()));
  }

  #assignBars(): readonly BarAssignment[] {
    if (!this.#assignsBars) return [];
    return assignBars(this.pci, { io: PORTS.pciIo, memory: REGIONS.pciMmio }, { interruptLine: pciInterruptGsi });
  }

  #mapPlatform(accelerator: DeviceHost, { map, control, cpus = 1, trace }: MachineOptions): void {
    const keyboard = new I8042({ control, line: accelerator.line(ISA_IRQS.keyboard) });
    const [low, high] = map.ram;
    const cmos = new Cmos({ clock: accelerator.clock, lowMemory: low?.length ?? 0, highMemory: high?.length ?? 0 });
    const [postCode, controlA, resetControl] = [postCodePort(), systemControlA(control), resetControlPort(control)];
    const fwCfg = new FwCfg({ memory: map.memory, cpus });
    const configuration = new ConfigMechanism1(this.pci, { resetControl, events: trace?.events?.of('pci') });
    this.#platform.push(this.serial, keyboard, cmos, postCode, controlA, resetControl, configuration, fwCfg);
    const targets: readonly (readonly [PortRange, BusTarget])[] = [
      [PORTS.com1, this.serial],
      [PORTS.keyboardData, keyboard.dataPort],
      [PORTS.keyboardCommand, keyboard.commandPort],
      [PORTS.cmos, cmos],
      [PORTS.postCode, postCode],
      [PORTS.systemControlA, controlA],
      [PORTS.fwCfg, fwCfg],
      [PORTS.pm1aControl, pm1ControlPort(this.#switchingOff(control))],
      [PORTS.pciConfig, configuration],
    ];
    for (const [range, target] of targets) {
      if (this.ports.map(range.base, range.length, target) === undefined)
        throw new Error(`${target.name}: its ports are taken`);
    }
  }

  #holdCpu(until: Promise<void>): void {
    const before = this.#hold;
    this.#hold = before === undefined ? until : before.then(() => until);
  }

  /** A guest that has switched its machine off executes nothing more, however long it takes until the machine is gone. */
  #switchingOff(control: MachineControl): MachineControl {
    return {
      request: (what, source) => {
        this.#holdCpu(FOR_GOOD);
        control.request(what, source);
      },
    };
  }

  #plugFunctions(accelerator: DeviceHost, { devices, control, defer, trace, byMmio }: MachineOptions): void {
    this.pci.attach(hostBridge(), 0);
    this.pci.attach(pvpanic(control));
    const holdCpu: HoldCpu = (until) => this.#holdCpu(until);
    const { pci, mmio } = this;
    this.#virtio = plugVirtio(devices, { accelerator, pci, mmio, defer, holdCpu, trace, byMmio });
  }
}

/** Never settles. */
const FOR_GOOD = new Promise<void>(() => {});

/** Waits for all, then rejects with the first failure. */
async function allEnded(ends: readonly Promise<void>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(ends)) if (outcome.status === 'rejected') throw outcome.reason;
}
